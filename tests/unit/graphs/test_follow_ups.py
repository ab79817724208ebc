"""Sessions that go on: further questions, corrections, and answers that do not hold any more."""

from pathlib import Path
from typing import Any

import pytest

from dxtrace.clinical import Correction, Laterality, Measurement, Presence, Report, Trace
from graphs import SessionError, Settings, follow_up
from graphs.corrections import CorrectionError
from graphs.replaying import replay
from graphs.reviewing import ReviewRun, review_with_trace
from tests.unit.graphs.benches import report_case

CT = "EXAM: CT chest. FINDINGS: Solid nodule of 7 mm in the right upper lobe. No effusion."
CASE = report_case(
    CT, "What follow-up does Fleischner recommend?",
    patient={"age": 60, "sex": "F", "risk_factors": []},
)  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(checkpoints=tmp_path / "sessions.sqlite", interactive=False)


def started(settings: Settings, **fields: Any) -> ReviewRun:
    return review_with_trace(CASE.model_copy(update=fields), settings=settings)


def value(run: ReviewRun, concept: str) -> Any:
    return {c.concept: c.value for c in run.result.answer.conclusions}[concept]


def nodule(run: ReviewRun) -> str:
    return next(f.id for f in run.result.findings if f.concept == "pulmonary_nodule")


def test_a_further_question_uses_what_was_found(settings: Settings) -> None:
    first = started(settings)
    second = follow_up("c-1", question="Is there a pleural effusion?", settings=settings)
    assert second.result.answer.text.startswith("No: pleural effusion is absent")
    assert [t.name for t in second.result.tools] == [t.name for t in first.result.tools]
    assert not second.result.changes
    kinds = [e.kind for e in second.trace.entries]
    assert kinds.count("input") == 2
    assert kinds.count("call") == len(first.result.tools)
    assert second.trace.entries[: len(first.trace.entries)] == first.trace.entries


def test_a_corrected_size_is_checked_again_and_the_change_is_said(settings: Settings) -> None:
    first = started(settings)
    before = value(first, "fleischner.recommendation")
    size = Measurement(kind="diameter", value="4", unit="mm")
    correction = Correction(finding=nodule(first), by="Dr A", measurements=(size,))
    second = follow_up("c-1", corrections=[correction], settings=settings)
    after = value(second, "fleischner.recommendation")
    assert after != before
    change = second.result.changes[0]
    assert (change.before, change.now) == (before, after)
    assert change.because[0] == nodule(first)
    assert second.result.answer.text.startswith("An earlier answer does not hold any more")
    assert f"({nodule(first)} was corrected)" in second.result.answer.text
    (entry,) = (e for e in second.trace.entries if e.kind == "correction")
    assert entry.data["by"] == "Dr A"
    corrected = next(f for f in second.result.findings if f.id == nodule(first))
    assert corrected.source == "user"
    assert corrected.evidence == next(
        f.evidence for f in first.result.findings if f.id == nodule(first)
    )


def test_a_rejected_finding_is_unknown_not_absent(settings: Settings) -> None:
    first = started(settings)
    correction = Correction(finding=nodule(first), rejected=True, why="a vessel")
    second = follow_up("c-1", corrections=[correction], settings=settings)
    rejected = next(f for f in second.result.findings if f.id == nodule(first))
    assert rejected.presence is Presence.UNKNOWN
    assert not rejected.measurements
    third = follow_up("c-1", question="Is there a pulmonary nodule?", settings=settings)
    assert third.result.answer.text.startswith("Undetermined")


@pytest.mark.parametrize("denial", [{"presence": "absent"}, {"rejected": True}])
def test_a_denial_that_is_taken_back_leaves_what_was_known(
    settings: Settings, denial: dict[str, Any]
) -> None:
    first = started(settings)
    name = nodule(first)
    for fields in (denial, denial, {"presence": "present"}):
        correction = Correction.model_validate({"finding": name, **fields})
        last = follow_up("c-1", corrections=[correction], settings=settings)
    before, after = (next(f for f in run.result.findings if f.id == name) for run in (first, last))
    assert (after.lesion, after.location, after.measurements, after.attributes) == (
        before.lesion, before.location, before.measurements, before.attributes,
    )  # fmt: skip
    assert value(last, "fleischner.recommendation") == value(first, "fleischner.recommendation")
    assert replay(Trace.from_json(last.trace.to_json())).same


