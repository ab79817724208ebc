"""Names and numbers of a DICOM header, masked in the text of its report wherever they stand."""

from __future__ import annotations

import calendar
import re

from pydicom import Dataset

from dxtrace.intake.imaging.dicom_fields import day_of, text_of
from dxtrace.intake.known_names import hash_words, mask_known_names

_NAMES = (
    "PatientName", "OtherPatientNames", "PatientID", "PatientBirthDate", "AccessionNumber",
    "ReferringPhysicianName", "PerformingPhysicianName", "NameOfPhysiciansReadingStudy",
    "OperatorsName",
)  # fmt: skip
_LETTERS = re.compile(r"[^\W_]")


def mask_header_names(text: str, dataset: Dataset) -> str:
    """The text, names and numbers of the header replaced by ``X``; its length stays.

    The patient's day of birth is known in the forms in which people write a date.
    """
    names = (hash_words(text_of(dataset, keyword)) for keyword in _NAMES)
    masked = mask_known_names(text, frozenset[str]().union(*names))
    born = day_of(dataset, "PatientBirthDate")
    if born is None:
        return masked
    year, month, day = born.year, f"0?{born.month}", f"0?{born.day}"
    named = rf"(?:{calendar.month_name[born.month]}|{calendar.month_abbr[born.month]}\.?)"
    ways = (
        rf"{year}[-./ ]?{month}[-./ ]?{day}", rf"{day}[-./ ]{month}[-./ ]{year}",
        rf"{month}[-./ ]{day}[-./ ]{year}", rf"{day}\.? {named},? {year}",
        rf"{named} {day},? {year}",
    )  # fmt: skip
    date = re.compile(rf"(?<!\d)(?:{'|'.join(ways)})(?!\d)", re.IGNORECASE)
    return date.sub(lambda found: _LETTERS.sub("X", found[0]), masked)
