"""What a report does not say, asks or denies only in part stays open or partial."""

import pytest

from dxtrace.clinical import Presence
from tests.unit.tools.report_reader.reading import found
from tools.report_reader import ReportReader

NEW = "new_tumour_lesion"


@pytest.mark.parametrize(
    "text",
    [
        "Whether there are new lesions is unknown.",
        "It is not stated whether there are new lesions.",
        "The report does not say whether there are new lesions.",
        "The transferred report does not mention new lesions.",
        "It is unclear if there are new lesions.",
        "No mention of new lesions.",
    ],
)
def test_what_nobody_says_is_neither_present_nor_absent(reader: ReportReader, text: str) -> None:
    said = {f.presence for f in found(reader, text, NEW)}
    assert not said & {Presence.PRESENT, Presence.ABSENT}, said


@pytest.mark.parametrize("text", ["New lesions? No.", "New lesions? None.", "NEW LESIONS: none."])
def test_a_question_with_its_answer_is_a_denial(reader: ReportReader, text: str) -> None:
    assert {f.presence for f in found(reader, text, NEW)} == {Presence.ABSENT}


def test_a_question_answered_with_yes_is_a_finding(reader: ReportReader) -> None:
    assert {f.presence for f in found(reader, "New lesions? Yes.", NEW)} == {Presence.PRESENT}


def test_an_answer_after_a_comma_is_of_its_own_feature(reader: ReportReader) -> None:
    text = "22 mm liver observation with washout on delayed phase, capsule not seen."
    (one,) = found(reader, text, "liver_observation")
    assert one.attributes["nonperipheral_washout"] is True
    assert one.attributes["enhancing_capsule"] is False


def test_a_denial_at_one_place_leaves_the_other(reader: ReportReader) -> None:
    text = "Hard exudates in the far periphery. In the posterior pole no hard exudates."
    said = {f.presence for f in found(reader, text, "hard_exudates")}
    assert said == {Presence.PRESENT}


@pytest.mark.parametrize(
    "text", ["No cirrhosis, no prior HCC.", "Never had hepatocellular carcinoma."]
)
def test_a_denied_earlier_cancer_is_no_risk(reader: ReportReader, text: str) -> None:
    said = [f.attributes.get("hcc") for f in found(reader, text, "liver_risk")]
    assert True not in said
