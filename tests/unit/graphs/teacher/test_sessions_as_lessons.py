"""Traces of sessions: the last question is the lesson, earlier answers bind it."""

import json
from pathlib import Path

import pytest

from dxtrace.clinical import Correction, Measurement
from graphs import Settings, review_with_trace
from graphs.reviewing import follow_up
from graphs.teacher.export import Exporter
from graphs.teacher.traced import conversation_of, traced_review
from tests.unit.graphs.teacher.conversations import case, teacher


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(checkpoints=tmp_path / "sessions.sqlite")


def test_earlier_answers_of_a_session_bind_the_last(settings: Settings) -> None:
    review_with_trace(case(), settings=settings)
    trace = follow_up("c-1", question="Is there a pleural effusion?", settings=settings).trace
    before, now = conversation_of(traced_review(trace)).exchanges
    assert (before.given, now.given) == (True, False)
    assert now.question == "Is there a pleural effusion?"
    reward = teacher().score(conversation_of(traced_review(trace)))
    assert len(reward.turns) == 1
    assert reward.total > 0.8
    (row,) = Exporter(form="sft").rows_of(trace)
    assert row["messages"][1]["content"].endswith("Question: Is there a pleural effusion?")


def test_a_corrected_finding_is_learned_as_corrected_and_by_nobody(settings: Settings) -> None:
    first = review_with_trace(case(), settings=settings)
    nodule = next(f.id for f in first.result.findings if f.concept == "pulmonary_nodule")
    size = Measurement(kind="diameter", value=12, unit="mm")
    correction = Correction(
        finding=nodule, by="Dr. Wirsing", why="Zweistein measured it", measurements=(size,)
    )
    trace = follow_up("c-1", corrections=[correction], settings=settings).trace
    assert len(conversation_of(traced_review(trace)).exchanges) == 1
    for form in ("sft", "dpo", "grpo"):
        written = json.dumps(list(Exporter(form=form).rows_of(trace)))  # type: ignore[arg-type]
        assert "12 mm" in written or '\\"value\\": 12' in written
        assert not [name for name in ("Wirsing", "Zweistein") if name in written]
