"""A review from case to result: parallel calls, budget, revision, events, trace, replay."""

import json
import threading
from itertools import permutations
from typing import Any

import pytest

from dxtrace.clinical import Case, Finding, Outcome, Presence, Source, Trace
from dxtrace.clinical.result import Result
from graphs import Settings, replay, review, review_with_trace
from graphs.replaying import ReplayError
from tests.processes import LIMIT_S
from tests.unit.graphs.benches import bench_with, expert, report_case, sees
from tests.unit.tools import experts_that_misbehave as experts

NODULE = (
    "FINDINGS: CT chest. There is a 7 mm solid nodule in the right upper lobe. No pleural effusion."
)


def outcome(result: Result, name: str) -> Outcome:
    return next(t.outcome for t in result.tools if t.name == name)


# -- calls -----------------------------------------------------------------------------------------


def test_calls_run_at_the_same_time() -> None:
    """Two tools that wait for each other: one after the other, they would never end."""
    together = threading.Barrier(2)

    def wait_for_the_other(case: Case) -> list[Finding]:
        together.wait(timeout=LIMIT_S)
        return [Finding(id=f"f-{case.id}", concept="cardiomegaly", presence=Presence.PRESENT)]

    bench = bench_with(expert("one", wait_for_the_other), expert("two", wait_for_the_other))
    result = review_with_trace(report_case("FINDINGS: Clear."), bench=bench).result
    assert outcome(result, "one") is Outcome.OK
    assert outcome(result, "two") is Outcome.OK


def test_the_order_in_which_calls_end_changes_nothing() -> None:
    """Whichever tool ends first, findings, calls and trace come in the order of the plan."""
    outcomes = set()
    for order in permutations(("a", "b", "c")):
        turns = {name: threading.Event() for name in order}
        turns[order[0]].set()

        def in_turn(name: str, turns: Any = turns, order: Any = order) -> Any:
            def find(case: Case) -> list[Finding]:
                del case
                assert turns[name].wait(timeout=LIMIT_S)
                position = order.index(name) + 1
                if position < len(order):
                    turns[order[position]].set()
                return [Finding(id="f", concept="cardiomegaly", presence="present", text=name)]

            return find

        bench = bench_with(*(expert(name, in_turn(name)) for name in ("a", "b", "c")))
        run = review_with_trace(report_case("FINDINGS: Clear."), bench=bench)
        found = tuple((f.id, f.text) for f in run.result.findings if f.source is Source.TOOL)
        calls = tuple(t.name for t in run.result.tools)
        recorded = tuple(e.data["tool"] for e in run.trace.entries if e.kind == "call")
        outcomes.add((found, calls, recorded, run.result.answer.text))
    assert len(outcomes) == 1
    ((found, _, _, _),) = outcomes
    assert [text for _, text in found] == ["a", "b", "c"]
    assert len({finding_id for finding_id, _ in found}) == 3


@pytest.mark.parametrize(
    ("function", "ended"),
    [
        (experts.stumble, Outcome.FAILED),
        (experts.refuse, Outcome.ABSTAINED),
        (experts.retry, Outcome.FAILED),
        (sees("a_concept_that_does_not_exist"), Outcome.OK),
    ],
)
def test_a_tool_that_fails_does_not_stop_the_case(function: Any, ended: Outcome) -> None:
    bench = bench_with(expert("expert", function), expert("other", sees("cardiomegaly")))
    case = report_case("FINDINGS: Large right pleural effusion.", "Is there a pleural effusion?")
    result = review_with_trace(case, bench=bench).result
    assert result.status == "answered"
    assert result.answer.text.startswith("Yes")
    assert outcome(result, "expert") is ended
    if ended is not Outcome.OK:
        assert f"expert {ended.value}" in result.answer.text  # the reader learns of it


def test_a_failed_tool_is_no_negative_finding() -> None:
    bench = bench_with(expert("gas_detector", experts.stumble, produces=("pneumothorax",)))
    case = report_case("FINDINGS: Cardiomegaly.", "Is there a pneumothorax?")
    result = review_with_trace(case, bench=bench).result
    assert result.answer.text.startswith("Undetermined")
    assert result.answer.conclusions[0].value == "unknown"


