"""Pairs of answers of which the checker prefers one: it proves it, and contradicts the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dxtrace.clinical import Claim, Laterality, Presence, Source, Statement, VerdictKind
from graphs.checking import claim_in_words
from graphs.teacher.grounds import Grounds
from graphs.teacher.proved_statement import (
    Said,
    category_sentence,
    finding_sentence,
    proved_statement,
    statement_of,
)
from graphs.teacher.settings import RewardSettings
from graphs.teacher.traced import TracedReview

_OTHER_SIDE = {Laterality.LEFT: Laterality.RIGHT, Laterality.RIGHT: Laterality.LEFT}
_OPPOSITE = {Presence.PRESENT: Presence.ABSENT, Presence.ABSENT: Presence.PRESENT}


@dataclass(frozen=True, slots=True)
class Preference:
    """Two answers to one prompt.

    Attributes:
        chosen: what is proved.
        rejected: what is contradicted.
        origin: where the rejected one comes from: a *revision* in the review, what the *report*
            concluded, or a change that was made to what is proved (``changed:value``,
            ``changed:presence``, ``changed:side``).
        why: what contradicts it.
    """

    chosen: Statement
    rejected: Statement
    origin: str
    why: str


def preferences_of(
    grounds: Grounds, review: TracedReview, settings: RewardSettings
) -> Iterator[Preference]:
    """The pairs of a review: what was really said wrong, or else the smallest change of the truth.

    Every rejected answer is contradicted by the checker now, with today's packs; one that is merely
    not proved is no lesson.
    """
    chosen = proved_statement(grounds, review, settings)
    if not chosen.claims:
        return
    real = [*_revised(grounds, review, chosen), *_refuted(grounds, review, chosen)]
    yield from real or _changed(grounds, chosen)


def _revised(grounds: Grounds, review: TracedReview, chosen: Statement) -> Iterator[Preference]:
    """What a planner said and the check contradicted."""
    for turn in review.turns:
        if turn.statement is None:
            continue
        why = next((w for c in turn.statement.claims if (w := _why(grounds, c))), "")
        why = why or _why_of_words(grounds, turn.statement)
        if why:
            yield Preference(chosen, turn.statement, "revision", why)


def _why_of_words(grounds: Grounds, statement: Statement) -> str:
    reader = grounds.bench.statement_reader
    read = (c for s in statement.sentences for c in reader.read(s.text, grounds.case).claims)
    return next((w for c in read if (w := _why(grounds, c))), "")


def _refuted(grounds: Grounds, review: TracedReview, chosen: Statement) -> Iterator[Preference]:
    """What the checks of the review contradicted: a planner's draft, the report's words."""
    seen: set[str] = set()
    for item in review.claims:
        bare = item.claim.model_copy(
            update={"id": "m", "text": "", "document": None, "span": None,
                    "source": Source.PLANNER}
        )  # fmt: skip
        if item.verdict.kind is not VerdictKind.CONTRADICTED or bare.model_dump_json() in seen:
            continue
        seen.add(bare.model_dump_json())
        why = _why(grounds, bare)
        if why:
            report = item.claim.source is Source.REPORT_IMPRESSION
            yield _pair(grounds, chosen, bare, "report" if report else "revision", why)


def _changed(grounds: Grounds, chosen: Statement) -> Iterator[Preference]:
    """The first change of each kind that the checker contradicts."""
    made: set[str] = set()
    for claim in chosen.claims:
        for origin, other in _changes(grounds, claim):
            if origin not in made and (why := _why(grounds, other)):
                made.add(origin)
                yield _pair(grounds, chosen, other, origin, why)


def _changes(grounds: Grounds, claim: Claim) -> Iterator[tuple[str, Claim]]:
    if claim.kind == "category":
        values = grounds.bench.knowledge.symbols.resolve(claim.concept, claim.id).values
        place = values.index(str(claim.value)) if claim.value in values else 0
        near = sorted(values, key=lambda v: abs(values.index(v) - place))
        for value in near or (True, False):
            if value != claim.value:
                yield "changed:value", claim.model_copy(update={"value": value})
        return
    bare = claim.model_copy(update={"measurements": (), "location": None, "attributes": {}})
    yield "changed:presence", bare.model_copy(update={"presence": _OPPOSITE[claim.presence]})
    side = _OTHER_SIDE.get(claim.laterality) if claim.laterality else None
    if side is not None:
        yield "changed:side", bare.model_copy(update={"laterality": side})


def _pair(grounds: Grounds, chosen: Statement, wrong: Claim, origin: str, why: str) -> Preference:
    """The chosen statement with the wrong claim in the place of what it says of the same thing."""
    said = list(_as_said(chosen))
    other = _in_words(grounds, wrong)
    place = next((n for n, (_, own) in enumerate(said) if _same_thing(own, wrong)), None)
    if place is None:
        said.append(other)
        right = finding_sentence(grounds, wrong.concept, _OPPOSITE[wrong.presence])
        about = wrong.kind == "finding" and _is_proved(grounds, right)
        chosen = statement_of(grounds, [*_as_said(chosen), *([right] if about else [])])
    else:
        said[place] = other
    return Preference(chosen, statement_of(grounds, said), origin, why)


def _as_said(statement: Statement) -> Iterator[Said]:
    claims = {c.id: c for c in statement.claims}
    for sentence in statement.sentences:
        yield sentence.text, tuple(claims[i] for i in sentence.claims)


def _same_thing(own: tuple[Claim, ...], wrong: Claim) -> bool:
    return any((c.kind, c.concept) == (wrong.kind, wrong.concept) for c in own)


def _in_words(grounds: Grounds, claim: Claim) -> Said:
    if claim.kind == "category" and claim.presence is Presence.PRESENT:
        assert claim.value is not None  # noqa: S101  # a category has a value
        return category_sentence(grounds, claim.concept, claim.value)
    words = claim_in_words(grounds.bench.knowledge, claim)
    return f"{words[:1].upper()}{words[1:]}.", (claim,)


def _is_proved(grounds: Grounds, said: Said) -> bool:
    verdicts = (grounds.judge(c).verdict for c in said[1])
    return all(v is not None and v.kind is VerdictKind.ENTAILED for v in verdicts)


def _why(grounds: Grounds, claim: Claim) -> str:
    """What contradicts a claim; empty if nothing does."""
    verdict = grounds.judge(claim).verdict
    if verdict is None or verdict.kind is not VerdictKind.CONTRADICTED:
        return ""
    shown = (r.text or r.id for r in verdict.because if not r.id.startswith("assumption:"))
    return "; ".join(dict.fromkeys(shown)) or "the evidence excludes it"
