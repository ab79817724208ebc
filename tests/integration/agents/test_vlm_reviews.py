"""A model behind a server as planner: the whole way, through every dialect."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from dxtrace.clinical import Case, Presence, Report, Trace
from graphs.reviewing import ReviewRun, review_with_trace
from graphs.settings import Settings
from tests.integration.agents.conftest import Planners
from tests.openai_server import Reply
from tests.unit.agents.vlm.conversations import Conversation, Said
from tools import Cancellation

DIALECTS = ("tools", "tokens", "json")
TEXT = (
    "EXAM: Chest radiograph. FINDINGS: Moderate left pleural effusion. No pneumothorax. "
    "Heart size normal."
)
CASE = Case(id="c-1", reports=(Report(text=TEXT),), question="Is there a pleural effusion?")
EFFUSION = {"concept": "pleural_effusion", "presence": "present", "laterality": "left"}
TALK = Conversation(
    [
        Said(calls=[("guideline_search", {"phrases": ["pleural effusion"]}), ("oracle", {})]),
        Said(
            answer=[
                ("There is a pneumothorax.", [{"concept": "pneumothorax", "presence": "present"}])
            ]
        ),
        Said(
            answer=[
                ("There is a left pleural effusion.", [{**EFFUSION, "findings": ["f2"]}]),
                ("The effusion needs a drain.", []),
            ]
        ),
    ]
)


def reviewed(planner: str, case: Case = CASE, **settings: Any) -> ReviewRun:
    return review_with_trace(case, planner=planner, settings=Settings(**settings))


def without_times(trace: Trace) -> list[tuple[str, Any]]:
    """What a trace says, but for clocks and the server's address."""
    entries: list[tuple[str, Any]] = []
    for entry in trace.entries:
        data = {k: v for k, v in entry.data.items() if k not in ("seconds", "planner")}
        if entry.kind == "answer":
            data["text"] = data["text"].replace(str(trace.entries[0].data["planner"]), "model")
        entries.append((entry.kind, data))
    return entries


def test_the_same_conversation_gives_the_same_trace_in_every_dialect(planners: Planners) -> None:
    traces = {}
    for dialect in DIALECTS:
        with planners(TALK.in_dialect(dialect), dialect) as (name, server):
            traces[dialect] = without_times(reviewed(name).trace)
            assert len(server.requests) == len(TALK.said)
    assert traces["tokens"] == traces["tools"]
    assert traces["json"] == traces["tools"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_model_is_told_what_was_wrong_and_mends_it(planners: Planners, dialect: str) -> None:
    with planners(TALK.in_dialect(dialect), dialect) as (name, server):
        result = reviewed(name).result
    after_call, after_answer = (json.dumps(r.body["messages"]) for r in server.requests[1:])
    assert "there is no expert 'oracle'" in after_call
    assert "CONTRADICTED: There is a pneumothorax." in after_answer
    assert "pneumothorax absent" in after_answer
    assert result.answer.text.startswith("Yes")
    assert result.planner is not None
    assert [s.mark for s in result.planner.sentences] == ["entailed", "unchecked"]
    assert "[proved] “There is a left pleural effusion.”" in result.answer.text
    assert "[not checked] “The effusion needs a drain.”" in result.answer.text
    assert [t.name for t in result.tools] == ["report_reader", "guideline_search"]


def test_what_stays_contradicted_is_shown_as_contradicted(planners: Planners) -> None:
    wrong = Said(answer=[("There is a pneumothorax.", [])])
    with planners(lambda _: wrong.in_dialect("json"), "json") as (name, server):
        result = reviewed(name).result
    assert len(server.requests) == 3  # the first answer and two revisions
    assert result.planner is not None
    (sentence,) = result.planner.sentences
    assert sentence.mark == "contradicted"
    assert "pneumothorax absent" in sentence.why
    assert "[contradicted] “There is a pneumothorax.” (pneumothorax absent" in result.answer.text
    assert all(c.value != "present" or c.concept != "pneumothorax"
               for c in result.answer.conclusions)  # fmt: skip


def test_what_the_pathway_needs_is_called_for_all_the_same(planners: Planners) -> None:
    case = CASE.model_copy(update={"question": "Which similar cases are there?"})
    with planners(["There is a left pleural effusion."] * 3, "tokens") as (name, server):
        run = reviewed(name, case)
    assert "similar_cases" in {t.name for t in run.result.tools}
    assert len(server.requests) == 2
    told = json.dumps(server.requests[1].body["messages"])
    assert "The pathway also needed similar_cases" in told
    plans = [e.data for e in run.trace.entries if e.kind == "plan"]
    assert any("the planner did not ask for it" in why for p in plans for why in p["why"])


def test_a_model_that_calls_for_ever_ends_at_its_budget(planners: Planners) -> None:
    again = Said(calls=[("guideline_search", {"phrases": ["pleural effusion"]})])
    with planners(lambda _: again.in_dialect("tools")) as (name, server):
        result = reviewed(name).result
    assert len(server.requests) == 12
    assert [t.name for t in result.tools].count("guideline_search") == 1
    assert result.planner is not None
    assert result.planner.ended == "its budget of 12 turns was used"
    assert result.answer.text.startswith("Yes: pleural effusion is present")
    assert "said no more: its budget of 12 turns was used" in result.answer.text


def test_a_model_that_cannot_be_understood_ends_soon(planners: Planners) -> None:
    with planners(lambda _: Reply(text='{"calls": 7}'), "json") as (name, server):
        result = reviewed(name).result
    assert len(server.requests) == 3
    assert result.planner is not None
    assert "could not be understood 3 times" in result.planner.ended


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(status=500, error="out of memory"), "500"),
        (Reply(status=401, error="no key"), "401"),
        (Reply(text="There is a left", break_after=1), "middle of the answer"),
        (Reply(raw=b"<html>busy</html>"), ""),
    ],
)
def test_a_model_that_cannot_be_reached_is_said_and_the_pathway_answers(
    planners: Planners, reply: Reply, reason: str
) -> None:
    with planners(lambda _: reply) as (name, _):
        result = reviewed(name).result
    assert result.answer.text.startswith("Yes: pleural effusion is present")
    assert result.planner is not None
    assert result.planner.ended.startswith("unavailable: ")
    assert reason in result.planner.ended
    assert "said no more: unavailable" in result.answer.text


