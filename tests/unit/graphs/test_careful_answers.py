"""What a careful reader would not conclude, through the whole review."""

import pytest

from dxtrace.clinical import Case, Conclusion, Report, Result
from graphs import review


def reviewed(text: str, question: str | None = None) -> Result:
    return review(Case(id="c", reports=(Report(text=text),), question=question))


def conclusion(result: Result, concept: str) -> Conclusion:
    return next(c for c in result.answer.conclusions if c.concept == concept)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("FINDINGS: Likely pneumonia.", "indeterminate"),
        ("FINDINGS: 1. Possible pneumonia.", "indeterminate"),
        ("FINDINGS: Pneumonia is unlikely.", "indeterminate"),
        ("FINDINGS: Pneumonia in the right lower lobe.", "present"),
    ],
)
def test_likelihood_is_no_finding(text: str, value: str) -> None:
    result = reviewed(text, "Is there pneumonia?")
    assert conclusion(result, "pneumonia").value == value
    assert result.answer.text.startswith("Yes" if value == "present" else "Undetermined")


def test_a_feature_that_was_not_assessed_is_not_assumed_absent() -> None:
    said = "Cirrhosis. 15 mm observation in segment 5, nonrim APHE present. No washout. "
    rest = "No threshold growth. No tumour in vein."
    question = "LI-RADS category?"
    left_open = reviewed(f"{said}Capsule appearance: not evaluated. {rest}", question)
    denied = reviewed(f"{said}No capsule. {rest}", question)
    assert conclusion(left_open, "li_rads.category").possible == ("LR-3", "LR-4")
    assert conclusion(denied, "li_rads.category").value == "LR-3"


def test_an_interpretation_in_the_impression_does_not_change_what_the_body_decides() -> None:
    result = reviewed(
        "FINDINGS: Left eye: microaneurysms and dot haemorrhages, 5 per quadrant. No venous "
        "beading, IRMA, new vessels, vitreous or preretinal haemorrhage.\n"
        "IMPRESSION: Proliferative diabetic retinopathy of the left eye.",
        "ICDR grade?",
    )
    assert conclusion(result, "icdr.grade").value == "moderate"
    assert len(result.contradictions) == 1


def test_a_limited_denial_in_the_impression_contradicts_nothing() -> None:
    result = reviewed(
        "FINDINGS: Solid nodule in the right upper lobe, 7 x 7 mm.\n"
        "IMPRESSION: Solid nodule, none larger than 8 mm."
    )
    assert result.contradictions == ()


@pytest.mark.parametrize(("claimed", "contradicted"), [("7 mm", False), ("12 mm", True)])
def test_an_impression_may_round_a_size_but_not_change_it(claimed: str, contradicted: bool) -> None:
    result = reviewed(
        "FINDINGS: Solid nodule in the right upper lobe with a mean diameter of 7.4 mm.\n"
        f"IMPRESSION: {claimed} solid nodule in the right upper lobe."
    )
    assert bool(result.contradictions) is contradicted


def test_a_denial_after_a_list_denies_each_item_and_no_statement_before_it() -> None:
    listed = reviewed("FINDINGS: Effusion, pneumothorax and consolidation absent.")
    mixed = reviewed("FINDINGS: Right effusion, pneumothorax absent.")
    presence = {f.concept: f.presence.value for f in listed.findings}
    assert presence["pleural_effusion"] == presence["consolidation"] == "absent"
    assert {f.concept: f.presence.value for f in mixed.findings}["pleural_effusion"] == "present"
