"""What the checker proves of a case, as the statement of a planner that says just that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dxtrace.clinical import (
    Basis,
    Claim,
    Context,
    Finding,
    Presence,
    Sentence,
    Statement,
    VerdictKind,
)
from graphs.checking import claim_in_words
from graphs.statements import check_statement
from graphs.teacher.grounds import Grounds
from graphs.teacher.pathway import expected_of
from graphs.teacher.reward import Expected
from graphs.teacher.settings import RewardSettings
from graphs.teacher.traced import TracedReview

Said = tuple[str, tuple[Claim, ...]]


def proved_statement(grounds: Grounds, review: TracedReview, settings: RewardSettings) -> Statement:
    """What the question asks for and the checker proves; what it leaves open is said to be open.

    What a model said in the review comes first, as far as every word of it was proved. Nothing is
    taken from the record on trust: every sentence is checked again with today's packs, and one that
    is contradicted is left out.
    """
    own = list(_said_by_model(grounds, review))
    question = grounds.question(review.case.question or "")
    expected = expected_of(grounds, question, settings)
    covered = {c.concept for _, claims in own for c in claims}
    rest = [e for e in expected if e.subject not in covered]
    return statement_of(grounds, [*own, *_sentences(grounds, rest)])


def statement_of(grounds: Grounds, said: Iterable[Said]) -> Statement:
    """Sentences with their claims as a statement; claims are numbered anew.

    Each claim rests on the findings by which the checker decides it, for or against.
    """
    sentences: list[Sentence] = []
    claims: list[Claim] = []
    for text, own in said:
        numbered = [
            c.model_copy(update={"id": f"m{len(claims) + n}"}) for n, c in enumerate(own, start=1)
        ]
        claims += numbered
        sentences.append(Sentence(text=text, claims=tuple(c.id for c in numbered)))
    known = {f.id for f in grounds.findings}
    return Statement(
        sentences=tuple(sentences), claims=tuple(claims),
        basis={c.id: Basis(findings=_decided_by(grounds, c, known)) for c in claims},
    )  # fmt: skip


def _decided_by(grounds: Grounds, claim: Claim, known: set[str]) -> tuple[str, ...]:
    verdict = grounds.judge(claim).verdict
    reasons = verdict.because if verdict is not None else ()
    return tuple(dict.fromkeys(r.id for r in reasons if r.id in known))


def _said_by_model(grounds: Grounds, review: TracedReview) -> Iterator[Said]:
    said = [t.statement for t in review.turns if t.statement is not None]
    if not said:
        return
    _, checked = check_statement(
        grounds.bench.statement_reader, grounds.checker, said[-1], grounds.case
    )
    claims = {c.id: c for c in said[-1].claims}
    for sentence, mark in zip(said[-1].sentences, checked, strict=True):
        if mark.mark == "entailed":
            yield sentence.text, tuple(claims[i] for i in sentence.claims if i in claims)


def _sentences(grounds: Grounds, expected: Iterable[Expected]) -> Iterator[Said]:
    items = list(expected)
    gaps = [e.words.partition(": ")[2] for e in items if e.kind == "gap"]
    for item in items:
        if item.kind == "gap":
            continue
        if item.value is None:
            yield f"{item.words.rpartition(': ')[0]}: undetermined.", ()
        elif item.subject in grounds.bench.knowledge.outputs:
            yield category_sentence(grounds, item.subject, item.value)
        else:
            yield finding_sentence(grounds, item.subject, Presence(str(item.value)))
    if gaps:
        yield f"What would settle it: {', '.join(gaps)}.", ()


def category_sentence(grounds: Grounds, output: str, value: str | bool) -> Said:
    """``title: value.`` as a sentence with its claim."""
    declared = grounds.bench.knowledge.outputs[output][1]
    said = next((v.say for v in declared.values if v.key == value), "") or str(value)
    if isinstance(value, bool):
        said = "yes" if value else "no"
    claim = Claim(id="m", kind="category", concept=output, value=value)
    return f"{declared.title or declared.public_name}: {said}.", (claim,)


def finding_sentence(grounds: Grounds, concept: str, presence: Presence) -> Said:
    """What is there, with its side and size as far as one finding tells them, or that it is not."""
    there = [
        f
        for f in grounds.findings
        if f.concept == concept and f.presence is presence and f.context is Context.CURRENT
        and not f.is_doubted and not f.is_partial_denial
    ]  # fmt: skip
    bare = Claim(id="m", kind="finding", concept=concept, presence=presence)
    claims = [_described(there[0], bare), bare] if len(there) == 1 else [bare]
    claim = next((c for c in claims if _is_entailed(grounds, c)), bare)
    placed = claim.model_copy(update={"laterality": None}) if claim.location else claim
    words = claim_in_words(grounds.bench.knowledge, placed)
    size = next((f"{m.value} {m.unit} " for m in claim.measurements if m.value is not None), "")
    where = f", {claim.location}" if claim.location else ""
    text = f"{size}{words}{where}."
    return f"{text[:1].upper()}{text[1:]}", (claim,)


def _described(finding: Finding, bare: Claim) -> Claim:
    if bare.presence is not Presence.PRESENT:
        return bare
    sizes = tuple(m for m in finding.measurements if m.unit in ("mm", "cm"))[:1]
    return bare.model_copy(
        update={"laterality": finding.laterality, "location": finding.location,
                "measurements": sizes}
    )  # fmt: skip


def _is_entailed(grounds: Grounds, claim: Claim) -> bool:
    verdict = grounds.judge(claim).verdict
    return verdict is not None and verdict.kind is VerdictKind.ENTAILED
