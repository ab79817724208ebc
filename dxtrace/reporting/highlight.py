"""Report text cut into pieces, each with the findings that rest on its words."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from dxtrace.clinical import CheckedClaim, Finding, VerdictKind

_SENTENCE_END = re.compile(
    r"(?<=[.;:!?])\s+|\n\s*\n|\n\s*(?=\d+[.)]|[-*•])|(?:^|(?<=\s))\d+[.)]\s+"
)
_QUOTE_REACH = 300


@dataclass(frozen=True, slots=True)
class Mark:
    """Words of a report that something rests on.

    Attributes:
        start: first character.
        end: one past the last.
        id: the finding or the contradicted claim.
        look: ``present``, ``absent``, ``indeterminate``, ``unknown``, ``normal`` (a statement that
            something is as it should be) or ``context``; None for a contradicted claim.
    """

    start: int
    end: int
    id: str
    look: str | None


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text under the same marks.

    Attributes:
        text: the words.
        findings: ids of the findings that rest on them, narrowest first.
        look: of the first of these.
        begins: ids of findings whose (first) words begin here.
        ends: whether the words of the first finding end here.
        claim: id of a contradicted claim that covers them.
    """

    text: str
    findings: tuple[str, ...] = ()
    look: str | None = None
    begins: tuple[str, ...] = ()
    ends: bool = False
    claim: str | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence with the words in it that are meant.

    Attributes:
        before: what comes before them in the sentence.
        words: the words.
        after: what comes after.
    """

    before: str
    words: str
    after: str


def quote_sentence(text: str, span: tuple[int, int]) -> Quote:
    """The sentence of a report that holds a span."""
    start, end = span
    before = _SENTENCE_END.split(text[max(0, start - _QUOTE_REACH) : start])[-1]
    after = _SENTENCE_END.split(text[end : end + _QUOTE_REACH])[0]
    return Quote(
        " ".join(before.split()) + before[len(before.rstrip()) :].replace("\n", " ")[:1],
        " ".join(text[start:end].split()),
        after[: len(after) - len(after.lstrip())][:1].replace("\n", " ") + " ".join(after.split()),
    )


def collect_marks(
    document: int,
    length: int,
    looks: Mapping[str, str],
    findings: Iterable[Finding],
    claims: Iterable[CheckedClaim],
) -> list[Mark]:
    """The marks of one report.

    Args:
        document: index of the report in the case.
        length: length of its text; spans beyond it are left out.
        looks: finding id to look.
        findings: all findings of the case.
        claims: all checked claims; those contradicted are marked.
    """
    marks = [
        Mark(evidence.span[0], evidence.span[1], finding.id, looks[finding.id])
        for finding in findings
        for evidence in finding.evidence
        if evidence.document == document and evidence.span is not None
    ]
    marks += [
        Mark(checked.claim.span[0], checked.claim.span[1], checked.claim.id, None)
        for checked in claims
        if checked.verdict.kind is VerdictKind.CONTRADICTED
        and checked.claim.document == document
        and checked.claim.span is not None
    ]
    return [m for m in marks if 0 <= m.start < m.end <= length]


def cut_into_pieces(text: str, marks: list[Mark]) -> list[Piece]:
    """Cut a text where marks begin and end; the pieces joined are the text."""
    starting = _by_position(marks, "start")
    ending = _by_position(marks, "end")
    edges = sorted({0, len(text), *starting, *ending})
    active: set[Mark] = set()
    begun: set[str] = set()
    pieces = []
    for start, end in pairwise(edges):
        active.difference_update(ending.get(start, ()))
        active.update(starting.get(start, ()))
        piece = _piece(text[start:end], end, active, begun)
        begun.update(piece.begins)
        pieces.append(piece)
    return pieces


def _by_position(marks: list[Mark], edge: str) -> dict[int, list[Mark]]:
    found: dict[int, list[Mark]] = {}
    for mark in marks:
        found.setdefault(getattr(mark, edge), []).append(mark)
    return found


def _piece(text: str, end: int, active: set[Mark], begun: set[str]) -> Piece:
    ordered = sorted(active, key=lambda m: (m.end - m.start, m.id))
    findings = [m for m in ordered if m.look is not None]
    claims = [m for m in ordered if m.look is None]
    first = findings[0] if findings else None
    return Piece(
        text=text,
        findings=tuple(dict.fromkeys(m.id for m in findings)),
        look=first.look if first else None,
        begins=tuple(dict.fromkeys(m.id for m in findings if m.id not in begun)),
        ends=first is not None and first.end == end,
        claim=claims[0].id if claims else None,
    )
