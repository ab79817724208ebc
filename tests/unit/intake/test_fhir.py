"""FHIR bundles: what reviewing needs is read, what identifies is not, what is left out is said."""

import base64
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dxtrace.intake import IntakeError, IntakeLimits
from dxtrace.intake.fhir import read_bundle

PATIENT = {
    "resourceType": "Patient",
    "id": "p-secret",
    "identifier": [{"value": "MRN-secret"}],
    "name": [{"family": "Secret"}],
    "gender": "female",
    "birthDate": "1960-06-15",
}
REPORT = {
    "resourceType": "DiagnosticReport",
    "status": "final",
    "effectiveDateTime": "2026-06-14T09:00:00Z",
    "conclusion": "No effusion.",
}


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": r} for r in resources]}


def read(*resources: dict[str, Any]) -> Any:
    return read_bundle(bundle(*resources), case_id="c", limits=IntakeLimits())


def observation(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "CRP"}, **fields}


def test_age_is_that_on_the_day_of_the_report() -> None:
    assert read(PATIENT, REPORT).case.patient.age == 65
    later = {**REPORT, "effectiveDateTime": "2026-06-15"}
    assert read(PATIENT, later).case.patient.age == 66


def test_an_age_that_cannot_be_known_is_said_not_guessed() -> None:
    reading = read({**PATIENT, "birthDate": "1960"}, REPORT)
    assert reading.case.patient.age is None
    assert any("age unknown" in note for note in reading.notes)


def test_nothing_that_identifies_is_kept() -> None:
    text = read(PATIENT, REPORT).case.model_dump_json()
    assert "ecret" not in text
    assert "1960" not in text


def test_attached_text_comes_before_the_narrative_and_keeps_the_conclusion() -> None:
    data = base64.b64encode(b"FINDINGS: A nodule.").decode()
    form = {"contentType": "text/plain; charset=utf-8", "data": data}
    narrative = {"div": "<div><p>ignored</p></div>"}
    text = read({**REPORT, "presentedForm": [form], "text": narrative}).case.reports[0].text
    assert text == "FINDINGS: A nodule.\n\nIMPRESSION: No effusion."


def test_a_narrative_is_read_as_text_with_its_lines() -> None:
    narrative = {"div": "<div><p>FINDINGS: 7 &lt; 8 mm.</p><p>IMPRESSION: None.</p></div>"}
    text = read({**REPORT, "text": narrative, "conclusion": None}).case.reports[0].text
    assert text.splitlines() == ["FINDINGS: 7 < 8 mm.", "IMPRESSION: None."]


def test_an_older_report_is_a_prior() -> None:
    older = {**REPORT, "effectiveDateTime": "2025-01-01", "conclusion": "Old."}
    current, prior = read(older, REPORT).case.reports
    assert (current.is_prior, prior.is_prior) == (False, True)
    assert "Old." in prior.text


def test_observations_keep_exact_values_and_loinc_codes() -> None:
    coding = [{"system": "http://loinc.org", "code": "1988-5"}]
    given = observation(
        code={"coding": coding, "text": "CRP"},
        valueQuantity={"value": Decimal("4.1"), "unit": "mg/L"},
    )
    (read_observation,) = read(given).case.observations
    assert (read_observation.code, read_observation.value) == ("1988-5", Decimal("4.1"))


@pytest.mark.parametrize(
    "fields",
    [
        {"valueQuantity": {"value": 5, "unit": "mg/L", "comparator": "<"}},
        {"valueString": "raised"},
        {"dataAbsentReason": {"text": "unknown"}},
    ],
)
def test_what_is_no_exact_number_is_left_out_and_said(fields: dict[str, Any]) -> None:
    reading = read(REPORT, observation(**fields))
    assert reading.case.observations == ()
    assert any("CRP: not read" in note for note in reading.notes)


def condition(text: str, *, clinical: str = "", verification: str = "") -> dict[str, Any]:
    status = {"clinicalStatus": clinical, "verificationStatus": verification}
    coded = {k: {"coding": [{"system": "x", "code": v}]} for k, v in status.items() if v}
    return {"resourceType": "Condition", "code": {"text": text}, **coded}