def test_a_tool_is_called_for_what_is_asked_or_missing_only() -> None:
    effusions = expert("effusions", sees("pleural_effusion"), produces=("pleural_effusion",))
    hearts = expert("hearts", sees("cardiomegaly"), produces=("cardiomegaly",))
    bench = bench_with(effusions, hearts)
    case = report_case("FINDINGS: Old rib fracture.", "Is there a pleural effusion?")
    result = review_with_trace(case, bench=bench).result
    assert [t.name for t in result.tools if t.name in ("effusions", "hearts")] == ["effusions"]
    everything = review_with_trace(report_case("FINDINGS: Old rib fracture."), bench=bench).result
    assert {"effusions", "hearts"} <= {t.name for t in everything.tools}


# -- budget ----------------------------------------------------------------------------------------


def smoker_bench() -> Any:
    """A tool that knows whether the patient smokes, of which nothing is asked at first."""
    return bench_with(expert("record_search", sees("smoking"), produces=("smoking",)))


ASKED = "What follow-up does the Fleischner Society recommend?"


def test_what_is_missing_is_looked_for_in_a_second_step() -> None:
    case = report_case(NODULE, ASKED, patient={"age": 60})
    run = review_with_trace(case, bench=smoker_bench())
    (conclusion,) = [
        c for c in run.result.answer.conclusions if c.concept == "fleischner.recommendation"
    ]
    assert conclusion.value == "CT_6_12M_THEN_18_24M"
    assert outcome(run.result, "record_search") is Outcome.OK
    assert [e.data["step"] for e in run.trace.entries if e.kind == "plan"] == [1, 2]


@pytest.mark.parametrize("limits", [{"max_steps": 1}, {"time_limit_s": 1e-9}])
def test_the_budget_ends_in_an_honest_answer(limits: dict[str, float]) -> None:
    case = report_case(NODULE, ASKED, patient={"age": 60})
    run = review_with_trace(case, bench=smoker_bench(), settings=Settings(**limits))
    assert run.result.status == "answered"
    assert not [t for t in run.result.tools if t.name == "record_search"]
    (conclusion,) = [
        c for c in run.result.answer.conclusions if c.concept == "fleischner.recommendation"
    ]
    assert conclusion.value is None
    assert len(conclusion.possible or ()) == 2
    assert "smoking.present" in {m.concept for m in run.result.missing}
    assert "undetermined" in run.result.answer.text
    assert "settle" in run.result.answer.text


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DXTRACE_MAX_STEPS", "7")
    assert Settings().max_steps == 7
    with pytest.raises(ValueError, match="max_steps"):
        Settings(max_steps=0)


def test_an_unknown_planner_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"expected pathway.* got 'oracle'"):
        review(report_case("FINDINGS: Clear."), planner="oracle")


# -- revise ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Is there a pneumothorax?", "No: pneumothorax is absent"),
        ("Is there no pleural effusion?", "No: pleural effusion is present"),
    ],
)
def test_a_contradicted_draft_is_revised_into_its_opposite(question: str, answer: str) -> None:
    case = report_case("FINDINGS: Small right pleural effusion. No pneumothorax.", question)
    run = review_with_trace(case)
    assert run.result.answer.text.startswith(answer)
    assert [e.kind for e in run.trace.entries].count("revision") == 1
    drafts = [c for c in run.result.claims if c.claim.id.startswith("q")]
    assert [c.verdict.kind.value for c in drafts] == ["entailed"]


def test_what_is_entailed_at_once_is_not_revised() -> None:
    run = review_with_trace(report_case("FINDINGS: No effusion.", "Is there no pleural effusion?"))
    assert run.result.answer.text.startswith("Yes: pleural effusion is absent")
    assert "revision" not in [e.kind for e in run.trace.entries]


# -- events and trace ------------------------------------------------------------------------------


def test_each_step_is_told_as_it_happens() -> None:
    events: list[dict[str, Any]] = []
    case = report_case("FINDINGS: No pneumothorax.", "Is there a pneumothorax?")
    review(case, listener=events.append)
    steps = [e["step"] for e in events]
    assert steps[:2] == ["intake", "plan"]
    assert steps[-4:] == ["check", "revise", "check", "answer"]
    called = [e["name"] for e in events if e["step"] == "tool"]
    planned = next(e["calls"] for e in events if e["step"] == "plan")
    assert sorted(called) == sorted(planned)
    assert steps.index("check") > max(i for i, s in enumerate(steps) if s == "tool")
    json.dumps(events)


def test_the_trace_of_a_review_verifies_and_tells_everything() -> None:
    run = review_with_trace(report_case(NODULE, "Is there a pleural effusion?"))
    again = Trace.from_json(run.trace.to_json())
    assert again.head == run.trace.head
    kinds = [e.kind for e in again.entries]
    assert kinds[:3] == ["versions", "input", "plan"]
    assert kinds[-1] == "answer"
    recorded = {e.data["id"] for e in again.entries if e.kind == "finding"}
    assert recorded == {f.id for f in run.result.findings}
    results = {e.data["name"]: e.data["outcome"] for e in again.entries if e.kind == "result"}
    assert results == {t.name: t.outcome.value for t in run.result.tools}
    assert again.entries[-1].data["text"] == run.result.answer.text


