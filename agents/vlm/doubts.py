"""What a model is not sure of: several answers compared claim by claim, and opposite questions.

Answers are compared by what they claim, never by their words (self-consistency as in Wang et al.,
2023, over claims). Who says yes to a question and to its opposite has not looked (ProbMed: Yan et
al., 2024; MediConfusion: Sepehri et al., 2024). What is doubted is not said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from agents.intent import Intent
from agents.planner import Doubt
from agents.statement_reader import StatementReader
from dxtrace.clinical import Case, Claim, Laterality, Statement
from dxtrace.knowledge import Knowledge

_MAJORITY = 0.5
_OTHER_SIDE = {Laterality.LEFT: Laterality.RIGHT, Laterality.RIGHT: Laterality.LEFT}
_YES = re.compile(r"^\W*yes\b", re.IGNORECASE)

Stand = tuple[str, str, str]
"""What a claim says of its concept: presence, side, value."""


def claims_of(
    statement: Statement, reader: StatementReader, case: Case
) -> dict[str, frozenset[Stand]]:
    """What a statement claims of each concept, by its claims and by its words."""
    found: dict[str, set[Stand]] = {}
    for claim in reader.claims_of(statement, case):
        found.setdefault(claim.concept, set()).add(_stand(claim))
    return {concept: frozenset(stands) for concept, stands in found.items()}


def disagreements(
    statements: Sequence[Statement], reader: StatementReader, case: Case
) -> tuple[Doubt, ...]:
    """The concepts of the first answer that not more than half of all answers see as it does.

    Args:
        statements: the answers to one question; the first is the one that would be given.
        reader: reads sentences.
        case: what they are about.
    """
    answers = [claims_of(s, reader, case) for s in statements]
    if len(answers) < 2:  # noqa: PLR2004 - one answer agrees with itself
        return ()
    doubts = []
    for concept, stands in answers[0].items():
        votes = Counter(_coarse(a.get(concept, frozenset())) for a in answers)
        agree = votes[_coarse(stands)]
        if agree <= _MAJORITY * len(answers):
            said = f"{agree} of {len(answers)} answers say the same of it"
            doubts.append(Doubt(concept=concept, why=said))
    return tuple(doubts)


def probed(
    intents: Iterable[Intent],
    said: dict[str, frozenset[Stand]],
    known: frozenset[str],
    knowledge: Knowledge,
    ask: Callable[[str], str],
) -> tuple[Doubt, ...]:
    """Ask the question and its opposite, where nothing but the model's eyes speaks of it.

    Args:
        intents: what is asked.
        said: what the model's answer claims.
        known: concepts that something was found of: the checker decides on these.
        knowledge: names.
        ask: asks the model a bare question.
    """
    doubts = []
    for intent in intents:
        concept = intent.concept
        if intent.kind != "finding" or concept is None or concept in known or concept not in said:
            continue
        name = knowledge.vocabulary.concepts[concept].name.lower()
        pairs = [(f"Is there {name}?", f"Is {name} absent?")]
        other = _OTHER_SIDE.get(intent.laterality) if intent.laterality else None
        if other is not None:
            side = intent.laterality
            pairs.append((f"Is {name} on the {side} only?", f"Is {name} on the {other} only?"))
        for question, opposite in pairs:
            if _YES.match(ask(question)) and _YES.match(ask(opposite)):
                why = f"asked “{question}” and “{opposite}”, it says yes to both"
                doubts.append(Doubt(concept=concept, why=why))
                break
    return tuple(doubts)


def without_doubted(
    statement: Statement, doubts: Iterable[Doubt], reader: StatementReader, case: Case
) -> Statement:
    """The statement without the sentences that speak of what is doubted."""
    doubted = {d.concept for d in doubts}
    claims = {c.id: c.concept for c in statement.claims}
    kept = tuple(
        s
        for s in statement.sentences
        if doubted.isdisjoint(claims.get(i, "") for i in s.claims)
        and doubted.isdisjoint(c.concept for c in reader.read(s.text, case).claims)
    )
    named = {i for s in kept for i in s.claims}
    return Statement(
        sentences=kept, claims=tuple(c for c in statement.claims if c.id in named),
        basis={i: b for i, b in statement.basis.items() if i in named},
    )  # fmt: skip


def _stand(claim: Claim) -> Stand:
    side = claim.laterality.value if claim.laterality else ""
    value = "" if claim.value is None else str(claim.value)
    return (claim.presence.value, side, value)


def _coarse(stands: frozenset[Stand]) -> frozenset[tuple[str, str]]:
    """Presence and value: who leaves out the side does not contradict who gives it."""
    return frozenset((presence, value) for presence, _, value in stands)