def test_conditions_are_risk_factors() -> None:
    case = read(REPORT, condition("smoking", clinical="active"), condition("emphysema")).case
    assert case.patient.risk_factors == ("smoking", "emphysema")
    assert read(REPORT).case.patient.risk_factors is None


@pytest.mark.parametrize("verification", ["refuted", "entered-in-error"])
def test_a_condition_that_does_not_hold_says_nothing_about_risk(verification: str) -> None:
    reading = read(REPORT, condition("smoker", verification=verification))
    assert reading.case.patient.risk_factors is None
    assert reading.notes == (f"Condition (smoker): not read, it is {verification}",)


def test_conditions_of_the_past_are_history_and_do_not_mean_that_somebody_asked() -> None:
    resolved = [condition(t, clinical="resolved") for t in ("lung cancer", "appendicitis")]
    case = read(REPORT, *resolved).case
    assert case.patient.risk_factors == ("History of lung cancer", "History of appendicitis")


def test_a_condition_in_doubt_stays_in_doubt() -> None:
    case = read(REPORT, condition("asbestosis", verification="provisional")).case
    assert case.patient.risk_factors == ("Possible asbestosis",)


def test_a_bundle_may_say_that_there_are_no_risk_factors() -> None:
    case = read(REPORT, condition("No known risk factors for lung cancer")).case
    assert case.patient.risk_factors == ("No known risk factors for lung cancer",)


def test_resources_entered_in_error_do_not_exist() -> None:
    value = {"valueQuantity": {"value": 5, "unit": "mg/L"}}
    case = read(REPORT, {**observation(**value), "status": "entered-in-error"}).case
    assert case.observations == ()


def test_other_resources_are_named_as_unread() -> None:
    reading = read(REPORT, {"resourceType": "ImagingStudy", "status": "available"})
    assert "not read: ImagingStudy" in reading.notes


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "expected a FHIR bundle"),
        ({"resourceType": "Patient"}, "got 'Patient'"),
        (bundle(), "expected a DiagnosticReport or a numeric Observation, got neither"),
        (bundle(PATIENT, PATIENT, REPORT), "expected one Patient in the bundle, got 2"),
        ({"resourceType": "Bundle", "entry": [{}]}, r"entry\[0\]\.resource"),
        (bundle({**REPORT, "conclusion": ""}), r"DiagnosticReport\[0\]: expected presentedForm"),
        (
            bundle({**REPORT, "presentedForm": [{"contentType": "text/plain", "data": "%%%"}]}),
            "expected base64",
        ),
        (bundle({**PATIENT, "birthDate": "2030-01-01"}, REPORT), r"Patient\.birthDate: expected"),
        (
            bundle(observation(valueQuantity={"value": "5", "unit": "x"})),
            "expected a number, got '5'",
        ),
        (bundle(observation(valueQuantity={"value": 5})), "expected a unit, got none"),
    ],
)
def test_what_is_wrong_is_named(data: object, said: str) -> None:
    with pytest.raises(IntakeError, match=said):
        read_bundle(data, case_id="c", limits=IntakeLimits())


def test_the_example_bundle_is_read() -> None:
    path = Path(__file__).parents[3] / "examples" / "chest_ct_fhir.json"
    reading = read_bundle(
        json.loads(path.read_text(), parse_float=Decimal), case_id="c", limits=IntakeLimits()
    )
    assert reading.case.patient.age == 67
    assert "Example" not in reading.case.model_dump_json()


def test_names_of_a_bundle_are_masked_in_its_reports() -> None:
    person = {**PATIENT, "name": [{"family": "Small", "given": ["Anna", "Li"]}]}
    reader = {"resourceType": "Practitioner", "name": [{"text": "Gregor Kowalski"}]}
    words = "Small effusion. Anna Small was told; Anna agreed. Read by Kowalski. It is secret."
    text = read(person, reader, {**REPORT, "conclusion": words}).case.reports[0].text
    assert text.endswith(
        "Small effusion. XXXX XXXXX was told; XXXX agreed. Read by XXXXXXXX. It is XXXXXX."
    )
