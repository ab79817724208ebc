"""A case as the index keeps it, and which cases are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from dxtrace.clinical import Finding
from dxtrace.clinical.base import Frozen, Number

_RADIOGRAPHS = ("CR", "DX", "RG")
_REGIONS = (("chest", "heart"), ("abdomen", "pelvis"))


def _together(word: str, groups: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return next((group for group in groups if word in group), (word,))


class CaseRecord(Frozen):
    """A case of the index.

    Attributes:
        id: what its owner calls it; it may name somebody, and is shown to nobody else.
        source: where it is from; no two records have the same. It is its owner's, too.
        shown: what it is called before others: the id of a public collection, or else a number that
            the index gives when it is added.
        title: the same in words, of a public collection; empty if there is none.
        link: path of the file or folder that it is read from, for its owner; empty if there is
            none.
        modality: DICOM modality; None if nobody knows.
        body_part: body part, in lower case; None if nobody knows.
        age: years; None if unknown.
        sex: M, F or O; None if unknown.
        report: the text of its reports.
        findings: what was read and found.
        implied: ids of those that only follow from a denial of something wider.
        identities: what tells whose case and which study it is: names of files, hashes. They are
            hashed again, with a secret of the index, before they are kept.
    """

    id: str = Field(min_length=1)
    source: str = Field(min_length=1)
    shown: str = ""
    title: str = ""
    link: str = ""
    modality: str | None = None
    body_part: str | None = None
    age: Number | None = None
    sex: Literal["M", "F", "O"] | None = None
    report: str = ""
    findings: tuple[Finding, ...] = ()
    implied: tuple[str, ...] = ()
    identities: frozenset[str] = Field(default=frozenset(), exclude=True)

    @property
    def stated(self) -> tuple[Finding, ...]:
        """The findings that its reports or experts state themselves."""
        return tuple(f for f in self.findings if f.id not in self.implied)


class Neighbour(Frozen):
    """A case of the index beside one that is asked about.

    Attributes:
        record: the case.
        likeness: what cases are ordered by, from 0 to 1; no probability.
        parts: how much of it comes from findings, words, text and image.
        ranks: its place by each of these alone, where it has one.
    """

    record: CaseRecord
    likeness: float
    parts: dict[str, float] = Field(default_factory=dict)
    ranks: dict[str, int] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Added:
    """What adding has changed.

    Attributes:
        new: cases that were not there.
        changed: cases that were there with other content.
        same: cases that were there.
    """

    new: int = 0
    changed: int = 0
    same: int = 0

    def __add__(self, other: Added) -> Added:
        return Added(self.new + other.new, self.changed + other.changed, self.same + other.same)


class CaseFilter(Frozen):
    """Which cases may be found; a field that is None allows all.

    A case of which a field is unknown is not found by a filter on that field.

    Attributes:
        modality: DICOM modality; those of plain radiographs (CR, DX, RG) stand for each other.
        body_part: body part, in any case of letters.
        sex: M, F or O.
        age: youngest and oldest, in years.
    """

    modality: str | None = None
    body_part: str | None = None
    sex: Literal["M", "F", "O"] | None = None
    age: tuple[float, float] | None = None

    def condition(self) -> tuple[str, tuple[object, ...]]:
        """The filter as a condition on the table ``cases``, and its values."""
        parts: list[str] = []
        values: list[object] = []
        if self.modality is not None:
            alike = _together(self.modality.upper(), (_RADIOGRAPHS,))
            parts.append(f"cases.modality IN ({','.join('?' * len(alike))})")
            values += alike
        for name, wanted in (
            ("body_part", self.body_part and self.body_part.lower()),
            ("sex", self.sex),
        ):
            if wanted is not None:
                parts.append(f"cases.{name} = ?")
                values.append(wanted)
        if self.age is not None:
            parts.append("cases.age BETWEEN ? AND ?")
            values += self.age
        return " AND ".join(parts) or "1", tuple(values)

    def beside(self, case: CaseRecord) -> tuple[str, tuple[object, ...]]:
        """The same, without cases of another part of the body, unless one is asked for.

        Args:
            case: the case that is asked about.
        """
        condition, values = self.condition()
        if self.body_part is not None or case.body_part is None:
            return condition, values
        parts = _together(case.body_part, _REGIONS)
        marks = ",".join("?" * len(parts))
        same = f"(cases.body_part IS NULL OR cases.body_part IN ({marks}))"
        return f"{condition} AND {same}", (*values, *parts)
