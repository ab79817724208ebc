"""Bundles that DxTrace has written, read again: the same findings, the same conclusions."""

import json
from pathlib import Path
from typing import Any

import pytest

from dxtrace.clinical import Case, Presence, Source, VerdictKind
from dxtrace.intake import IntakeError, check_case, read_case
from dxtrace.knowledge import load_knowledge
from dxtrace.reporting.fhir_report import encode_fhir_report
from graphs import review_with_trace
from tests.unit.reporting import exported

EXAMPLES = Path(__file__).parents[3] / "examples"


def write(bundle: str, folder: Path) -> Path:
    path = folder / "bundle.json"
    path.write_text(bundle, encoding="utf-8")
    return path


def exported_bundle(result: Any) -> str:
    return encode_fhir_report(result, case=None, knowledge=load_knowledge(), trace=exported.trace())


def conclusions(case: Case) -> dict[str, tuple[VerdictKind, object, object]]:
    result = review_with_trace(case).result
    return {c.concept: (c.verdict, c.value, c.possible) for c in result.answer.conclusions}


@pytest.mark.parametrize(
    "example", ["chest_ct_report.txt", "thyroid", "chest_radiograph_report.txt"]
)
def test_a_review_of_what_was_exported_concludes_the_same(example: str, tmp_path: Path) -> None:
    case = check_case(read_case(EXAMPLES / example).case, load_knowledge())
    run = review_with_trace(case)
    text = encode_fhir_report(run.result, case=case, knowledge=load_knowledge(), trace=run.trace)

    back = read_case(write(text, tmp_path))
    again = check_case(back.case, load_knowledge()).model_copy(update={"question": case.question})

    assert "a review by DxTrace: its findings are read, conclusions are drawn anew" in back.notes
    assert again.reports == ()
    assert conclusions(again) == conclusions(case)


def test_a_finding_comes_back_as_it_was(tmp_path: Path) -> None:
    given = exported.nodule(text="a nodule")
    back = read_case(write(exported_bundle(exported.result(given)), tmp_path)).case

    (found,) = check_case(back, load_knowledge()).findings
    assert found.measurements == given.measurements
    assert found.attributes == given.attributes
    assert (found.laterality, found.location) == (given.laterality, given.location)
    assert (found.lesion, found.text, found.source) == ("n1", "a nodule", Source.TOOL)


def test_what_is_doubted_or_denied_in_part_does_not_become_certain(tmp_path: Path) -> None:
    back = read_case(write(exported_bundle(exported.contradicted()), tmp_path)).case
    by_concept = {f.concept: f for f in back.findings}

    assert set(by_concept) == {
        "pleural_effusion", "pulmonary_edema", "pneumothorax", "atelectasis",
    }  # fmt: skip
    assert by_concept["pleural_effusion"].presence is Presence.ABSENT
    assert by_concept["pulmonary_edema"].presence is Presence.INDETERMINATE
    assert by_concept["pneumothorax"].is_partial_denial
    assert by_concept["atelectasis"].is_doubted


def test_what_was_not_proved_is_no_fact_after_it_came_back(tmp_path: Path) -> None:
    given = exported.result(
        exported.finding("f1", "pneumonia", source="report_impression"),
        exported.finding("f2", "pneumothorax", "absent", source="report_impression"),
    )
    stated, denied = read_case(write(exported_bundle(given), tmp_path)).case.findings
    assert stated.is_doubted
    assert denied.presence is Presence.UNKNOWN


def damaged(change: Any) -> str:
    data = json.loads(exported_bundle(exported.result()))
    (observation,) = [
        e["resource"] for e in data["entry"] if e["resource"]["resourceType"] == "Observation"
    ]
    change(observation)
    return json.dumps(data)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda o: o.pop("valueCodeableConcept"), "expected one of present"),
        (lambda o: o["valueCodeableConcept"]["coding"].pop(), "expected one of present"),
        (lambda o: o["component"].append("text"), "as DxTrace writes it"),
        (lambda o: o.update(component=7), "as DxTrace writes it"),
        (lambda o: o["component"][1]["valueQuantity"].update(value="ten"), "expected a number"),
        (lambda o: o["component"][1]["valueQuantity"].pop("code"), "as DxTrace writes it"),
        (lambda o: o["component"][2]["valueRange"]["low"].update(value=99), "low <= high"),
    ],
)
def test_a_damaged_finding_is_refused_by_name(change: Any, why: str, tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match=why) as refused:
        read_case(write(damaged(change), tmp_path))
    assert "pulmonary_nodule" in str(refused.value)


def test_a_concept_of_another_version_is_refused_by_the_vocabulary(tmp_path: Path) -> None:
    def rename(observation: dict[str, Any]) -> None:
        observation["code"]["coding"][-1]["code"] = "pulmonary_nodul"

    case = read_case(write(damaged(rename), tmp_path)).case
    with pytest.raises(IntakeError, match="unknown concept 'pulmonary_nodul'"):
        check_case(case, load_knowledge())


def test_a_review_that_failed_brings_no_case(tmp_path: Path) -> None:
    failed = exported.result(status="failed", error="cut short")
    with pytest.raises(IntakeError, match="expected a DiagnosticReport"):
        read_case(write(exported_bundle(failed), tmp_path))
