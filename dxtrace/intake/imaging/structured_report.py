"""The text of a report that is kept as a DICOM Structured Report (PS3.3 C.17.3, TID 2000)."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom import Dataset

from dxtrace.intake.imaging.dicom_dataset import DAMAGE
from dxtrace.intake.imaging.dicom_fields import text_of

REPORT_CLASSES = frozenset((
    "1.2.840.10008.5.1.4.1.1.88.11",  # Basic Text
    "1.2.840.10008.5.1.4.1.1.88.22",  # Enhanced
    "1.2.840.10008.5.1.4.1.1.88.33",  # Comprehensive
    "1.2.840.10008.5.1.4.1.1.88.34",  # Comprehensive 3D
    "1.2.840.10008.5.1.4.1.1.88.35",  # Extensible
))  # fmt: skip
"""Objects that a person reads as a report; lists of doses, key images and procedures are none."""
# Who observed, in which language, when: what these say is about the report, not the patient.
_ABOUT_THE_REPORT = frozenset(("HAS OBS CONTEXT", "HAS ACQ CONTEXT", "HAS CONCEPT MOD"))
_DEEPEST, _MOST_ITEMS = 16, 5_000


def report_text(dataset: Dataset, longest: int) -> str:
    """The text of a report, a heading for each container; empty if it is no report.

    A review that DxTrace has written is none: it would become evidence for itself.

    Names are in it as they were written.

    Args:
        dataset: any object.
        longest: characters at most; what comes after them is cut off.
    """
    if text_of(dataset, "SOPClassUID") not in REPORT_CLASSES or _is_own(dataset):
        return ""
    lines: list[str] = []
    length = 0
    for line in _lines(dataset, depth=0, budget=[_MOST_ITEMS]):
        length += len(line) + 1
        if length > longest:
            break
        lines.append(line)
    return "\n".join(lines).strip()


def _is_own(dataset: Dataset) -> bool:
    return text_of(dataset, "Manufacturer") == "DxTrace"


def _lines(item: Dataset, *, depth: int, budget: list[int]) -> Iterator[str]:
    """The lines of what an item contains; ``budget`` is how many items are still looked at."""
    if depth > _DEEPEST:
        return
    for child in _children(item):
        budget[0] -= 1
        if budget[0] < 0:
            return
        if text_of(child, "RelationshipType") in _ABOUT_THE_REPORT:
            continue
        name = _meaning(child, "ConceptNameCodeSequence")
        if text_of(child, "ValueType") == "CONTAINER":
            yield ""
            if name:
                yield f"{name.upper()}:"
        else:
            said = _said(child)
            alone = name.lower().rstrip("s") in {"finding", "impression", "conclusion", ""}
            heading = f"{name.upper()}: " if depth == 0 and name else ""
            if said:
                yield heading + said if alone or heading else f"{name}: {said}"
        yield from _lines(child, depth=depth + 1, budget=budget)


def _children(item: Dataset) -> list[Dataset]:
    try:
        return list(item.get("ContentSequence") or ())
    except DAMAGE:
        return []


def _said(item: Dataset) -> str:
    """The value of an item that says something in words, codes or numbers."""
    kind = text_of(item, "ValueType")
    if kind == "TEXT":
        return _whole_text(item)
    if kind == "CODE":
        return _meaning(item, "ConceptCodeSequence")
    if kind == "NUM":
        measured = _first(item, "MeasuredValueSequence")
        if measured is not None:
            unit = _first(measured, "MeasurementUnitsCodeSequence")
            words = (text_of(measured, "NumericValue"), text_of(unit, "CodeValue") if unit else "")
            return " ".join(w for w in words if w and w != "1")
    return ""


def _whole_text(item: Dataset) -> str:
    """A text may be longer than any header value."""
    try:
        value = item.get("TextValue")
        return "" if value is None else str(value).strip(" \0")
    except DAMAGE:
        return ""


def _meaning(item: Dataset, keyword: str) -> str:
    code = _first(item, keyword)
    return text_of(code, "CodeMeaning") if code is not None else ""


def _first(item: Dataset, keyword: str) -> Dataset | None:
    try:
        sequence = item.get(keyword)
        return sequence[0] if sequence else None
    except DAMAGE:
        return None
