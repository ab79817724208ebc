"""What the reader gives back."""

from dataclasses import dataclass
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class Recognised:
    """A stretch of text that the reader knows.

    Attributes:
        start: offset of its first character.
        end: offset behind its last.
        role: a concept's *name*, a *feature* of one, a *size*, a *place*, or a *word* of language.
        concept: the concept, of a name or a feature.
    """

    start: int
    end: int
    role: Literal["name", "feature", "size", "place", "word"]
    concept: str | None = None
