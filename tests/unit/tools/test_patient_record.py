"""The structured part of a case: what was said, what was asked, and what nobody wrote."""

from typing import Any

import pytest

from dxtrace.clinical import Case, Finding, Patient
from graphs import review
from graphs.workbench import default_workbench
from tests.unit.graphs.benches import report_case
from tools.patient_record import PatientRecordReader

NODULE = "FINDINGS: CT chest. There is a 7 mm solid nodule in the right upper lobe."
QUESTION = "What follow-up does the Fleischner Society recommend?"


def risk(*stated: str) -> list[Finding]:
    bench = default_workbench()
    case = Case(id="c", patient=Patient(risk_factors=stated))
    return list(PatientRecordReader(bench.knowledge, bench.reader).run(case))


def test_no_risk_factors_is_a_fact_without_words() -> None:
    assert ("lung_cancer_risk", {"no_risk_factors": True}) in [
        (f.concept, f.attributes) for f in risk()
    ]
    assert {f.text for f in risk()} == {""}


def test_what_was_written_is_quoted() -> None:
    assert all(f.text for f in risk("heavy smoker"))


def test_an_answer_does_not_quote_what_nobody_wrote() -> None:
    patient = Patient(age=60, risk_factors=())
    text = review(report_case(NODULE, QUESTION, patient=patient)).answer.text
    assert "no risk factors" in text.lower()
    assert "“No risk factors" not in text


@pytest.mark.parametrize("stated", [("History of appendicitis",), None])
def test_a_history_of_something_else_leaves_the_risk_open(stated: Any) -> None:
    patient = Patient(age=60, risk_factors=stated)
    result = review(report_case(NODULE, QUESTION, patient=patient))
    assert result.answer.conclusions[0].value is None