def test_a_slow_model_is_given_up_at_its_limit(planners: Planners) -> None:
    import threading

    never = threading.Event()
    with planners(lambda _: Reply(text="Yes, there is", hold=never), timeout_s=0.5) as (name, _):
        result = reviewed(name).result
    assert result.planner is not None
    assert "no whole answer within" in result.planner.ended
    assert result.answer.text.startswith("Yes: pleural effusion is present")


def test_a_question_of_the_model_goes_to_the_user_and_the_reply_comes_back(
    planners: Planners, tmp_path: Path
) -> None:
    from graphs.reviewing import resume_review

    text = "EXAM: CT chest. FINDINGS: Solid nodule of 7 mm in the right upper lobe."
    case = Case(id="ask-1", reports=(Report(text=text),), question="What follow-up is recommended?")
    asked: list[str] = []

    def script(body: dict[str, Any]) -> Reply:
        for tool in body["tools"]:
            if tool["function"]["name"] == "ask_user" and not asked:
                fact = tool["function"]["parameters"]["properties"]["fact"]["enum"][-1]
                asked.append(fact)
                return Reply(calls=[("ask_user", {"fact": fact})], finish="tool_calls")
        return Reply(text="There is a nodule.")

    settings = Settings(interactive=True, checkpoints=tmp_path / "sessions.sqlite")
    with planners(script) as (name, server):
        run = review_with_trace(case, planner=name, settings=settings)
        assert run.pending is not None
        assert run.pending.fact == asked[0]
        reply = run.pending.options[0] if run.pending.options else "60"
        run = resume_review("ask-1", reply, planner=name, settings=settings)
        told = json.dumps(server.requests[-1].body["messages"])
    assert f"{asked[0]}: asked" in told


def test_an_answer_is_replayed_without_the_model(planners: Planners) -> None:
    from graphs.replaying import replay

    with planners(TALK.in_dialect("tools")) as (name, _):
        trace = reviewed(name).trace
    report = replay(Trace.from_json(trace.to_json()))
    assert report.same, report.differences


def test_nothing_is_left_of_a_planner_that_does_not_speak() -> None:
    result = reviewed("pathway").result
    assert result.planner is None
    assert {f.presence for f in result.findings} >= {Presence.PRESENT, Presence.ABSENT}


def test_a_server_without_tools_is_asked_for_json(planners: Planners) -> None:
    def says(body: dict[str, Any]) -> Reply:
        if "tools" in body:
            return Reply(status=400, error="auto tool choice is not enabled")
        return Reply(text='{"answer": [{"text": "There is a left pleural effusion."}]}')

    with planners(says, "auto") as (name, server):
        result = reviewed(name).result
    assert ["tools" in r.body for r in server.requests] == [True, False]
    assert result.planner is not None
    assert [s.mark for s in result.planner.sentences] == ["entailed"]
    with planners(says, "tools") as (name, _):
        refused = reviewed(name).result
    assert refused.planner is not None
    assert "auto tool choice is not enabled" in refused.planner.ended


def test_a_model_is_not_waited_for_once_the_review_is_stopped(planners: Planners) -> None:
    cancellation, never = Cancellation(), threading.Event()

    def says(_: dict[str, Any]) -> Reply:
        threading.Thread(target=cancellation.cancel).start()
        return Reply(text="There is a pneumothorax.", hold=never)

    with planners(says, "tools", timeout_s=3600) as (name, server):
        run = review_with_trace(
            CASE, planner=name, cancellation=cancellation, settings=Settings(time_limit_s=3600)
        )
    assert len(server.requests) == 1
    assert run.result.status == "answered"
    assert run.result.planner is not None
    assert run.result.planner.ended.startswith("stopped: ")
    assert not run.result.planner.sentences
