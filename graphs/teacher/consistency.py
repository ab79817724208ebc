"""Consistency: whether a conversation's statements can all hold, with the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from dxtrace.clinical import Claim, Presence
from dxtrace.knowledge import Knowledge, KnowledgeError
from dxtrace.reasoning import Checker
from dxtrace.reasoning.facts import claim_finding
from graphs.teacher.reward import Conflict
from graphs.teacher.settings import RewardSettings


@dataclass(frozen=True, slots=True)
class Stated:
    """A claim that a conversation stated as a fact.

    Attributes:
        turn: the turn, from 1.
        text: the words.
        claim: the claim.
        proved: whether the evidence proves it.
        corrects: whether its sentence takes something back.
        given: whether it was said before, and is not rewarded.
    """

    turn: int
    text: str
    claim: Claim
    proved: bool
    corrects: bool = False
    given: bool = False


@dataclass(frozen=True, slots=True)
class _Pair:
    """Statements at odds, oldest first, with what makes them so."""

    at_odds: tuple[int, ...]
    rules: tuple[str, ...] = ()


def find_conflicts(
    knowledge: Knowledge, stated: list[Stated], settings: RewardSettings
) -> tuple[Conflict, ...]:
    """The statements that exclude each other, by themselves or by the rules.

    What the evidence proves holds together, so only where something else was stated is the solver
    asked. Each pair of words is told once.
    """
    if all(s.proved for s in stated):
        return ()
    corrections: Counter[str] = Counter()
    found: dict[tuple[tuple[int, str], ...], Conflict] = {}
    for pair in _pairs(knowledge, stated):
        items = [stated[i] for i in sorted(pair.at_odds, key=lambda i: (stated[i].turn, i))]
        key = tuple(dict.fromkeys((s.turn, s.text) for s in items))
        if key in found or all(s.given for s in items):
            continue
        corrected = _is_corrected(items, stated)
        subject = items[-1].claim.concept
        corrections[subject] += corrected
        free = corrections[subject] <= settings.worth("consistency", "corrections_free")
        found[key] = Conflict(
            turns=tuple(turn for turn, _ in key), statements=tuple(words for _, words in key),
            rules=pair.rules, corrected=corrected and free,
        )  # fmt: skip
    return tuple(found.values())


def consistency_of(conflicts: Iterable[Conflict], settings: RewardSettings) -> float:
    """What the conflicts cost, from -1 to 0."""
    silent = sum(not c.corrected for c in conflicts)
    return max(-1.0, silent * settings.worth("consistency", "conflict")) if silent else 0.0


def _is_corrected(items: list[Stated], stated: list[Stated]) -> bool:
    """Whether the later turn says of the same thing that it takes something back."""
    first, last = items[0], items[-1]
    said = (s for s in stated if s.turn == last.turn and s.claim.concept == last.claim.concept)
    return first.turn < last.turn and any(s.corrects for s in said)


def _pairs(knowledge: Knowledge, stated: list[Stated]) -> Iterator[_Pair]:
    facts = {i: s.claim for i, s in enumerate(stated) if s.claim.kind == "finding"}
    categories = {i: s.claim for i, s in enumerate(stated) if s.claim.kind == "category"}
    for (i, a), (j, b) in combinations(categories.items(), 2):
        same = a.concept == b.concept
        both = a.presence is Presence.PRESENT and b.presence is Presence.PRESENT
        if same and ((both and a.value != b.value) or (a.value == b.value and not _alike(a, b))):
            yield _Pair((i, j))
    named = {f"s{i}": i for i in facts}
    findings = [
        claim_finding(c.model_copy(update={"id": f"s{i}", "text": stated[i].text}))
        for i, c in facts.items()
    ]
    checker = Checker(knowledge, findings)
    for conflict in checker.conflicts:
        words = tuple(r.text.rstrip(".") for r in conflict.reasons if r.kind == "rule")
        yield _Pair(tuple(named[f] for f in conflict.findings), words)
    if not facts:
        return
    sure = all(stated[i].proved for i in facts)
    for i, claim in categories.items():
        if not (sure and stated[i].proved):  # what is proved holds together
            yield from _against(checker, claim, i, named)


def _alike(a: Claim, b: Claim) -> bool:
    return a.presence is b.presence


def _against(checker: Checker, claim: Claim, place: int, named: dict[str, int]) -> Iterator[_Pair]:
    """A category that the conversation's own findings exclude, with nothing assumed."""
    try:
        reasons = checker.refutation(claim)
    except (KnowledgeError, ValueError):
        return  # no such category: that is judged where claims are
    if reasons is None or any(r.kind == "assumption" for r in reasons):
        return
    at_odds = dict.fromkeys(named[r.id] for r in reasons if r.id in named)
    if at_odds:
        rows = tuple(r.text.rstrip(".") for r in reasons if r.kind in ("rule", "row"))
        yield _Pair((*at_odds, place), rows)
