"""Whether an answer changes because of passages that do not bear on the question (RULE).

Xia et al. (RULE, EMNLP 2024) found that models over-rely on what was retrieved: an answer that is
right without it becomes wrong with it. Here a planner that speaks is heard twice where passages
were found that do not bear on the question: with them, and without. If it claims something else
with them, the answer without them stands, and the trace says so. Claims are compared, not words.

Conclusions of the checker need no such step: they rest on findings and on rules of the packs, never
on what was retrieved.
"""

from collections.abc import Collection, Iterable
from typing import Literal

from agents.planner import Situation
from dxtrace.clinical import (
    ChangedClaim,
    Claim,
    Presence,
    QuotedPassage,
    Reliance,
    Statement,
    ToolCall,
)

Without = Literal["asked_again", "left_out"]


def check_reliance(
    with_passages: Iterable[Claim],
    without_passages: Iterable[Claim],
    passages: Iterable[QuotedPassage],
    *,
    without: Without,
    why: str,
) -> Reliance:
    """Compare what is claimed with passages that do not bear on the question, and without them.

    Args:
        with_passages: the claims of the answer that was given with them.
        without_passages: those of the answer that was given without them.
        passages: the passages.
        without: how the answer without them was had.
        why: why they are taken not to bear on the question.

    Returns:
        The changes; none if both answers claim the same of the same concepts.
    """
    before, after = _by_concept(with_passages), _by_concept(without_passages)
    changes = tuple(
        ChangedClaim(
            concept=concept,
            with_passages=_in_words(before.get(concept, ())),
            without_passages=_in_words(after.get(concept, ())),
        )
        for concept in dict.fromkeys((*before, *after))
        if before.get(concept) != after.get(concept)
    )
    references = tuple(dict.fromkeys(p.reference for p in passages))
    return Reliance(passages=references, why=why, without=without, changes=changes)


def passages_of(calls: Iterable[ToolCall]) -> tuple[QuotedPassage, ...]:
    """All passages that calls found, in order."""
    return tuple(p for call in calls for p in call.passages)


def left_out(statement: Statement, passages: Iterable[QuotedPassage]) -> Statement:
    """A statement without the claims that rest on these passages alone, and their sentences."""
    aside = {p.reference for p in passages}
    lost = {
        claim
        for claim, basis in statement.basis.items()
        if basis.passages and aside.issuperset(basis.passages) and not basis.findings
    }
    return Statement(
        sentences=tuple(s for s in statement.sentences if lost.isdisjoint(s.claims)),
        claims=tuple(c for c in statement.claims if c.id not in lost),
        basis={claim: basis for claim, basis in statement.basis.items() if claim not in lost},
    )


def situation_without(situation: Situation, passages: Iterable[QuotedPassage]) -> Situation:
    """What a planner may know without these passages, before it has said anything."""
    aside = {p.reference for p in passages}
    return situation.model_copy(
        update={
            "called": calls_without(situation.called, aside),
            "memory": tuple(
                t for t in situation.memory if t.statement is None or t.round != situation.round
            ),
        }
    )


def calls_without(calls: Iterable[ToolCall], aside: Collection[str]) -> tuple[ToolCall, ...]:
    """Calls without the passages that have these references."""
    return tuple(_call_without(call, aside) for call in calls)


def _call_without(call: ToolCall, aside: Collection[str]) -> ToolCall:
    kept = tuple(p for p in call.passages if p.reference not in aside)
    return call if len(kept) == len(call.passages) else call.model_copy(update={"passages": kept})


_Content = tuple[str, str, str, str]


def _by_concept(claims: Iterable[Claim]) -> dict[str, set[_Content]]:
    """What is claimed of each concept: sizes and features are the checker's to compare."""
    found: dict[str, set[_Content]] = {}
    for claim in claims:
        side = claim.laterality.value if claim.laterality else ""
        value = "" if claim.value is None else str(claim.value)
        content = (claim.kind, claim.presence.value, value, side)
        found.setdefault(claim.concept, set()).add(content)
    return found


def _in_words(contents: Iterable[_Content]) -> str:
    said = (
        " ".join(filter(None, (side, presence if kind == "finding" or not value else value)))
        if presence != Presence.ABSENT or kind == "finding"
        else f"not {value}"
        for kind, presence, value, side in sorted(contents)
    )
    return ", ".join(said)
