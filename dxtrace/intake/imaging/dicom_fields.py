"""Values of DICOM attributes, read so that a damaged one is merely absent."""

import math
from datetime import date, datetime

from pydicom import Dataset

from dxtrace.intake.imaging.dicom_dataset import DAMAGE

# Longer texts and lists are no header values that intake reads.
_LONGEST = 1024


def _value(dataset: Dataset, keyword: str) -> object:
    try:
        return dataset.get(keyword)
    except DAMAGE:
        return None


def text_of(dataset: Dataset, keyword: str) -> str:
    """The value as text; empty if it is absent or damaged."""
    value = _value(dataset, keyword)
    try:
        return "" if value is None else str(value)[:_LONGEST].strip(" \0")
    except DAMAGE:
        return ""


def words_of(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """The values of a coded text as upper-case words."""
    value = _value(dataset, keyword)
    if value is None:
        return ()
    try:
        values = [value] if isinstance(value, str) else list(value)  # type: ignore[call-overload]
        return tuple(str(v).strip().upper() for v in values[:_LONGEST])
    except DAMAGE:
        return ()


def numbers_of(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """Exactly ``count`` finite numbers, or None."""
    value = _value(dataset, keyword)
    try:
        values = [value] if isinstance(value, int | float | str) else list(value)  # type: ignore[call-overload]
        found = tuple(float(v) for v in values[: count + 1])
    except DAMAGE:
        return None
    return found if len(found) == count and all(map(math.isfinite, found)) else None


def whole_of(dataset: Dataset, keyword: str) -> int | None:
    """A whole number, or None."""
    found = numbers_of(dataset, keyword, 1)
    return int(found[0]) if found is not None else None


def day_of(dataset: Dataset, keyword: str) -> date | None:
    """The value as a day; None if it is none."""
    try:
        stated = text_of(dataset, keyword)
        return datetime.strptime(stated, "%Y%m%d").date()  # noqa: DTZ007 - DICOM dates have no zone
    except ValueError:
        return None
