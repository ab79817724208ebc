"""What is known of similar cases on its way through the graph: recorded, judged, never evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from dxtrace.clinical import (
    Claim,
    Differential,
    Source,
    Verdict,
    VerdictKind,
)
from tools import ToolRun


def analogy_record(run: ToolRun) -> dict[str, Any]:
    """What the trace keeps of a search for similar cases, beside how it ended."""
    record: dict[str, Any] = {}
    if run.similar:
        record["similar_cases"] = [case.model_dump(mode="json") for case in run.similar]
    if run.differential is not None:
        record["differential"] = run.differential.model_dump(mode="json")
    return record


def differential_of(runs: Iterable[ToolRun]) -> Differential | None:
    """The differential that the calls have brought, as yet unjudged."""
    return next((run.differential for run in runs if run.differential is not None), None)


def judge_differential(
    given: Differential | None, concepts: Iterable[str], check: Callable[[Claim], Verdict]
) -> Differential | None:
    """Give each candidate the verdict that this patient's own findings allow.

    Similar cases are no part of what ``check`` knows, so a candidate that is entailed is entailed
    by what was found in the patient. What is contradicted goes last.

    Args:
        given: the differential; None if nobody asked for one.
        concepts: keys of the vocabulary; a candidate beyond it bears on nothing.
        check: the checker over the patient's findings.
    """
    if given is None:
        return None
    known = frozenset(concepts)
    judged = [
        candidate.model_copy(
            update={
                "verdict": check(
                    Claim(
                        id=f"d{number}", kind="finding", concept=candidate.concept,
                        source=Source.PLANNER,
                    )
                ).kind
                if candidate.concept in known
                else VerdictKind.UNSUPPORTED
            }
        )
        for number, candidate in enumerate(given.candidates, start=1)
    ]  # fmt: skip
    judged.sort(key=lambda candidate: candidate.verdict is VerdictKind.CONTRADICTED)
    return given.model_copy(update={"candidates": tuple(judged)})
