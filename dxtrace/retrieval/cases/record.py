"""A case as the index keeps it, and which cases are asked for."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dxtrace.clinical import Finding
from dxtrace.clinical.base import Frozen, Number

_RADIOGRAPHS = ("CR", "DX", "RG")


def _alike(modality: str) -> tuple[str, ...]:
    return _RADIOGRAPHS if modality in _RADIOGRAPHS else (modality,)


class CaseRecord(Frozen):
    """A case of the index.

    Attributes:
        id: the case's id.
        source: where it is from; no two records have the same.
        title: the same in words.
        link: path of the file that the report is read from; empty if there is none.
        modality: DICOM modality; None if nobody knows.
        body_part: body part, in lower case; None if nobody knows.
        age: years; None if unknown.
        sex: M, F or O; None if unknown.
        report: the text of its reports.
        findings: what was read and found.
        identities: what tells whose case and which study it is: names of files, hashes. They are
            hashed again, with a secret of the index, before they are kept.
    """

    id: str = Field(min_length=1)
    source: str = Field(min_length=1)
    title: str = ""
    link: str = ""
    modality: str | None = None
    body_part: str | None = None
    age: Number | None = None
    sex: Literal["M", "F", "O"] | None = None
    report: str = ""
    findings: tuple[Finding, ...] = ()
    identities: frozenset[str] = Field(default=frozenset(), exclude=True)


class Neighbour(Frozen):
    """A case of the index beside one that is asked about.

    Attributes:
        record: the case.
        likeness: what cases are ordered by; a sum of likenesses, no probability.
        parts: how much of it comes from findings, words, text and image.
        ranks: its place by each of these alone, where it has one.
    """

    record: CaseRecord
    likeness: float
    parts: dict[str, float] = Field(default_factory=dict)
    ranks: dict[str, int] = Field(default_factory=dict)


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
            alike = _alike(self.modality.upper())
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
