"""Whether an expert keeps its promises: its card, its contract, a call through the real runner."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from dxtrace.clinical import Case, Concept, Outcome
from expert_models import ModelCard
from expert_models.card import EMBEDDING
from tools.artifacts import ArtifactStore
from tools.phantom_case import phantom_arguments, phantom_case
from tools.runner import ToolRun, run_tool
from tools.tool import Tool

_STRANGE_MODALITY = "DXTRACE"
_SHOWN = 60
_SEARCHES = ("retrieval", "similar_cases", "differential", "exemplars")
"""Tasks of tools that find texts and cases, and nothing in the case itself."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        what: what was expected.
        passed: whether it was so.
        detail: what was found instead, or what a reader should know.
    """

    what: str
    passed: bool
    detail: str = ""


def check_tool(
    tool: Tool, concepts: Mapping[str, Concept], case: Case | None = None
) -> Iterator[Check]:
    """Check an expert as ``dxtrace experts check`` does.

    Args:
        tool: the expert as a tool.
        concepts: the vocabulary.
        case: a case to call it on; a phantom that fits its card if None.
    """
    yield from _check_card(tool.card, concepts)
    with tempfile.TemporaryDirectory(prefix="dxtrace-check-") as name:
        folder = Path(name)
        phantom = phantom_case(tool.card, folder)
        if tool.card.modalities and "image" in tool.card.accepts:
            yield _check_refusal(tool, phantom)
        yield from _check_calls(tool, concepts, case, phantom, folder)


def _check_card(card: ModelCard, concepts: Mapping[str, Concept]) -> Iterator[Check]:
    for field in ("title", "licence", "intended_use", "limits"):
        given = bool(str(getattr(card, field)).strip())
        yield Check(f"the card states {field.replace('_', ' ')}", given, "" if given else "empty")
    promised = bool(card.produces or card.marks) or card.task in (EMBEDDING, *_SEARCHES)
    yield Check("the card names what it produces or marks", promised, "" if promised else "neither")
    unknown = sorted(set(card.produces) - {"*"} - set(concepts))
    yield Check("the concepts it produces are in the vocabulary", not unknown, ", ".join(unknown))
    points = {point.concept for point in card.operating_points}
    foreign = sorted(points - set(card.produces))
    yield Check("operating points are of concepts it produces", not foreign, ", ".join(foreign))
    if "image" in card.accepts:
        stated = bool(card.modalities)
        yield Check("the card states modalities", stated, "" if stated else "any image would fit")
        yield _check_body_parts(card)


def _check_body_parts(card: ModelCard) -> Check:
    """A part in other words than intake uses fits only a case that states it in those words."""
    from dxtrace.intake.imaging.body_region import BODY_PARTS

    strange = sorted({part.lower() for part in card.body_parts} - BODY_PARTS)
    detail = f"{', '.join(strange)}; headers are read as {', '.join(sorted(BODY_PARTS))}"
    return Check(
        "body parts are in the words that headers are read as", not strange,
        detail if strange else "",
    )  # fmt: skip


def _check_refusal(tool: Tool, phantom: Case) -> Check:
    """An image of no known modality must be refused before the call."""

    def strange(case: Case) -> Case:
        series = case.studies[0].series[0]
        images = tuple(i.model_copy(update={"modality": _STRANGE_MODALITY}) for i in series.images)
        other = series.model_copy(update={"modality": _STRANGE_MODALITY, "images": images})
        study = case.studies[0].model_copy(update={"series": (other,)})
        return case.model_copy(update={"studies": (study,), "reports": ()})

    run = run_tool(tool, strange(phantom), phantom_arguments(tool.card))
    refused = run.call.outcome is Outcome.NOT_APPLICABLE
    return Check(
        "an image of another modality is refused before the call", refused,
        run.call.reason if refused else f"outcome {run.call.outcome}: {run.call.reason}",
    )  # fmt: skip


def _check_calls(
    tool: Tool, concepts: Mapping[str, Concept], given: Case | None, phantom: Case, folder: Path
) -> Iterator[Check]:
    case, words = (phantom, "the phantom") if given is None else (given, f"the case {given.id}")
    with _catching_output() as printed:
        first, second = (_called(tool, concepts, case, folder / str(n)) for n in (1, 2))
    yield _outcome(first, words, is_phantom=given is None)
    if first.call.outcome is Outcome.OK:
        found = sorted({f.concept for f in first.findings})
        yield Check(
            "findings name only concepts of the card", True,
            f"{len(first.findings)} findings{': ' if found else ''}{', '.join(found)}; "
            f"{sum(a.kind == 'mask' for a in first.artifacts)} masks",
        )  # fmt: skip
    same = _shown(first) == _shown(second)
    yield Check("a second call gives the same", same, "" if same else "findings or masks differ")
    shown = printed.decode("utf-8", "replace").strip()[:_SHOWN]
    yield Check("nothing is printed to standard output", not printed, shown and repr(shown))


def _called(tool: Tool, concepts: Mapping[str, Concept], case: Case, out: Path) -> ToolRun:
    store = ArtifactStore(out, case.id)
    arguments = phantom_arguments(tool.card)
    return run_tool(tool, case, arguments, store=store, concepts=concepts, reuse=False)


def _outcome(run: ToolRun, words: str, *, is_phantom: bool) -> Check:
    what = f"the call on {words} ends well"
    if run.call.outcome is Outcome.OK:
        return Check(what, True, f"{run.call.seconds:.1f} s")
    detail = f"{run.call.outcome}: {run.call.reason}"
    # No phantom is a patient: to say nothing about it is an honest answer.
    if is_phantom and run.call.outcome is Outcome.ABSTAINED:
        return Check(what, True, f"{detail}; give a CASE that it can say something about")
    return Check(what, False, detail)


def _shown(run: ToolRun) -> str:
    """What a call found, without what differs from call to call."""
    return json.dumps(
        [
            run.call.outcome,
            [f.model_dump(mode="json") for f in run.findings],
            sorted((a.path, a.sha256) for a in run.artifacts if a.kind == "mask"),
        ],
        sort_keys=True,
    )


@contextmanager
def _catching_output() -> Iterator[bytearray]:
    """What goes to standard output meanwhile, by whatever way; filled in at the end."""
    printed = bytearray()
    sys.stdout.flush()
    with tempfile.TemporaryFile() as caught:
        kept = os.dup(1)
        os.dup2(caught.fileno(), 1)
        try:
            # Python's own stream may be another one: a test's, or a notebook's.
            with os.fdopen(os.dup(1), "w") as stream, redirect_stdout(stream):
                yield printed
        finally:
            os.dup2(kept, 1)
            os.close(kept)
            caught.seek(0)
            printed += caught.read()
