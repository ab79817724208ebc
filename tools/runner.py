"""The one place where tools are run: contract, time limit, retries, typed outcome."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from dxtrace.clinical import (
    Artifact,
    Case,
    Concept,
    Finding,
    Outcome,
    QuotedPassage,
    SimilarCase,
    Source,
    ToolCall,
)
from dxtrace.clinical.base import Frozen
from dxtrace.clinical.volume import Mask
from dxtrace.retrieval.guidelines.citation import QuotationError, verify_quotation
from expert_models import Arguments, ExpertOutput, ModelCard
from tools.artifacts import ArtifactStore
from tools.calling import Kind, call_tool
from tools.keeping import Keeper, Kept, keep_marks, with_evidence
from tools.marks import (
    Loader,
    OutputError,
    SourceVolumes,
    check_masks,
    load_series,
    measure_findings,
)
from tools.tool import BUILT_IN, NO_ARGUMENTS, Tool

ATTEMPTS = 2
_CALL_DIGITS = 8
_OUTCOMES: dict[Kind, Outcome] = {
    "again": Outcome.FAILED,
    "refused": Outcome.ABSTAINED,
    "missing": Outcome.UNAVAILABLE,
    "broken": Outcome.FAILED,
    "late": Outcome.TIMED_OUT,
}


class ToolRun(Frozen):
    """A finished call: how it ended, and what it found if it went well.

    Attributes:
        call: name, outcome, seconds, reason.
        findings: only for the outcome ``ok``; no other outcome says anything about the patient.
        artifacts: the files that it left in the output folder.
        similar: cases that it calls similar; they are no findings and never become any.
        order: position of the call in the plan.
    """

    call: ToolCall
    findings: tuple[Finding, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    similar: tuple[SimilarCase, ...] = ()
    order: int = 0


@dataclass(frozen=True)
class _Ending:
    outcome: Outcome
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    kept: Kept = field(default_factory=Kept)
    passages: tuple[QuotedPassage, ...] = ()
    similar: tuple[SimilarCase, ...] = ()


@dataclass(frozen=True)
class _Surroundings:
    store: ArtifactStore | None
    concepts: Mapping[str, Concept]
    load: Loader
    arguments: Arguments


def run_tool(
    tool: Tool,
    case: Case,
    arguments: Arguments = NO_ARGUMENTS,
    *,
    order: int = 0,
    store: ArtifactStore | None = None,
    concepts: Mapping[str, Concept] | None = None,
    load: Loader = load_series,
) -> ToolRun:
    """Run a tool on a case. Whatever happens becomes a typed outcome.

    Masks are checked against their images and measured, the same way for every expert.

    Args:
        tool: the tool.
        case: the case.
        arguments: what it is asked for; what its card does not take is refused before the call.
        order: position of the call in the plan.
        store: where masks and pictures go; None keeps none.
        concepts: the vocabulary: what is measured of a concept, its name and codes.
        load: reads the pixels of a series that masks lie on.
    """
    started = time.perf_counter()
    refusal = tool.applicable(case, arguments)
    if refusal is not None:
        ending = _Ending(Outcome.NOT_APPLICABLE, refusal)
    else:
        ending = _attempt(tool, case, _Surroundings(store, concepts or {}, load, arguments))
    seconds = round(time.perf_counter() - started, 4)
    call = ToolCall(
        name=tool.card.name, outcome=ending.outcome, seconds=seconds, reason=ending.reason,
        notes=tuple(ending.kept.notes), arguments=arguments, passages=ending.passages,
    )  # fmt: skip
    return ToolRun(
        call=call, findings=ending.findings, artifacts=tuple(ending.kept.artifacts),
        similar=ending.similar, order=order,
    )  # fmt: skip


def _attempt(tool: Tool, case: Case, around: _Surroundings) -> _Ending:
    ending = call_tool(tool, case, around.arguments)
    for _ in range(1, ATTEMPTS):
        if ending.kind == "again":
            ending = call_tool(tool, case, around.arguments)
    if ending.kind == "ok":
        volumes = SourceVolumes(tool.card, case, around.load)
        try:
            findings = _validated(tool, ending.found)
            return _completed(tool.card, ending.found, findings, volumes, around)
        except OutputError as error:
            return _Ending(Outcome.FAILED, str(error))
    tried = f" (tried {ATTEMPTS} times)" if ending.kind == "again" else ""
    return _Ending(_OUTCOMES[ending.kind], f"{ending.reason}{tried}")


def _validated(tool: Tool, output: ExpertOutput) -> tuple[Finding, ...]:
    """Refuse what is no finding and what the card does not promise; weigh experts as tools."""
    findings = output.findings
    strange = [type(f).__name__ for f in findings if not isinstance(f, Finding)]
    if strange:
        raise OutputError(f"expected findings, got {strange[0]}")
    produces = tool.card.produces
    if "*" not in produces:
        foreign = sorted({f.concept for f in findings} - set(produces))
        if foreign:
            raise OutputError(f"reported {', '.join(foreign)}, which its card does not name")
    if tool.origin != BUILT_IN:
        # Only our own readers may speak for the report or the record.
        findings = tuple(f.model_copy(update={"source": Source.TOOL}) for f in findings)
    return findings


def _completed(
    card: ModelCard,
    output: ExpertOutput,
    findings: tuple[Finding, ...],
    volumes: SourceVolumes,
    around: _Surroundings,
) -> _Ending:
    """Check and measure masks, keep them, and name in each finding what it rests on."""
    masks = _checked(output, findings, volumes)
    findings, unmeasured = measure_findings(findings, masks, volumes, around.concepts)
    kept = Kept()
    if masks and around.store is not None:
        keeper = Keeper(around.store, around.concepts, _call_name(around.arguments))
        kept = keep_marks(card, masks, findings, volumes, keeper)
    passages = tuple(p for p in output.passages if _is_verified(p))
    lost = len(output.passages) - len(passages)
    unverified = [f"{lost} quotation(s) left out: their passage does not say so"] if lost else []
    kept.notes[:0] = [*output.notes, *volumes.notes, *unmeasured, *unverified]
    weights = card.weights_sha256
    if "image" in card.accepts:
        findings = tuple(
            with_evidence(
                finding,
                card,
                [
                    path
                    for mask in masks
                    if mask.finding == finding.id and (path := kept.mask_path(mask.name))
                ],
                weights,
            )
            for finding in findings
        )
    return _Ending(
        Outcome.OK, findings=findings, kept=kept, passages=passages, similar=_similar(output)
    )


def _is_verified(passage: QuotedPassage) -> bool:
    """Whether the quoted words stand where the citation says, character for character."""
    try:
        verify_quotation(passage.citation.text, passage.quote, passage.span)
    except QuotationError:
        return False
    return True


def _similar(output: ExpertOutput) -> tuple[SimilarCase, ...]:
    strange = [type(s).__name__ for s in output.similar if not isinstance(s, SimilarCase)]
    if strange:
        raise OutputError(f"expected similar cases, got {strange[0]}")
    return output.similar


def _checked(
    output: ExpertOutput, findings: tuple[Finding, ...], volumes: SourceVolumes
) -> tuple[Mask, ...]:
    try:
        return check_masks(output.masks, findings, volumes)
    except OutputError:
        raise
    except Exception as error:
        raise OutputError(f"its masks cannot be laid on their image: {error}") from error


def _call_name(arguments: Arguments) -> str:
    """A short name for what was asked; empty if nothing was."""
    asked = arguments.model_dump_json().encode()
    return hashlib.sha256(asked).hexdigest()[:_CALL_DIGITS] if arguments else ""
