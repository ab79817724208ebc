"""The lesions that a reader found in a report, each with all that was said of it."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from dxtrace.clinical import Context, Finding, Presence
from tests.unit.tools.report_reader.reading import found
from tools.report_reader import ReportReader

Description = dict[str, Any]
_SIZES = {
    "size": ("diameter", "long_axis", "mean_diameter", "largest_dimension"),
    "short": ("short_axis",),
    "solid": ("solid_diameter", "solid_long_axis"),
    "prior": ("prior_diameter", "prior_long_axis"),
}


class LesionSet(NamedTuple):
    """A report, the concept that is counted, its lesions and what none of them may be."""

    concept: str
    report: str
    lesions: list[Description]
    never: list[Description]


def read_sets() -> list[LesionSet]:
    """The table of ``lesion_sets.yaml``."""
    text = Path(__file__).with_name("lesion_sets.yaml").read_text(encoding="utf-8")
    return [
        LesionSet(concept, row["report"], row["lesions"], row.get("never", []))
        for concept, rows in yaml.safe_load(text).items()
        for row in rows
    ]


def lesions_in(reader: ReportReader, case: LesionSet) -> list[Description]:
    """What was read of each lesion: every value that any statement gives."""
    lesions: dict[str, Description] = {}
    for finding in found(reader, case.report, case.concept):
        there = finding.presence is Presence.PRESENT and finding.context is Context.CURRENT
        if there:
            _add(lesions.setdefault(finding.lesion or finding.id, {}), finding)
    return list(lesions.values())


def _add(lesion: Description, finding: Finding) -> None:
    for key, kinds in _SIZES.items():
        for measurement in finding.measurements:
            if measurement.kind in kinds and measurement.value is not None:
                lesion.setdefault(key, set()).add(float(measurement.value))
    stated = {**finding.attributes, "place": finding.location,
              "side": finding.laterality.value if finding.laterality else None}  # fmt: skip
    for key, value in stated.items():
        if value not in (None, ()):
            lesion.setdefault(key, set()).add(value)


def fits(lesion: Description, expected: Description) -> bool:
    """Whether a lesion is as described; ``null`` means that nothing may be said of it."""
    return all(_agrees(key, lesion.get(key, set()), value) for key, value in expected.items())


def _agrees(key: str, read: set[Any], value: Any) -> bool:
    if value is None:
        return not read
    if key == "place":
        return any(value in words for words in read)
    return read == set(value if isinstance(value, list) else [value])


def is_chimera(lesion: Description, never: Description) -> bool:
    """Whether a lesion has all values of a description that it may not be."""
    return all(
        any(v in r if k == "place" else v == r for r in lesion.get(k, ())) for k, v in never.items()
    )


def mismatch(lesions: list[Description], case: LesionSet) -> str | None:
    """What is wrong with the lesions read; None if they are those of the table."""
    if len(lesions) != len(case.lesions):
        return f"{len(lesions)} lesions instead of {len(case.lesions)}: {lesions}"
    left = list(lesions)
    for expected in case.lesions:
        fitting = next((x for x in left if fits(x, expected)), None)
        if fitting is None:
            return f"none is {expected}: {left}"
        left.remove(fitting)
    merged = [x for x in lesions if any(is_chimera(x, n) for n in case.never)]
    return f"taken from two lesions: {merged}" if merged else None
