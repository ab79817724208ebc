"""What similar cases were thought to be, and what tells those cases from the others.

A count over neighbours, weighted by likeness. It says what was written of other patients; whether
any of it holds for this one, only findings of this one can tell.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dxtrace.clinical import Candidate, Differential, Finding, Presence, Sign, Source
from dxtrace.clinical.differential import Standing
from dxtrace.knowledge.vocabulary import Vocabulary
from dxtrace.retrieval.cases.compare import say_findings
from dxtrace.retrieval.cases.features import is_stated
from dxtrace.retrieval.cases.record import Neighbour

NEIGHBOURS = 100
"""How many similar cases are counted at most; chosen on development reports
(``benchmarks/case_differential.py --part development``)."""
_POSSIBLE = 0.5
"""How much a case counts that names something as possible only."""
_MOST_CANDIDATES, _MOST_SIGNS, _MOST_EXAMPLES = 8, 6, 3
_LEAST_CASES = 2
_LEAST_STATED = 3
_TELLING = 2.0
"""How many standard errors the shares of those who state a sign have to lie apart."""
_KINDS = frozenset(("finding", "lesion"))


@dataclass(frozen=True, slots=True)
class _Read:
    """A neighbour as it is counted.

    Attributes:
        id: what it is called before others.
        weight: how much it counts: its likeness.
        named: what its impression names, the most specific.
        possible: those of them that it names with doubt only.
        stated: what its body states as present.
    """

    id: str
    weight: float
    named: frozenset[str]
    possible: frozenset[str]
    stated: frozenset[str]


def differential(
    here: Iterable[Finding], neighbours: Sequence[Neighbour], vocabulary: Vocabulary
) -> Differential:
    """Candidates by how many similar cases name them, and what tells for and against each.

    Args:
        here: findings of the case that is asked about.
        neighbours: cases like it, the most alike first; those without an impression do not count.
        vocabulary: concepts and names.
    """
    here = tuple(here)
    read = list(_read(neighbours, vocabulary))
    total = sum(r.weight for r in read) or 1.0
    support: dict[str, float] = {}
    for each in read:
        for concept in each.named:
            counts = _POSSIBLE if concept in each.possible else 1.0
            support[concept] = support.get(concept, 0.0) + counts * each.weight / total
    order = sorted(support, key=lambda concept: (-support[concept], concept))
    counted = {c: sum(c in r.named for r in read) for c in order}
    least = min(_LEAST_CASES, len(read))
    chosen = [c for c in order if counted[c] >= least][:_MOST_CANDIDATES]
    return Differential(
        of=len(read),
        unremarkable=sum(not r.named for r in read),
        further=len(order) - len(chosen),
        candidates=tuple(
            Candidate(
                concept=c, name=vocabulary.concepts[c].name,
                here=say_findings(c, here, vocabulary), cases=counted[c],
                possible=sum(c in r.possible for r in read),
                support=round(min(support[c], 1.0), 4),
                examples=tuple(r.id for r in read if c in r.named)[:_MOST_EXAMPLES],
                signs=_signs(c, read, here, vocabulary),
            )
            for c in chosen
        ),
    )  # fmt: skip


def _read(neighbours: Sequence[Neighbour], vocabulary: Vocabulary) -> Iterable[_Read]:
    for each in neighbours:
        stated = [f for f in each.record.findings if is_stated(f)]
        if any(f.source is Source.REPORT_IMPRESSION for f in stated):
            named = impression_of(stated, vocabulary)
            sure = (f for f in stated if not f.is_doubted)
            body = (f for f in stated if f.source is not Source.REPORT_IMPRESSION)
            yield _Read(
                id=each.record.shown, weight=max(each.likeness, 0.0), named=named,
                possible=named - impression_of(sure, vocabulary),
                stated=frozenset(f.concept for f in _abnormal(body, vocabulary)),
            )  # fmt: skip


def impression_of(findings: Iterable[Finding], vocabulary: Vocabulary) -> frozenset[str]:
    """Concepts that impressions name as there or possible; of one family the most specific."""
    impression = (f for f in findings if f.source is Source.REPORT_IMPRESSION and is_stated(f))
    named = {f.concept for f in _abnormal(impression, vocabulary)}
    return frozenset(named.difference(*(vocabulary.ancestors[c] for c in named)))


def _abnormal(findings: Iterable[Finding], vocabulary: Vocabulary) -> Iterable[Finding]:
    for finding in findings:
        concept = vocabulary.concepts.get(finding.concept)
        known = concept is not None and concept.kind in _KINDS
        if known and finding.presence is not Presence.ABSENT:
            yield finding


def _signs(
    candidate: str, read: Sequence[_Read], here: tuple[Finding, ...], vocabulary: Vocabulary
) -> tuple[Sign, ...]:
    family = {candidate, *vocabulary.ancestors[candidate], *vocabulary.descendants[candidate]}
    having = [r for r in read if candidate in r.named]
    others = [r for r in read if candidate not in r.named]
    found: list[tuple[float, Sign]] = []
    for concept in sorted(frozenset[str]().union(*(r.stated for r in read)) - family):
        yes, no = (sum(concept in r.stated for r in part) for part in (having, others))
        telling = _apart(yes, len(having), no, len(others))
        if abs(telling) >= _TELLING and max(yes, no) >= _LEAST_STATED:
            bearing = _bearing_on(concept, here, vocabulary)
            said = (say_findings(c, bearing, vocabulary) for c in _concepts(concept, bearing))
            sign = Sign(
                concept=concept, name=vocabulary.concepts[concept].name,
                here=next(said, ""), stated_with=yes, stated_without=no,
                standing=_standing(bearing, telling),
            )  # fmt: skip
            found.append((abs(telling), sign))
    found.sort(key=lambda each: -each[0])
    return tuple(sign for _, sign in found[:_MOST_SIGNS])


def _apart(yes: int, having: int, no: int, others: int) -> float:
    """How many standard errors two shares lie apart, one case each way added to both."""
    first, second = (yes + 1) / (having + 2), (no + 1) / (others + 2)
    together = (yes + no + 2) / (having + others + 4)
    error = math.sqrt(together * (1 - together) * (1 / (having + 2) + 1 / (others + 2)))
    return (first - second) / error


def _bearing_on(
    concept: str, here: tuple[Finding, ...], vocabulary: Vocabulary
) -> tuple[Finding, ...]:
    """What is said of a concept: what is there goes up to it, what is denied comes down."""
    above, below = vocabulary.ancestors[concept], vocabulary.descendants[concept]
    return tuple(
        f
        for f in here
        if is_stated(f)
        and (
            f.concept == concept
            or (f.presence is Presence.PRESENT and f.concept in below)
            or (f.presence is Presence.ABSENT and f.concept in above)
        )
    )


def _concepts(concept: str, bearing: tuple[Finding, ...]) -> list[str]:
    """The concept itself before those that merely bear on it."""
    return sorted({f.concept for f in bearing}, key=lambda c: (c != concept, c))


def _standing(bearing: tuple[Finding, ...], telling: float) -> Standing:
    """What is doubted, denied in part or said both ways is as open as what nobody speaks of."""
    said = {
        Presence.INDETERMINATE if f.is_doubted or f.is_partial_denial else f.presence
        for f in bearing
    }
    if said not in ({Presence.PRESENT}, {Presence.ABSENT}):
        return "open"
    return "for" if (said == {Presence.PRESENT}) == (telling > 0) else "against"
