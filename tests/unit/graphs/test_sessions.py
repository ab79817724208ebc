"""Sessions that stop for a person: questions, replies, and what a checkpoint file keeps apart.

The same over real processes: ``tests/integration/graphs/test_sessions.py``.
"""

import sqlite3
from pathlib import Path

import pytest

from dxtrace.clinical import Case
from graphs import ReviewRun, Settings, follow_up, resume_review, review_with_trace
from graphs.questions import ReplyError
from tests.unit.graphs.benches import report_case

NODULE = "FINDINGS: CT chest. There is a 7 mm solid nodule in the right upper lobe."
UNCLEAR = NODULE.replace("solid ", "")
QUESTION = "What follow-up does the Fleischner Society recommend?"
RECOMMENDATION = "fleischner.recommendation"
LOW_RISK = {"age": 60, "risk_factors": []}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(interactive=True, checkpoints=tmp_path / "sessions.sqlite")


def started(settings: Settings, text: str = NODULE, **patient: object) -> ReviewRun:
    return review_with_trace(report_case(text, QUESTION, patient=patient), settings=settings)


def go_on(run: ReviewRun, settings: Settings, **answers: str) -> ReviewRun:
    """Reply until the session ends; who does not know says so."""
    for _ in range(12):
        if run.pending is None:
            return run
        key = run.pending.fact.replace(".", "_")
        run = resume_review(run.result.id, answers.get(key, "unknown"), settings=settings)
    raise AssertionError(f"the session asks on and on: {run.pending}")


def recommendation(run: ReviewRun) -> tuple[object, int]:
    """The value, and how many values remain if it is open."""
    (found,) = [c for c in run.result.answer.conclusions if c.concept == RECOMMENDATION]
    return found.value, len(found.possible or ())


def test_replies_decide(settings: Settings) -> None:
    run = started(settings)
    assert run.result.status == "needs_input"
    asked = go_on(run, settings, patient_age="60", lung_cancer_risk_level="high")
    assert asked.result.status == "answered"
    assert recommendation(asked) == ("CT_6_12M_THEN_18_24M", 0)
    assert {f.text for f in asked.result.findings if f.source == "user"} == {"60", "high"}


def test_who_does_not_know_gets_an_open_answer(settings: Settings) -> None:
    run = go_on(started(settings, age=60), settings)
    assert recommendation(run) == (None, 2)
    assert not [f for f in run.result.findings if f.source == "user"]
    asked = [e.data["fact"] for e in run.trace.entries if e.kind == "question"]
    assert asked
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("reply", ["sixty", "nan", "60 years or so", "infinity", "6O"])
def test_a_reply_that_is_no_number_is_refused_and_the_session_waits_on(
    settings: Settings, reply: str
) -> None:
    run = started(settings, risk_factors=[])
    assert run.pending is not None
    assert run.pending.fact == "patient.age"
    with pytest.raises(ReplyError, match="expected a"):
        resume_review("c-1", reply, settings=settings)
    after = resume_review("c-1", "30", settings=settings)
    assert recommendation(after) == ("NOT_APPLICABLE", 0)
    assert [e.data["reply"] for e in after.trace.entries if e.kind == "reply"] == ["30"]


def test_a_reply_that_is_no_option_is_refused_and_the_session_waits_on(settings: Settings) -> None:
    run = started(settings, UNCLEAR, **LOW_RISK)
    while run.pending and run.pending.fact != "pulmonary_nodule.composition":
        run = resume_review("c-1", "unknown", settings=settings)
    with pytest.raises(ReplyError, match="expected one of solid"):
        resume_review("c-1", "marble", settings=settings)
    after = go_on(resume_review("c-1", "solid", settings=settings), settings)
    assert recommendation(after) == ("CT_6_12M_THEN_CONSIDER_18_24M", 0)


def test_a_reply_about_a_nodule_is_about_that_nodule(settings: Settings) -> None:
    """The composition completes the 7 mm nodule; it is no second nodule."""
    run = go_on(started(settings, UNCLEAR, **LOW_RISK), settings,
                pulmonary_nodule_composition="ground_glass")  # fmt: skip
    assert recommendation(run) == ("CT_6_12M_THEN_EVERY_2Y_5Y", 0)


