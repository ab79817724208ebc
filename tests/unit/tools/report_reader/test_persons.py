"""A person's title is no examination."""

import pytest

from tests.unit.tools.report_reader.reading import found
from tools.report_reader import ReportReader


def modalities(reader: ReportReader, text: str) -> set[object]:
    return {f.attributes.get("modality") for f in found(reader, text, "exam")}


@pytest.mark.parametrize(
    "text",
    [
        "Mr. Smith has a nodule.",
        "Mr Smith was seen.",
        "Mr XXXXX has a nodule.",
        "MR. Smith has a nodule.",
        "MR. XXXXX is better.",
        "MR XXXXX denies pain.",
        "mr smith denies pain",
        "mr. jones reports pain",
        "I saw Mr.\nJones today.",
    ],
)
def test_a_title(reader: ReportReader, text: str) -> None:
    assert modalities(reader, text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "MR of the liver.",
        "MR liver.",
        "EXAM: MR. FINDINGS: Liver lesion of 2 cm.",
        "mr abdomen, 2 cm observation",
        "Liver MRI.",
        "MR shows a lesion.",
        "The MR is compared.",
        "Mr. Smith. EXAM: MR liver.",
    ],
)
def test_an_examination(reader: ReportReader, text: str) -> None:
    assert modalities(reader, text) == {"mr"}
