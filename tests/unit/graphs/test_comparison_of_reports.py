"""What changed between two reports: by sizes, by words, by what is there now and was not."""

import pytest

from dxtrace.clinical import Case, Report
from graphs import review

_NOW = "CT chest. FINDINGS: 9 mm nodule in the right upper lobe."


def answer(question: str, now: str, before: str) -> str:
    reports = (Report(text=now), Report(text=before, is_prior=True))
    return review(Case(id="c", reports=reports, question=question)).answer.text


def test_what_came_and_what_went() -> None:
    words = answer(
        "What changed since the prior?",
        "No pneumothorax. New small right pleural effusion. Heart enlarged.",
        "Right pneumothorax. No effusion. Heart enlarged.",
    )
    assert "pneumothorax: resolved" in words
    assert "pleural effusion: new" in words
    assert "cardiomegaly" not in words


@pytest.mark.parametrize(
    ("before", "begins"),
    [
        ("CT chest. 5 mm nodule in the right upper lobe.", "Yes: pulmonary nodule increased"),
        ("CT chest. 9 mm nodule in the right upper lobe.", "No: pulmonary nodule unchanged"),
        ("CT chest. 5 mm nodule in the left lower lobe.", "Undetermined"),
        ("CT chest. 5 mm nodule in the right upper lobe, 4 mm nodule in the right upper lobe.",
         "Undetermined"),
    ],
)  # fmt: skip
def test_only_the_same_nodule_is_compared(before: str, begins: str) -> None:
    assert answer("Has the nodule grown?", _NOW, before).startswith(begins)
