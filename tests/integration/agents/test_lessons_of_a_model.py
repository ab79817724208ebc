"""What is learned from a review that a model planned: its proved words, its calls, its mistakes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dxtrace.clinical import Trace
from graphs.reviewing import review_with_trace
from graphs.teacher import Teacher
from graphs.teacher.export import Exporter
from graphs.teacher.traced import conversation_of, traced_review
from tests.integration.agents.conftest import Planners
from tests.integration.agents.test_vlm_reviews import CASE, TALK

pytestmark = pytest.mark.slow


@pytest.fixture
def trace(planners: Planners) -> Trace:
    """A model calls an expert that there is not, says something false, and mends it."""
    with planners(TALK.in_dialect("tools"), "tools") as (name, _):
        return review_with_trace(CASE, planner=name).trace


def rows(trace: Trace, form: str, dialect: str = "tools") -> list[dict[str, Any]]:
    return list(Exporter(form=form, dialect=dialect).rows_of(trace))  # type: ignore[arg-type]


def test_its_calls_and_its_proved_sentences_are_the_lesson(trace: Trace) -> None:
    (row,) = rows(trace, "sft", "json")
    calls, answer = (m["content"] for m in row["messages"] if m["role"] == "assistant")
    (call,) = json.loads(calls)["calls"]
    assert call == {"expert": "guideline_search", "phrases": ["pleural effusion"]}
    said = [s["text"] for s in json.loads(answer)["answer"]]
    assert said == ["There is a left pleural effusion."]
    assert "oracle" not in json.dumps(row)


def test_what_the_checker_refused_is_rejected(trace: Trace) -> None:
    first = rows(trace, "dpo", "tokens")[0]
    assert first["origin"] == "revision"
    assert "There is a pneumothorax." in first["rejected"][0]["content"]
    assert "There is a left pleural effusion." in first["chosen"][0]["content"]
    assert "pneumothorax absent" in first["why"]


def test_its_last_words_are_scored(trace: Trace) -> None:
    reward = Teacher().score(conversation_of(traced_review(trace)))
    (turn,) = reward.turns
    proved, *drain = turn.statements
    assert (proved.text, proved.standing) == ("pleural effusion", "entailed")
    assert {s.standing for s in drain} == {"repeated", "unsupported"}
    unreadable = [c.tool for c in reward.judged_calls if c.standing == "unreadable"]
    assert any("there is no expert 'oracle'" in words for words in unreadable)
