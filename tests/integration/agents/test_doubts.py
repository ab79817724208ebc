"""A model that is not sure: asked several times, and asked the opposite."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dxtrace.clinical import Case, Report
from dxtrace.intake import read_case
from graphs.reviewing import ReviewRun, review_with_trace
from graphs.settings import Settings
from tests.integration.agents.conftest import Planners
from tests.openai_server import Reply

TEXT = "EXAM: Chest radiograph. FINDINGS: Moderate left pleural effusion. Heart size normal."
CASE = Case(id="c-1", reports=(Report(text=TEXT),), question="Is there a pleural effusion?")
TRUE = "There is a left pleural effusion."


def reviewed(planner: str, case: Case = CASE) -> ReviewRun:
    return review_with_trace(case, planner=planner, settings=Settings())


def test_answers_that_agree_are_given_and_their_tokens_counted(planners: Planners) -> None:
    with planners(lambda _: Reply(text=TRUE), samples=3) as (name, server):
        result = reviewed(name).result
    assert len(server.requests) == 3
    assert result.planner is not None
    assert [s.text for s in result.planner.sentences] == [TRUE]
    assert result.planner.tokens == 3 * 110


def test_the_same_claims_in_other_words_agree(planners: Planners) -> None:
    words = [TRUE, "A pleural effusion is seen on the left.", "There is a pleural effusion."]
    with planners(words, samples=3) as (name, _):
        result = reviewed(name).result
    assert result.planner is not None
    assert [s.text for s in result.planner.sentences] == [TRUE]


def test_a_disagreement_is_looked_up_once_and_then_not_said(planners: Planners) -> None:
    answers = [f"{TRUE} There is a rib fracture.", TRUE, f"{TRUE} No rib fracture."]
    words = itertools.cycle(answers)
    with planners(lambda _: next(words), samples=3) as (name, server):
        run = reviewed(name)
    assert "Asked several times, your answers disagree" in json.dumps(server.requests[3].body)
    plans = [e.data for e in run.trace.entries if e.kind == "plan"]
    assert any("its answers disagree" in plan["why"] for plan in plans)
    assert [t.name for t in run.result.tools] == ["report_reader", "guideline_search"]
    part = run.result.planner
    assert part is not None
    assert [s.text for s in part.sentences] == [TRUE]
    assert any("fracture" in p and "1 of 3 answers" in p for p in part.problems)
    assert "rib fracture" not in run.result.answer.text


def picture_case(folder: Path) -> Case:
    grey = np.linspace(0, 255, 64 * 64, dtype=np.uint8).reshape(64, 64)
    Image.fromarray(grey).save(folder / "film.png")
    case = read_case(folder / "film.png").case
    return case.model_copy(update={"question": "Is there a pneumothorax?"})


def says_yes(body: dict[str, Any]) -> Reply:
    text = json.dumps(body["messages"][-1])
    return Reply(text="Yes." if "with yes or no" in text else "There is a pneumothorax.")


def test_who_says_yes_to_both_says_nothing(planners: Planners, tmp_path: Path) -> None:
    with planners(says_yes) as (name, server):
        result = reviewed(name, picture_case(tmp_path)).result
    asked = [json.dumps(r.body["messages"][-1]) for r in server.requests]
    assert any("Is there pneumothorax?" in text for text in asked)
    assert any("Is pneumothorax absent?" in text for text in asked)
    assert result.planner is not None
    assert not result.planner.sentences
    assert any("it says yes to both" in p for p in result.planner.problems)
    assert result.answer.text.startswith("Undetermined")


def test_who_is_consistent_is_heard_and_marked(planners: Planners, tmp_path: Path) -> None:
    def says(body: dict[str, Any]) -> Reply:
        text = json.dumps(body["messages"][-1])
        if "with yes or no" not in text:
            return Reply(text="There is a pneumothorax.")
        return Reply(text="No." if "absent" in text else "Yes.")

    with planners(says) as (name, _):
        result = reviewed(name, picture_case(tmp_path)).result
    assert result.planner is not None
    (sentence,) = result.planner.sentences
    assert sentence.mark in ("unsupported", "consistent")
    assert result.answer.text.startswith("Undetermined")


def test_what_the_report_says_needs_no_opposite_question(planners: Planners) -> None:
    with planners(says_yes) as (name, server):
        reviewed(name)
    assert not any("with yes or no" in json.dumps(r.body) for r in server.requests)
