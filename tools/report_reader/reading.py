"""What the reader gives back."""

from dxtrace.clinical.base import Frozen
from dxtrace.clinical.finding import Finding


class Section(Frozen):
    """A part of a report.

    Attributes:
        name: canonical name: ``findings``, ``impression``, ``indication``, ``comparison``,
            ``technique``, ``exam``, ``history`` or ``body`` (text under no heading).
        start: offset of the first character after the heading.
        end: offset after the last character.
    """

    name: str
    start: int
    end: int


class ReportReading(Frozen):
    """Sections and findings of one report, in text order."""

    sections: tuple[Section, ...] = ()
    findings: tuple[Finding, ...] = ()