# -- replay ----------------------------------------------------------------------------------------

REVIEWED = report_case(
    NODULE + " IMPRESSION: Right pleural effusion.", None, patient={"age": 60, "risk_factors": []}
)


def test_a_replay_gives_the_same() -> None:
    report = replay(review_with_trace(REVIEWED).trace)
    assert report.same, report.differences
    assert report.case_id == "c-1"
    assert report.conclusions >= 1
    assert report.claims >= 1
    assert report.versions == {}


@pytest.mark.parametrize("what", ["conclusion", "claim"])
def test_a_replay_finds_what_comes_out_differently(what: str) -> None:
    """As if the packs of then had said something else."""
    entries = review_with_trace(REVIEWED).trace.entries
    changed = Trace("c-1")
    for entry in entries:
        data = json.loads(json.dumps(entry.data))
        if entry.kind == "check" and what == "conclusion":
            (found,) = [c for c in data["conclusions"]
                        if c["concept"] == "fleischner.recommendation"]  # fmt: skip
            found["value"] = "OPTIONAL_CT_12M"
        elif entry.kind == "check":
            data["claims"][0]["verdict"]["kind"] = "entailed"
        changed.append(entry.kind, data)
    changed.verify()
    report = replay(changed)
    difference = report.differences[0]  # the recorded answer no longer follows either
    if what == "conclusion":
        assert difference.what == "fleischner.recommendation"
        assert difference.recorded == "OPTIONAL_CT_12M"
        assert difference.now == "CT_6_12M_THEN_CONSIDER_18_24M"
    else:
        assert (difference.recorded, difference.now) == ("entailed", "contradicted")


def test_a_replay_with_other_findings_comes_out_differently() -> None:
    changed = Trace("c-1")
    for entry in review_with_trace(REVIEWED).trace.entries:
        data = json.loads(json.dumps(entry.data))
        if entry.kind == "finding" and data["concept"] == "pulmonary_nodule":
            for measurement in data["measurements"]:
                measurement |= {"value": 12, "low": 12, "high": 12}
        changed.append(entry.kind, data)
    report = replay(changed)
    assert "fleischner.recommendation" in {d.what for d in report.differences}


def test_a_replay_names_packs_of_another_version() -> None:
    changed = Trace("c-1")
    for entry in review_with_trace(REVIEWED).trace.entries:
        data = json.loads(json.dumps(entry.data))
        if entry.kind == "versions":
            data["packs"]["fleischner"] = "2005"
        changed.append(entry.kind, data)
    report = replay(changed)
    assert report.same
    assert "2005 then" in report.versions["fleischner"]


def test_a_trace_without_a_check_cannot_be_replayed() -> None:
    trace = Trace("c-9")
    trace.append("error", {"reason": "empty report"})
    with pytest.raises(ReplayError, match="c-9"):
        replay(trace)


# -- contradictions, empty cases -------------------------------------------------------------------


def test_an_impression_that_the_findings_exclude_is_told() -> None:
    text = "FINDINGS: Moderate right pleural effusion. IMPRESSION: Left pleural effusion."
    result = review(report_case(text))
    (contradiction,) = result.contradictions
    assert contradiction.source == "report"
    assert contradiction.with_
    assert "Left pleural effusion" in contradiction.claim
    assert "Contradiction" in result.answer.text


@pytest.mark.parametrize("text", ["", "   ", "FINDINGS:", "Lorem ipsum dolor sit amet."])
def test_a_report_that_says_nothing_ends_in_an_answer_that_says_so(text: str) -> None:
    result = review(report_case(text))
    assert result.status == "answered"
    assert result.contradictions == ()
    assert result.answer.text.strip()


def test_images_that_nobody_can_read_are_named_as_not_looked_at() -> None:
    case = Case.model_validate(
        {"id": "c", "question": "Is there a pneumothorax?",
         "studies": [{"id": "s", "series": [{"id": "x", "images": [{"path": "a.dcm"}]}]}]}
    )  # fmt: skip
    result = review(case)
    assert result.answer.text.startswith("Undetermined")
    assert outcome(result, "image_experts") is Outcome.UNAVAILABLE
    assert "1 image file" in result.answer.text
