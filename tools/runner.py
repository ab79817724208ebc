"""The one place where tools are run: contract, time limit, retries, typed outcome."""

import hashlib
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from dxtrace.clinical import (
    Artifact,
    Case,
    Concept,
    Differential,
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
from expert_models import Arguments, ExpertOutput
from tools.artifacts import ArtifactStore
from tools.calling import call_tool
from tools.cancellation import Cancellation
from tools.ending import Ending, Kind
from tools.follow_up import Marked, add_growth, case_of, current_day, earlier_study
from tools.keeping import Keeper, Kept, keep_marks, with_evidence
from tools.marks import (
    Loader,
    OutputError,
    SourceVolumes,
    check_masks,
    load_series,
    measure_findings,
)
from tools.result_cache import ResultCache, result_cache
from tools.result_key import result_key
from tools.structures import measure_structures
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
        differential: what such cases were thought to be; likewise.
        order: position of the call in the plan.
    """

    call: ToolCall
    findings: tuple[Finding, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    similar: tuple[SimilarCase, ...] = ()
    differential: Differential | None = None
    order: int = 0


@dataclass(frozen=True)
class _Ending:
    outcome: Outcome
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    kept: Kept = field(default_factory=Kept)
    from_cache: bool = False
    passages: tuple[QuotedPassage, ...] = ()
    similar: tuple[SimilarCase, ...] = ()
    differential: Differential | None = None


@dataclass(frozen=True)
class _Surroundings:
    store: ArtifactStore | None
    concepts: Mapping[str, Concept]
    load: Loader
    arguments: Arguments
    cancellation: Cancellation | None
    cache: ResultCache | None


def run_tool(  # noqa: PLR0913 - most have defaults, and none would be clearer in a bundle
    tool: Tool,
    case: Case,
    arguments: Arguments = NO_ARGUMENTS,
    *,
    order: int = 0,
    store: ArtifactStore | None = None,
    concepts: Mapping[str, Concept] | None = None,
    load: Loader = load_series,
    cancellation: Cancellation | None = None,
    reuse: bool = True,
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
        cancellation: ends the call when cancelled; an isolated expert is killed.
        reuse: whether the result of an earlier call that asked the same may be used.
    """
    started = time.perf_counter()
    refusal = tool.applicable(case, arguments)
    if refusal is not None:
        ending = _Ending(Outcome.NOT_APPLICABLE, refusal)
    else:
        cache = result_cache() if reuse else None
        around = _Surroundings(store, concepts or {}, load, arguments, cancellation, cache)
        ending = _attempt(tool, case, around)
    seconds = round(time.perf_counter() - started, 4)
    call = ToolCall(
        name=tool.card.name, outcome=ending.outcome, seconds=seconds, reason=ending.reason,
        notes=tuple(ending.kept.notes), arguments=arguments, from_cache=ending.from_cache,
        passages=ending.passages,
    )  # fmt: skip
    return ToolRun(
        call=call, findings=ending.findings, artifacts=tuple(ending.kept.artifacts),
        similar=ending.similar, differential=ending.differential, order=order,
    )  # fmt: skip


def _attempt(tool: Tool, case: Case, around: _Surroundings) -> _Ending:
    volumes = SourceVolumes(tool.card, case, around.load)
    answer = _asked(tool, volumes, around)
    ending = answer.ending
    if ending.kind != "ok":
        tried = f" (tried {ATTEMPTS} times)" if ending.kind == "again" else ""
        return _Ending(_OUTCOMES[ending.kind], f"{ending.reason}{tried}")
    try:
        marked, unmeasured = _marked(tool, ending.found, volumes, around)
        completed = _completed(tool, ending.found, marked, unmeasured, around)
    except OutputError as error:
        return _Ending(Outcome.FAILED, str(error))
    answer.keep(around)
    return replace(completed, from_cache=answer.from_cache)


@dataclass(frozen=True)
class _Answer:
    """What a tool returned, now or at an earlier call that asked the same."""

    ending: Ending
    key: str | None
    from_cache: bool = False

    def keep(self, around: _Surroundings) -> None:
        """Keep what was found to be in order, for the next call that asks the same."""
        if around.cache is not None and self.key is not None and not self.from_cache:
            around.cache.put(self.key, self.ending.found)


def _asked(tool: Tool, volumes: SourceVolumes, around: _Surroundings) -> _Answer:
    case = volumes.case
    key = result_key(tool, case, around.arguments) if around.cache is not None else None
    if around.cache is not None and key is not None:
        before = around.cache.get(key)
        if before is not None:
            return _Answer(Ending("ok", found=before), key, from_cache=True)
    return _Answer(_called(tool, case, volumes, around), key)


def _called(tool: Tool, case: Case, volumes: SourceVolumes, around: _Surroundings) -> Ending:
    if tool.card.isolated and "image" in tool.card.accepts:
        volumes.load_early()
    ending = call_tool(tool, case, around.arguments, around.cancellation)
    for _ in range(1, ATTEMPTS):
        if ending.kind == "again":
            ending = call_tool(tool, case, around.arguments, around.cancellation)
    return ending


def _validated(tool: Tool, output: ExpertOutput, *, named: Collection[str]) -> tuple[Finding, ...]:
    """Refuse what is no finding and what the card does not promise; weigh experts as tools.

    Args:
        tool: the tool.
        output: what it gave.
        named: concepts that the person who asks for the call names.
    """
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
        # Only our own readers may speak for the report or the record; of a person's word an expert
        # may pass on what that person has named.
        findings = tuple(
            f if f.source is Source.USER and f.concept in named
            else f.model_copy(update={"source": Source.TOOL})
            for f in findings
        )  # fmt: skip
    return findings


def _marked(
    tool: Tool, output: ExpertOutput, volumes: SourceVolumes, around: _Surroundings
) -> tuple[Marked, tuple[str, ...]]:
    """What was marked, checked and measured; and what could not be measured."""
    named = volumes.case.named_for(tool.card.name, around.arguments)
    findings = _validated(tool, output, named=named)
    masks = _checked(output, findings, volumes)
    findings, unmeasured = measure_findings(findings, masks, volumes, around.concepts)
    return Marked(findings, masks, volumes, current_day(volumes.case)), unmeasured


def _followed_up(
    tool: Tool, now: Marked, around: _Surroundings
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Ask the same of the newest earlier examination, where there are lesions to compare.

    Points and boxes belong to one picture: what they ask for is not asked of another.
    """
    case, asked = now.volumes.case, around.arguments
    study = earlier_study(tool.card, case)
    if study is None or asked.points or asked.boxes or not now.lesions(around.concepts):
        return now.findings, ()
    volumes = SourceVolumes(tool.card, case_of(case, study), around.load)
    answer = _asked(tool, volumes, around)
    then, failure = Marked((), (), volumes, study.day), answer.ending.reason
    if answer.ending.kind == "ok":
        try:
            then, _ = _marked(tool, answer.ending.found, volumes, around)
            answer.keep(around)
        except OutputError as error:
            failure = str(error)
    findings, notes = add_growth(now, then, around.concepts)
    said = (f"the earlier examination: {failure}",) if failure else ()
    return findings, (*said, *notes)


def _completed(
    tool: Tool,
    output: ExpertOutput,
    marked: Marked,
    unmeasured: tuple[str, ...],
    around: _Surroundings,
) -> _Ending:
    """Compare, measure structures, keep masks, and name in each finding what it rests on."""
    card, volumes = tool.card, marked.volumes
    findings, compared = _followed_up(tool, marked, around)
    masks, further = measure_structures(card, marked.masks, volumes)
    findings = (*findings, *further)
    kept = Kept()
    if masks and around.store is not None:
        keeper = Keeper(around.store, around.concepts, _call_name(around.arguments))
        kept = keep_marks(card, masks, findings, volumes, keeper)
    passages = tuple(_verified(p, tool) for p in output.passages)
    kept.notes[:0] = [*output.notes, *volumes.notes, *unmeasured, *compared]
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
        Outcome.OK, findings=findings, kept=kept, passages=passages, similar=_similar(output),
        differential=_differential(output),
    )  # fmt: skip


def _verified(passage: QuotedPassage, tool: Tool) -> QuotedPassage:
    """Hold the quoted words against the passage; what is not verified is marked with the reason.

    Only our own search gives passages as the documents of this machine have them.
    """
    why = "" if tool.origin == BUILT_IN else f"only {tool.card.name} says that it stands there"
    try:
        verify_quotation(passage.citation.text, passage.quote, passage.span)
    except QuotationError:
        why = "the cited passage does not say so"
    return passage.model_copy(update={"unverified": why})


def _similar(output: ExpertOutput) -> tuple[SimilarCase, ...]:
    strange = [type(s).__name__ for s in output.similar if not isinstance(s, SimilarCase)]
    if strange:
        raise OutputError(f"expected similar cases, got {strange[0]}")
    return output.similar


def _differential(output: ExpertOutput) -> Differential | None:
    given: object = output.differential
    if given is None or isinstance(given, Differential):
        return given
    raise OutputError(f"expected a differential, got {type(given).__name__}")


def _checked(
    output: ExpertOutput, findings: tuple[Finding, ...], volumes: SourceVolumes
) -> tuple[Mask, ...]:
    try:
        return check_masks(output.masks, findings, volumes)
    except OutputError:
        raise
    except Exception as error:  # an expert may give anything for a mask
        raise OutputError(f"its masks cannot be laid on their image: {error}") from error


def _call_name(arguments: Arguments) -> str:
    """A short name for what was asked; empty if nothing was."""
    asked = arguments.model_dump_json().encode()
    return hashlib.sha256(asked).hexdigest()[:_CALL_DIGITS] if arguments else ""
