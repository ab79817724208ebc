"""Somebody edits a trace and computes its hashes anew: what a replay finds, and what it cannot."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dxtrace.clinical import Trace
from dxtrace.intake import read_case
from graphs import replay, review_with_trace
from graphs.replaying import ReplayError
from tests.integration.conftest import EXAMPLES
from tests.unit.graphs.benches import report_case

CASE = report_case(
    "FINDINGS: CT chest. There is a 7 mm solid nodule in the right upper lobe. No effusion. "
    "IMPRESSION: Right pleural effusion.",
    patient={"age": 60, "risk_factors": []},
)


def forged(kind: str, change: Callable[[dict[str, Any]], None]) -> Trace:
    """The trace of the case with its last entry of a kind changed, and hashes that fit."""
    entries = review_with_trace(CASE).trace.entries
    last = max(e.seq for e in entries if e.kind == kind)
    trace = Trace("c-1")
    for entry in entries:
        data = json.loads(json.dumps(entry.data))
        if entry.seq == last:
            change(data)
        trace.append(entry.kind, data)
    trace.verify()
    return trace


def set_text(data: dict[str, Any]) -> None:
    data["text"] = "No follow-up is needed."


def set_value(data: dict[str, Any]) -> None:
    data["conclusions"][0]["value"] = "NO_ROUTINE_FOLLOWUP"


def set_reason(data: dict[str, Any]) -> None:
    data["conclusions"][0]["because"] = ["nothing"]


def drop_conclusions(data: dict[str, Any]) -> None:
    data["conclusions"] = []


def drop_contradictions(data: dict[str, Any]) -> None:
    data["contradictions"] = []


@pytest.mark.parametrize(
    ("kind", "change", "named"),
    [
        ("answer", set_text, "answer: text"),
        ("answer", set_value, "answer: fleischner.recommendation"),
        ("answer", set_reason, "answer: fleischner.recommendation"),
        ("answer", drop_conclusions, "answer: fleischner.recommendation"),
        ("check", set_reason, "answer: fleischner.recommendation"),
        ("check", drop_contradictions, "contradiction"),
    ],
)
def test_a_forged_answer_or_check_comes_out_differently(
    kind: str, change: Callable[[dict[str, Any]], None], named: str
) -> None:
    report = replay(forged(kind, change))
    assert named in {d.what for d in report.differences}
    assert all(d.recorded != d.now for d in report.differences)


def test_an_entry_that_dxtrace_never_writes_is_refused() -> None:
    with pytest.raises(ReplayError, match="cannot be repeated"):
        replay(forged("check", lambda data: data.update(claims=[{"claim": {}}])))


CASES = sorted(
    p.name for p in EXAMPLES.iterdir()
    if p.suffix == ".txt" or (p.is_dir() and p.name != "own-guideline")
)  # fmt: skip


@pytest.mark.parametrize("example", CASES)
def test_the_examples_come_out_as_recorded(example: str) -> None:
    trace = review_with_trace(read_case(Path(EXAMPLES / example)).case).trace
    report = replay(Trace.from_json(trace.to_json()))
    assert report.answered
    assert report.differences == ()
