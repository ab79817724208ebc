"""What a report says of each eye is no claim about the worse eye."""

import pytest

from dxtrace.clinical import Case, Report
from dxtrace.knowledge import load_knowledge
from tools.report_claims import ReportClaimReader
from tools.report_reader import ReportReader


@pytest.fixture(scope="module")
def claims() -> ReportClaimReader:
    knowledge = load_knowledge()
    return ReportClaimReader(knowledge, ReportReader(knowledge))


def grades(claims: ReportClaimReader, text: str) -> list[str | bool | None]:
    case = Case(id="c", reports=(Report(text=text),))
    return [c.value for c in claims.claims_of(case, ()) if c.concept == "icdr.grade"]


@pytest.mark.parametrize(
    "text",
    [
        "IMPRESSION: Moderate NPDR OD, severe NPDR OS.",
        "IMPRESSION: OD - moderate NPDR, OS - severe NPDR.",
        "IMPRESSION: 1. Mild NPDR, right eye. 2. Moderate NPDR, left eye.",
        "IMPRESSION: No proliferative retinopathy.",
    ],
)
def test_no_claim_about_the_worse_eye(claims: ReportClaimReader, text: str) -> None:
    assert grades(claims, text) == []


@pytest.mark.parametrize(
    "text", ["IMPRESSION: Moderate NPDR.", "IMPRESSION: Moderate NPDR, right eye."]
)
def test_a_single_statement_is_a_claim(claims: ReportClaimReader, text: str) -> None:
    assert grades(claims, text) == ["moderate"]
