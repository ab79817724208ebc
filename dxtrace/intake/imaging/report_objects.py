"""Reports among DICOM files, as text: Structured Reports and PDF (PS3.3 A.35 and A.45.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset

from dxtrace.clinical import Report
from dxtrace.documents.errors import UnreadableDocument
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.imaging.dicom_dataset import DAMAGE, read_header, read_object
from dxtrace.intake.imaging.dicom_fields import day_of, text_of
from dxtrace.intake.imaging.dicom_header import patient_reading_of
from dxtrace.intake.imaging.header_names import mask_header_names
from dxtrace.intake.imaging.reading import ImageReading
from dxtrace.intake.imaging.structured_report import REPORT_CLASSES, report_text
from dxtrace.intake.limits import IntakeLimits
from dxtrace.intake.report_text import prepare_report_text

_PDF_CLASS = "1.2.840.10008.5.1.4.1.1.104.1"
_PDF_SECONDS = 120
# What a parser says of damage may quote the file.
_QUOTED = re.compile(r" \(\w+: .*\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ReportObject:
    """A report that is kept as a DICOM object.

    Attributes:
        text: its words, de-identified.
        notes: what a reader should know of how it was read.
    """

    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundReport:
    """A report among files.

    Attributes:
        report: the report.
        about: whose it is, and of which study.
        notes: what a reader should know of how it was read.
    """

    report: Report
    about: ImageReading
    notes: tuple[str, ...] = ()


def read_report_object(path: Path, limits: IntakeLimits) -> FoundReport | None:
    """Read a DICOM file that may be a report; None if it is none.

    Args:
        path: the file, or a file in an archive.
        limits: what is accepted.

    Raises:
        IntakeError: if it is a report that cannot be read.
    """
    kind = text_of(read_header(path, limits, ("SOPClassUID",)), "SOPClassUID")
    if kind != _PDF_CLASS and kind not in REPORT_CLASSES:
        return None
    most = min(limits.max_pdf_bytes, limits.max_image_bytes)
    dataset = read_object(path, limits.model_copy(update={"max_image_bytes": most}))
    found = report_of(dataset, limits)
    if found is None:
        return None
    day = day_of(dataset, "StudyDate") or day_of(dataset, "ContentDate")
    return FoundReport(Report(text=found.text, day=day), patient_reading_of(dataset), found.notes)


def report_of(dataset: Dataset, limits: IntakeLimits) -> ReportObject | None:
    """The report that an object is, de-identified; None if it is none.

    A PDF is read in a process of its own, with a limit of memory and time.

    Args:
        dataset: any object.
        limits: what is accepted.

    Raises:
        IntakeError: if it is a report that cannot be read, such as a PDF without text.
    """
    kind = text_of(dataset, "SOPClassUID")
    if kind == _PDF_CLASS:
        text, notes = _pdf_text(dataset, limits)
    elif kind in REPORT_CLASSES:
        text, notes = report_text(dataset, limits.max_report_chars), ()
        if not text:
            raise IntakeError("a structured report without text")
    else:
        return None
    return ReportObject(mask_header_names(prepare_report_text(text, limits), dataset), notes)


def _pdf_text(dataset: Dataset, limits: IntakeLimits) -> tuple[str, tuple[str, ...]]:
    # Only a case with such a report needs it.
    from dxtrace.documents.reader import read_pdf_lines_apart

    try:
        content = dataset.get("EncapsulatedDocument")
    except DAMAGE:
        content = None
    if not isinstance(content, bytes) or not content.strip(b"\0"):
        raise IntakeError("a report kept as PDF holds no document")
    if len(content) > limits.max_pdf_bytes:
        raise IntakeError(
            f"a report kept as PDF: expected at most {limits.max_pdf_bytes:,} bytes, got "
            f"{len(content):,}"
        )
    try:
        read = read_pdf_lines_apart(content, _PDF_SECONDS)
    except UnreadableDocument as error:
        said = _QUOTED.sub("", str(error))
        raise IntakeError(f"a report kept as PDF is not read: {said}") from None
    text = "\n\n".join(block.text for block in read.blocks if block.kind == "paragraph")
    return text, tuple(f"a report kept as PDF: {note}" for note in read.notes)