def test_a_size_that_nothing_has_is_refused(settings: Settings) -> None:
    name = nodule(started(settings))
    size = Measurement.model_validate({"kind": "diameter", "value": -3, "unit": "mm"})
    with pytest.raises(CorrectionError, match="expected more than 0 mm, got -3"):
        follow_up(
            "c-1", corrections=[Correction(finding=name, measurements=(size,))], settings=settings
        )


def test_an_answer_about_presence_is_taken_back_aloud(settings: Settings) -> None:
    first = started(settings, question="Is there a pulmonary nodule?")
    assert first.result.answer.text.startswith("Yes")
    correction = Correction(finding=nodule(first), presence=Presence.ABSENT)
    second = follow_up("c-1", corrections=[correction], settings=settings)
    assert "was present; it is absent now" in second.result.answer.text
    assert "\n\nNo: " in second.result.answer.text
    third = follow_up("c-1", question="Is there a pleural effusion?", settings=settings)
    assert not third.result.changes  # said once; the last word is the corrected one


def test_a_side_is_corrected_and_what_it_leaves_out_stays(settings: Settings) -> None:
    first = started(settings)
    correction = Correction(finding=nodule(first), laterality=Laterality.LEFT)
    second = follow_up("c-1", corrections=[correction], settings=settings)
    corrected = next(f for f in second.result.findings if f.id == nodule(first))
    assert corrected.laterality is Laterality.LEFT
    assert corrected.measurements


def test_question_and_correction_at_once(settings: Settings) -> None:
    first = started(settings)
    correction = Correction(finding=nodule(first), presence=Presence.ABSENT)
    second = follow_up(
        "c-1", question="Is there a pulmonary nodule?", corrections=[correction], settings=settings
    )
    assert "No: " in second.result.answer.text
    assert "fleischner.recommendation" in {c.concept for c in second.result.changes}


def test_who_denies_one_of_two_lesions_says_nothing_of_the_other(settings: Settings) -> None:
    text = f"{CT} Solid nodule of 4 mm in the left lower lobe."
    first = started(settings, reports=(Report(text=text),), question="Is there a nodule?")
    correction = Correction(finding=nodule(first), presence=Presence.ABSENT)
    second = follow_up("c-1", corrections=[correction], settings=settings)
    assert second.result.answer.text.startswith("Yes")
    assert not second.result.changes


def test_the_trace_of_a_session_holds_and_replays(settings: Settings) -> None:
    first = started(settings)
    correction = Correction(finding=nodule(first), presence=Presence.ABSENT)
    corrected = follow_up("c-1", corrections=[correction], settings=settings)
    asked = follow_up("c-1", question="Is there a pleural effusion?", settings=settings)
    for run in (first, corrected, asked):
        report = replay(Trace.from_json(run.trace.to_json()))
        assert report.same, report.differences


def test_what_cannot_be_followed_up_says_why(settings: Settings) -> None:
    with pytest.raises(SessionError, match="there is no session 'c-1'"):
        follow_up("c-1", question="And?", settings=settings)
    started(settings)
    with pytest.raises(
        CorrectionError, match="no finding 'f99' to correct; expected one of patient"
    ):
        follow_up("c-1", corrections=[Correction(finding="f99", rejected=True)], settings=settings)
    with pytest.raises(ValueError, match="expected a question or a correction"):
        follow_up("c-1", settings=settings)


def test_two_sessions_in_one_file_do_not_mix(settings: Settings) -> None:
    started(settings)
    other = report_case("FINDINGS: Large left pleural effusion.", "Is there an effusion?", id="c-2")
    review_with_trace(other, settings=settings)
    first = follow_up("c-1", question="Is there a pleural effusion?", settings=settings)
    second = follow_up("c-2", question="Is there a pleural effusion?", settings=settings)
    assert first.result.answer.text.startswith("No")
    assert second.result.answer.text.startswith("Yes")


@pytest.mark.parametrize(
    "fields", [{}, {"rejected": True, "presence": "absent"}, {"finding": "", "rejected": True}]
)
def test_a_correction_that_is_none_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"expected|at least 1"):
        Correction.model_validate({"finding": "f1", **fields})


def test_reports_stay_as_they_were_written(settings: Settings) -> None:
    run = started(settings)
    assert run.trace.entries[1].data["case"]["reports"] == [Report(text=CT).model_dump(mode="json")]