def test_of_two_nodules_each_is_asked_about(settings: Settings) -> None:
    text = (
        "FINDINGS: CT chest. 1. Solid nodule in the right upper lobe measuring 7 mm. "
        "2. Nodule in the left lower lobe measuring 12 mm."
    )
    run = started(settings, text, **LOW_RISK)
    while run.pending and run.pending.fact != "pulmonary_nodule.composition":
        run = resume_review("c-1", "unknown", settings=settings)
    assert run.pending is not None
    assert "left lower lobe" in run.pending.text
    done = go_on(resume_review("c-1", "solid", settings=settings), settings)
    assert recommendation(done)[0] == "CT_3_6M_THEN_CONSIDER_18_24M"


def test_a_session_that_ended_or_never_was_takes_no_reply(settings: Settings) -> None:
    with pytest.raises(ValueError, match="'never' does not wait"):
        resume_review("never", "60", settings=settings)
    go_on(started(settings, risk_factors=[]), settings, patient_age="30")
    with pytest.raises(ValueError, match="does not wait"):
        resume_review("c-1", "60", settings=settings)


def test_a_review_under_a_name_that_was_used_before_starts_afresh(settings: Settings) -> None:
    go_on(started(settings, risk_factors=[]), settings, patient_age="30")
    other = report_case("FINDINGS: No pleural effusion.", "Is there a pleural effusion?")
    again = review_with_trace(other, settings=settings)
    assert again.result.answer.text.startswith("No")
    assert {f.concept for f in again.result.findings} <= {
        "pleural_effusion", "malignant_pleural_effusion",
    }  # fmt: skip
    assert [e.kind for e in again.trace.entries].count("input") == 1


def test_an_interrupted_session_can_be_started_afresh(settings: Settings) -> None:
    started(settings, risk_factors=[])
    again = started(settings, risk_factors=[])
    assert again.pending is not None
    assert [e.kind for e in again.trace.entries].count("input") == 1
    assert len(again.result.findings) == len({f.id for f in again.result.findings})


def test_two_sessions_in_one_file_do_not_mix(settings: Settings) -> None:
    for name, size in (("a", 7), ("b", 12)):
        case = report_case(NODULE.replace("7", str(size)), QUESTION, id=f"case-{name}",
                           patient={"risk_factors": []})  # fmt: skip
        review_with_trace(case, settings=settings, thread=name)
    two = resume_review("b", "60", settings=settings)
    one = resume_review("a", "60", settings=settings)
    assert (one.result.id, two.result.id) == ("case-a", "case-b")
    assert recommendation(one) == ("CT_6_12M_THEN_CONSIDER_18_24M", 0)
    assert recommendation(two) == ("CT_3M_PET_BIOPSY", 0)


def test_without_questions_nothing_is_asked(tmp_path: Path) -> None:
    settings = Settings(checkpoints=tmp_path / "x.sqlite")
    run = started(settings)
    assert run.result.status == "answered"
    assert run.pending is None


def test_a_checkpoint_names_no_type_but_ours(settings: Settings, tmp_path: Path) -> None:
    started(settings)
    with sqlite3.connect(tmp_path / "sessions.sqlite") as connection:
        rows = connection.execute("select checkpoint from checkpoints").fetchall()
        rows += connection.execute("select value from writes").fetchall()
    stored = b"".join(row[0] for row in rows if isinstance(row[0], bytes))
    assert b"dxtrace.clinical" in stored
    assert b"pickle" not in stored
    assert isinstance(started(settings).result.id, str)


def test_a_further_question_that_asks_back_is_not_answered_with_the_last_answer(
    settings: Settings,
) -> None:
    case = report_case(f"{NODULE} No pleural effusion.", "Is there a pleural effusion?")
    first = review_with_trace(case, settings=settings)
    assert first.result.answer.text.startswith("No")
    further = follow_up("c-1", question=QUESTION, settings=settings)
    assert further.pending is not None
    assert further.result.status == "needs_input"
    assert "pleural effusion" not in further.result.answer.text
    done = go_on(further, settings, patient_age="30", lung_cancer_risk_level="low")
    assert done.result.status == "answered"
    assert done.result.answer.text != first.result.answer.text


def test_a_case_of_findings_alone_can_be_asked_about(settings: Settings) -> None:
    case = Case.model_validate(
        {"id": "c-1", "question": QUESTION, "patient": LOW_RISK,
         "findings": [{"id": "n", "concept": "pulmonary_nodule", "presence": "present",
                       "measurements": [{"kind": "diameter", "value": 7, "unit": "mm"}]}]}
    )  # fmt: skip
    run = go_on(review_with_trace(case, settings=settings), settings,
                pulmonary_nodule_composition="solid")  # fmt: skip
    assert recommendation(run) == ("CT_6_12M_THEN_CONSIDER_18_24M", 0)
