"""The check of what a planner says in its own words, sentence by sentence."""

from collections.abc import Iterable

from agents.editions import Editions
from agents.planner import Turn
from agents.statement_reader import SentenceReading, StatementReader
from dxtrace.clinical import (
    Case,
    CheckedClaim,
    CheckedSentence,
    Claim,
    Mark,
    QuotedPassage,
    Sentence,
    Statement,
    VerdictKind,
)
from dxtrace.reasoning import Checker
from graphs.citations import Sources, with_citations
from graphs.state import ReviewState

_WEAKEST_FIRST = (
    VerdictKind.CONTRADICTED, VerdictKind.UNSUPPORTED, VerdictKind.CONSISTENT, VerdictKind.ENTAILED,
)  # fmt: skip
_WHY: dict[str, str] = {
    "unsupported": "nothing that was found speaks of it",
    "consistent": "nothing that was found proves it or contradicts it",
}


def this_round(state: ReviewState) -> tuple[Turn, ...]:
    """What a planner did for the question that is asked now."""
    number = state.get("round", 0)
    return tuple(turn for turn in state.get("memory", ()) if turn.round == number)


def last_statement(memory: Iterable[Turn]) -> Statement | None:
    """What a planner said last, if it said anything."""
    said = [turn.statement for turn in memory if turn.statement is not None]
    return said[-1] if said else None


def with_marks(
    memory: tuple[Turn, ...], sentences: tuple[CheckedSentence, ...]
) -> tuple[Turn, ...]:
    """The memory with the check's marks on what was said last."""
    spoken = [n for n, turn in enumerate(memory) if turn.statement is not None]
    if not spoken or not sentences:
        return memory
    last = spoken[-1]
    marked = memory[last].model_copy(update={"checked": sentences})
    return (*memory[:last], marked, *memory[last + 1 :])


def check_statement(
    reader: StatementReader,
    checker: Checker,
    statement: Statement | None,
    case: Case,
    passages: Iterable[QuotedPassage] = (),
) -> tuple[tuple[CheckedClaim, ...], tuple[CheckedSentence, ...]]:
    """Check a statement.

    A sentence is judged by what is read from its words and by the claims that it is said to make,
    together: its author cannot hang words on a claim that says something else.

    Args:
        reader: reads sentences.
        checker: the evidence.
        statement: what the planner said.
        case: what it is about.
        passages: the guideline text that was found.

    Returns:
        The claims with their verdicts, and the sentences with their marks.
    """
    if statement is None:
        return (), ()
    named = {c.id: CheckedClaim(claim=c, verdict=checker.check(c)) for c in statement.claims}
    loose = named.keys() - {i for s in statement.sentences for i in s.claims}
    checked = [named[i] for i in named if i in loose]
    editions, question = reader.editions, case.question or ""
    sources = Sources(tuple(passages), tuple(r.text for r in case.reports))
    sentences: list[CheckedSentence] = []
    for number, sentence in enumerate(statement.sentences, start=1):
        reading = reader.read(sentence.text, case)
        read = [
            CheckedClaim(claim=c, verdict=checker.check(c))
            for c in _numbered(reading.claims, f"s{number}")
        ]
        meant = editions.meant(
            [named[i].claim for i in sentence.claims if i in named], sentence.text, question
        )
        own = [named[c.id] for c in meant]
        checked += [*own, *read]
        marked = _marked(sentence, reading, read, own, editions)
        sentences.append(with_citations(marked, statement.basis, sources))
    return tuple({c.claim.id: c for c in checked}.values()), tuple(sentences)


def _numbered(claims: Iterable[Claim], prefix: str) -> list[Claim]:
    return [c.model_copy(update={"id": f"{prefix}.{n}"}) for n, c in enumerate(claims, start=1)]


def _marked(
    sentence: Sentence,
    reading: SentenceReading,
    read: list[CheckedClaim],
    own: list[CheckedClaim],
    editions: Editions,
) -> CheckedSentence:
    mark, why = _mark(reading, read, own)
    deciding = [c.claim for c in (*read, *own) if c.verdict.kind.value == mark]
    by = editions.by(deciding, sentence.text)
    why = ": ".join(filter(None, (by, why)))
    return CheckedSentence(
        text=sentence.text, mark=mark, why=why, claims=tuple(c.claim.id for c in (*read, *own))
    )


def _mark(
    reading: SentenceReading, read: list[CheckedClaim], own: list[CheckedClaim]
) -> tuple[Mark, str]:
    contradicted = [c for c in (*read, *own) if c.verdict.kind is VerdictKind.CONTRADICTED]
    if contradicted:
        return "contradicted", _reasons(contradicted[0])
    if not read:
        nothing = "; ".join(reading.open) or "no finding or category could be read from it"
        return "unchecked", nothing
    if reading.unknown:
        return "unchecked", f"not understood: {', '.join(dict.fromkeys(reading.unknown))}"
    if reading.open:
        return "unchecked", "; ".join(reading.open)
    kinds = {c.verdict.kind for c in (*read, *own)}
    weakest = next(kind for kind in _WEAKEST_FIRST if kind in kinds)
    return weakest.value, _WHY.get(weakest.value, "")


def _reasons(item: CheckedClaim) -> str:
    texts = dict.fromkeys(r.text for r in item.verdict.because if r.text)
    return "; ".join(texts) or "the evidence excludes it"
