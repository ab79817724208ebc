"""Two cases side by side: only what the reports state, and who says both of a finding."""

import pytest

from dxtrace.clinical import Finding, FindingComparison
from dxtrace.knowledge import load_knowledge
from dxtrace.retrieval.cases.compare import compare_findings
from tests.unit.retrieval.cases.small_cases import finding

VOCABULARY = load_knowledge().vocabulary
HEART = finding("cardiomegaly")
NO_HEART = finding("cardiomegaly", "absent")


def compared(here: list[Finding], there: list[Finding]) -> FindingComparison:
    (comparison,) = compare_findings(here, there, VOCABULARY)
    return comparison


@pytest.mark.parametrize(
    ("here", "there", "who"),
    [
        ([HEART], [HEART, NO_HEART], "that case"),
        ([HEART, NO_HEART], [HEART], "this case"),
        ([HEART, NO_HEART], [HEART, NO_HEART], "this case and that case"),
        ([], [HEART, NO_HEART], "that case"),
    ],
)
def test_a_case_that_contradicts_itself_shares_nothing_but_says_both(
    here: list[Finding], there: list[Finding], who: str
) -> None:
    found = compared(here, there)
    assert (found.standing, found.says_both) == ("both", who)
    assert "says both: absent; present" in {found.here, found.there}


@pytest.mark.parametrize(
    "there",
    [
        [finding("pleural_effusion", side="left"), finding("pleural_effusion", "absent", "right")],
        [finding("pleural_effusion"), finding("pleural_effusion", "absent",
                                              attributes={"size": "large"})],
        [finding("pleural_effusion", "indeterminate"), finding("pleural_effusion", "absent")],
    ],
)  # fmt: skip
def test_a_denial_of_another_side_or_size_contradicts_nothing(there: list[Finding]) -> None:
    assert compared([finding("pleural_effusion")], there).says_both == ""


def test_a_denial_of_one_side_contradicts_both_sides() -> None:
    there = [
        finding("pleural_effusion", side="bilateral"), finding("pleural_effusion", "absent", "left")
    ]  # fmt: skip
    assert compared([], there).says_both == "that case"
