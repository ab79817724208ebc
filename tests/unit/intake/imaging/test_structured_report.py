"""Structured reports as text."""

import pytest
from pydicom import Dataset

from dxtrace.intake import IntakeLimits
from dxtrace.intake.imaging.report_objects import report_of
from dxtrace.intake.imaging.structured_report import report_text
from tests.unit.small_reports import code, content, section, structured_report

LONGEST = 10_000


def test_containers_become_headings_in_their_order() -> None:
    report = structured_report(
        section("Findings", "Heart is normal.", "No effusion."),
        section("Impressions", "Normal study."),
    )
    assert report_text(report, LONGEST) == (
        "FINDINGS:\nHeart is normal.\nNo effusion.\n\nIMPRESSIONS:\nNormal study."
    )


def test_texts_codes_and_numbers_are_said_with_their_names() -> None:
    unit, measured = code("millimeter", "mm"), Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = "7", [unit]
    report = structured_report(
        content("TEXT", "Impression", TextValue="A nodule."),
        content(
            "CONTAINER", "Findings",
            ContentSequence=[
                content("NUM", "Diameter", MeasuredValueSequence=[measured]),
                content("CODE", "Finding site", ConceptCodeSequence=[code("Right upper lobe")]),
            ],
        ),
    )  # fmt: skip
    assert report_text(report, LONGEST) == (
        "IMPRESSION: A nodule.\n\nFINDINGS:\nDiameter: 7 mm\nFinding site: Right upper lobe"
    )


def test_who_observed_is_no_part_of_the_text() -> None:
    observer = content(
        "PNAME", "Person Observer Name", "HAS OBS CONTEXT", PersonName="House^Gregory"
    )
    language = content("CODE", "Language", "HAS CONCEPT MOD", ConceptCodeSequence=[code("English")])
    report = structured_report(observer, language, section("Findings", "No effusion."))
    assert report_text(report, LONGEST) == "FINDINGS:\nNo effusion."


def test_names_and_numbers_of_the_header_are_masked_in_the_text() -> None:
    said = "Mrs Doe (JANE DOE, MRN-4711, ACC-99) was seen by Dr House. A doe is a deer, houses not."
    found = report_of(structured_report(section("Findings", said)), IntakeLimits())
    assert found is not None
    text = found.text
    assert "4711" not in text
    assert "House." not in text
    assert "Mrs XXX (XXXX XXX, XXX-XXXX" in text
    assert "houses not" in text


@pytest.mark.parametrize("kind", ["1.2.840.10008.5.1.4.1.1.88.67", "1.2.840.10008.5.1.4.1.1.2", ""])
def test_lists_of_doses_and_images_are_no_reports(kind: str) -> None:
    report = structured_report(section("Findings", "No effusion."))
    report.SOPClassUID = kind
    assert report_text(report, LONGEST) == ""


def test_hostile_trees_end() -> None:
    deep = section("Findings", "bottom")
    for _ in range(200):
        deep = content("CONTAINER", "Findings", ContentSequence=[deep])
    assert "bottom" not in report_text(structured_report(deep), LONGEST)
    wide = section("Findings", *(f"line {n}" for n in range(8000)))
    assert len(report_text(structured_report(wide), LONGEST)) <= LONGEST
    assert report_text(structured_report(), LONGEST) == ""
    broken = structured_report(content("TEXT", "Finding"), content("NUM", "Size"), Dataset())
    assert report_text(broken, LONGEST) == ""
