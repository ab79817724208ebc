"""FHIR: a bundle that others accept, and that says no more than was proved."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from dxtrace.clinical import Case, Patient, Result, Trace
from dxtrace.knowledge import load_knowledge
from dxtrace.reporting.fhir_report import encode_fhir_report
from tests.unit.reporting import exported

fhir = pytest.importorskip("fhir.resources.R4B.bundle", reason="fhir.resources is not installed")


def bundle(result: Result, trace: Trace | None = None, **case: Any) -> dict[str, Any]:
    """The bundle as data, after a validator of FHIR has read it."""
    text = encode_fhir_report(
        result, case=Case(id="c-1", patient=Patient(sex="F"), **case), knowledge=load_knowledge(),
        trace=trace or exported.trace(),
    )  # fmt: skip
    fhir.Bundle.model_validate_json(text)
    return json.loads(text)


def resources(data: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = [entry["resource"] for entry in data["entry"]]
    return [r for r in found if r["resourceType"] == kind]


def values(observation: dict[str, Any], part: str) -> list[dict[str, Any]]:
    """The components of an Observation that are called so."""
    return [c for c in observation.get("component", []) if c["code"].get("text") == part]


def test_a_finding_is_an_observation_with_side_sizes_in_ucum_and_their_range() -> None:
    (observation,) = resources(bundle(exported.result()), "Observation")

    assert observation["status"] == "preliminary"
    assert observation["code"]["coding"][0]["system"] == "http://www.radlex.org"
    assert observation["valueCodeableConcept"]["coding"][0] == {
        "system": "http://snomed.info/sct", "code": "52101004", "display": "Present",
    }  # fmt: skip
    assert observation["bodySite"] == {"text": "right upper lobe"}
    value, interval = values(observation, "long axis")
    millimetre = {"unit": "mm", "system": "http://unitsofmeasure.org", "code": "mm"}
    assert value["valueQuantity"] == {"value": 10.1, **millimetre}
    assert interval["valueRange"] == {
        "low": {"value": 9.3, **millimetre}, "high": {"value": 10.9, **millimetre},
    }  # fmt: skip
    (bound,) = values(observation, "volume")
    assert (bound["valueQuantity"]["comparator"], bound["valueQuantity"]["value"]) == ("<", 500)
    (density, _) = values(observation, "mean attenuation")
    assert density["valueQuantity"]["code"] == "[hnsf'U]"


def test_the_report_is_preliminary_and_says_what_is_proved_and_what_is_not() -> None:
    (report,) = resources(bundle(exported.result()), "DiagnosticReport")

    assert report["status"] == "preliminary"
    lines = report["conclusion"].splitlines()
    assert lines[0] == "Lung-RADS v2022 category: 4A, suspicious (proved from the findings)."
    assert "undetermined; possible: CT at 6 to 12 months" in lines[1]
    assert lines[-1].startswith("For research use only")
    (code,) = report["conclusionCode"]
    assert code["coding"][0]["code"] == "lung_rads.category=4A"


def test_software_version_and_the_hash_of_the_trace_stand_in_the_provenance() -> None:
    trace = exported.trace()
    data = bundle(exported.result(), trace)
    (provenance,) = resources(data, "Provenance")
    assert provenance["entity"][0]["what"]["identifier"]["value"] == trace.head
    (device,) = resources(data, "Device")
    assert device["version"][0]["value"]
    assert data["meta"]["security"][0]["code"] == "HRESCH"
    assert bundle(exported.result(), trace) == data


def test_nothing_contradicted_doubted_or_unknown_is_a_fact() -> None:
    data = bundle(exported.contradicted())
    observations = resources(data, "Observation")
    said = {
        o["code"]["text"]: o["valueCodeableConcept"]["text"]
        for o in observations
        if "valueCodeableConcept" in o
    }

    assert said == {
        "Pleural effusion": "absent",
        "Pulmonary edema": "possible",
        "Pneumothorax": "denied only as described",
        "Atelectasis": "probable",
    }
    unseen = [o for o in observations if "dataAbsentReason" in o]
    assert [o["code"]["text"] for o in unseen] == [
        "Not assessed: Rib fracture: nobody knows",
        "Not assessed: ct_detector: failed: out of memory",
    ]
    assert {o["status"] for o in unseen} == {"cancelled"}
    (report,) = resources(data, "DiagnosticReport")
    assert "Small left" not in report["conclusion"]
    assert "Contradicted and not used as fact: 1" in report["conclusion"]
    assert "“Small left pleural effusion” is excluded" in report["text"]["div"]


def test_an_impression_that_nothing_proves_is_not_coded_as_present() -> None:
    found = exported.finding("f1", "pneumonia", source="report_impression")
    (observation,) = resources(bundle(exported.result(found)), "Observation")
    value = observation["valueCodeableConcept"]
    assert value["text"] == "stated in the impression, not proved by the findings"
    assert not any(c["system"] == "http://snomed.info/sct" for c in value["coding"])


@pytest.mark.parametrize(
    ("status", "fields", "expected"),
    [
        ("failed", {"error": "the file is cut short"}, "cancelled"),
        ("needs_input", {"question": "Age of the patient?"}, "partial"),
    ],
)
def test_a_review_that_failed_or_waits_is_no_preliminary_report(
    status: str, fields: dict[str, Any], expected: str
) -> None:
    data = bundle(Result(id="c-1", status=status, **fields))
    (report,) = resources(data, "DiagnosticReport")
    assert report["status"] == expected
    assert next(iter(fields.values())) in report["text"]["div"]
    if status == "failed":
        assert "nothing was assessed" in report["conclusion"]


class Tags(HTMLParser):
    """The elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.seen.add(tag)


def test_sixty_findings_and_words_that_are_markup_stay_text() -> None:
    many = [
        exported.nodule(id_=f"f{n}", text=exported.MARKUP, location=exported.MARKUP)
        for n in range(60)
    ]
    data = bundle(exported.result(*many, id=exported.MARKUP))
    assert len(resources(data, "Observation")) == 60
    assert len({entry["fullUrl"] for entry in data["entry"]}) == len(data["entry"])
    (report,) = resources(data, "DiagnosticReport")
    tags = Tags()
    tags.feed(report["text"]["div"])
    assert tags.seen == {"div", "p", "b", "ul", "li"}
    (words,) = values(resources(data, "Observation")[0], "words")
    assert '<script>alert("x")</script> & ünïcode' in words["valueString"]
    assert "\x07" not in words["valueString"]


def test_nobody_can_tell_who_the_patient_is() -> None:
    (patient,) = resources(bundle(exported.result()), "Patient")
    assert patient == {"resourceType": "Patient", "gender": "female"}
