"""Tricks do not pay in other fields either: each example case, its lesson against them."""

import json

import pytest

from dxtrace.clinical import Case, Report
from graphs import review_with_trace
from graphs.teacher import Conversation
from graphs.teacher.grounds import Grounds
from graphs.teacher.proved_statement import proved_statement
from graphs.teacher.settings import default_settings
from graphs.teacher.traced import conversation_of, traced_review
from graphs.workbench import default_workbench
from tests.integration.conftest import EXAMPLES
from tests.unit.graphs.teacher.conversations import teacher

LINES = [json.loads(line) for line in (EXAMPLES / "manifest.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("line", LINES, ids=lambda line: str(line["id"]))
def test_the_proved_lesson_earns_more_than_every_trick(line: dict[str, object]) -> None:
    reports = tuple(Report(text=r["text"]) for r in line.get("reports", ()))  # type: ignore[attr-defined]
    case = Case(
        id=str(line["id"]), question=line.get("question"), patient=line.get("patient", {}),
        reports=reports, packs=line.get("packs"),
    )  # fmt: skip
    review = traced_review(review_with_trace(case).trace)
    asked, bench = conversation_of(review), default_workbench()
    grounds = Grounds(bench, review.case, review.findings, review.packs)
    lesson = " ".join(
        s.text for s in proved_statement(grounds, review, default_settings()).sentences
    )
    names = [c.name.lower() for c in list(bench.knowledge.vocabulary.concepts.values())[::25]]
    outputs = [bench.knowledge.outputs[o][1] for o in grounds.question(case.question or "").outputs]
    every_value = " ".join(f"{o.title}: {v.key}." for o in outputs for v in o.values)
    tricks = [
        "", "Undetermined.", "Yes.", "No.", reports[0].text,
        " ".join(f"No {n}." for n in names), " ".join(f"Possible {n}." for n in names),
        every_value, f"{lesson} {every_value}", f"{lesson} " * 3,
        f"{lesson} {' '.join(f'No {n}.' for n in names)}",
        f"{lesson} {' '.join(f'Possible {n}.' for n in names)}",
        " ".join(f"Assumed: {n}." for n in names), f"What is the {', '.join(names)}?",
    ]  # fmt: skip

    def score(answer: str) -> float:
        said = asked.exchanges[0].model_copy(update={"answer": answer})
        return (
            teacher()
            .score(
                Conversation(
                    case=asked.case, findings=asked.findings, packs=asked.packs, exchanges=(said,)
                )
            )
            .total
        )

    best = score(lesson)
    assert best > 0.9
    assert max(map(score, tricks)) < best - 0.05
