"""Completeness: what question and pathway ask for, and whether the conversation got it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dxtrace.clinical import Claim, Conclusion, Presence, VerdictKind
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.expression import parse_expression
from dxtrace.knowledge.fact_names import missing_in_words
from dxtrace.knowledge.vocabulary import Vocabulary
from dxtrace.reasoning.theory import fact_names
from graphs.checking import claim_in_words
from graphs.teacher.grounds import Grounds, Question
from graphs.teacher.reward import Expected
from graphs.teacher.settings import RewardSettings
from tools.report_reader.phrases import fold

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Established:
    """What a conversation has established.

    Attributes:
        claims: what it stated and the checker proved.
        left_open: whether it rightly said that something is undecided.
        asks: facts that it asked the user for, as ``concept.attribute``.
        asked_in_words: the sentences in which it asked, or said what would settle it.
    """

    claims: tuple[Claim, ...]
    left_open: bool
    asks: frozenset[str]
    asked_in_words: str


def expected_of(grounds: Grounds, question: Question, settings: RewardSettings) -> list[Expected]:
    """What a question expects of the answer, by the packs and the evidence."""
    pathway = _Pathway(grounds, question, settings)
    found: dict[tuple[str, str], Expected] = {}
    for item in pathway.all():
        found.setdefault((item.kind if item.kind == "gap" else "", item.subject), item)
    return list(found.values())


class _Pathway:
    def __init__(self, grounds: Grounds, question: Question, settings: RewardSettings) -> None:
        self.grounds, self.question, self.settings = grounds, question, settings
        self.knowledge = grounds.bench.knowledge

    def all(self) -> Iterator[Expected]:
        for draft in self.question.drafts:
            if draft.kind == "finding":
                yield self._asked_finding(draft)
        for output in self.question.outputs:
            if derived_from(self.knowledge, output) not in self.question.outputs:
                yield from self._of_output(output)
        if self.question.is_review:
            yield from self._of_review()

    def _share(self, key: str) -> float:
        return self.settings.worth("completeness", key)

    def _asked_finding(self, draft: Claim) -> Expected:
        verdict = self.grounds.judge(draft).verdict
        kind = verdict.kind if verdict is not None else VerdictKind.UNSUPPORTED
        there = draft.presence is Presence.PRESENT
        decided = kind in (VerdictKind.ENTAILED, VerdictKind.CONTRADICTED)
        value = _presence(there is (kind is VerdictKind.ENTAILED)) if decided else None
        said = claim_in_words(self.knowledge, draft.model_copy(update={"presence": "present"}))
        return Expected(
            kind="asked", subject=draft.concept, value=value, share=self._share("asked"),
            words=f"{said}: {value or 'undecided'}",
        )  # fmt: skip

    def _of_output(self, output: str) -> Iterator[Expected]:
        conclusion = self.grounds.conclude(output)
        asked = any(i.output == output for i in self.question.intents)
        by_name = any(i.output == output and i.kind == "value" for i in self.question.intents)
        silent = isinstance(conclusion.value, bool) and not conclusion.value and not by_name
        unsupported = conclusion.verdict is VerdictKind.UNSUPPORTED
        if silent or (unsupported and not asked):
            return  # nobody writes "no modifier", nor what nothing bears on
        pack = self.knowledge.outputs[output][0]
        beside = [
            o
            for o in self.question.outputs
            if self.knowledge.outputs[o][0].id == pack.id
            and derived_from(self.knowledge, o) not in self.question.outputs
        ]
        kind = "asked" if asked else "concluded"
        value = conclusion.value if conclusion.value is not None else None
        yield Expected(
            kind="asked" if asked else "concluded", subject=output, value=value,
            words=f"{conclusion.title or output}: {'undecided' if value is None else value}",
            share=self._share(kind) / len(beside),
        )  # fmt: skip
        yield from self._behind(conclusion)
        if value is None:
            yield from self._gaps(output)

    def _behind(self, conclusion: Conclusion) -> Iterator[Expected]:
        by_id = {f.id: f.concept for f in self.grounds.findings}
        vocabulary = self.knowledge.vocabulary
        concepts = (by_id[r.id] for r in conclusion.reasons if r.id in by_id)
        for concept in dict.fromkeys(concepts):
            if vocabulary.concept(concept).kind != "context":
                yield from self._fact(concept, "rests on")

    def _fact(self, concept: str, why: str, *, absent: bool | None = None) -> Iterator[Expected]:
        there = Claim(id="there", kind="finding", concept=concept)
        verdict = self.grounds.judge(there).verdict
        if verdict is None or verdict.kind not in (VerdictKind.ENTAILED, VerdictKind.CONTRADICTED):
            return
        is_there = verdict.kind is VerdictKind.ENTAILED
        if absent is not None and absent is is_there:
            return
        name = self.knowledge.vocabulary.concept(concept).name.lower()
        yield Expected(
            kind="rests_on", subject=concept, value=_presence(is_there),
            words=f"{why}: {name} {_presence(is_there)}", share=self._share("rests_on"),
        )  # fmt: skip

    def _of_review(self) -> Iterator[Expected]:
        for concept in self.grounds.seen:
            yield from self._fact(concept, "found")
        for claim in self.grounds.refuted:
            absent = claim.presence is Presence.PRESENT
            yield from self._fact(claim.concept, "the impression is wrong", absent=absent)

    def _gaps(self, output: str) -> Iterator[Expected]:
        missing = self.grounds.missing(output)
        first = [m for m in missing if m.decides_alone] or list(missing)
        for fact in first[: int(self._share("gaps_most"))]:
            words = missing_in_words(self.knowledge.vocabulary, fact.concept)
            yield Expected(
                kind="gap", subject=fact.concept, value=None, share=self._share("gap"),
                words=f"asked for: {words}",
            )  # fmt: skip


def _presence(there: bool) -> str:
    return "present" if there else "absent"


def derived_from(knowledge: Knowledge, output: str) -> str | None:
    """The one output that alone decides another one, such as the whole plan its first step."""
    tables = [table for _, table in knowledge.tables_for.get(output, ())]
    conditions = [text for t in tables for text in (t.applies, *(r.when for r in t.rows))]
    names = frozenset().union(*(fact_names(knowledge, parse_expression(c)) for c in conditions))
    return next(iter(names)) if len(names) == 1 and names <= knowledge.outputs.keys() else None


def met_by(
    knowledge: Knowledge, expected: Iterable[Expected], got: Established
) -> tuple[Expected, ...]:
    """The expectations, each with whether it was met."""
    return tuple(e.model_copy(update={"met": _is_met(knowledge, e, got)}) for e in expected)


def completeness_of(expected: Iterable[Expected], *, spoken: bool) -> float:
    """The share that was met; where nothing is expected, whether anything was said that holds."""
    items = list(expected)
    whole = sum(e.share for e in items)
    if not whole:
        return 1.0 if spoken else 0.0
    return sum(e.share for e in items if e.met) / whole


def _is_met(knowledge: Knowledge, expected: Expected, got: Established) -> bool:
    if expected.kind == "gap":
        fact = expected.subject
        in_words = names_fact(knowledge.vocabulary, fact, got.asked_in_words)
        return fact in got.asks or in_words
    if expected.value is None:
        return got.left_open
    if expected.subject in knowledge.outputs:
        return any(
            c.concept == expected.subject and c.value == expected.value
            and c.presence is Presence.PRESENT
            for c in got.claims
        )  # fmt: skip
    wanted = Presence(str(expected.value))
    vocabulary = knowledge.vocabulary
    related = vocabulary.descendants if wanted is Presence.PRESENT else vocabulary.ancestors
    enough = {expected.subject, *related[expected.subject]}
    return any(
        c.kind == "finding" and c.concept in enough and c.presence is wanted for c in got.claims
    )


def names_fact(vocabulary: Vocabulary, fact: str, text: str) -> bool:
    """Whether a text names a fact, such as the age of the patient."""
    words = _words(text)
    concept, _, key = fact.partition(".")
    known = vocabulary.concepts.get(concept)
    attribute = known.attribute(key) if known is not None else None
    names = [missing_in_words(vocabulary, fact).partition(" (")[0]]
    names += [attribute.name] if attribute is not None else []
    names += [known.name] if known is not None and key == "present" else []
    return any(f" {_words(name)} " in f" {words} " for name in names if name)


def _words(text: str) -> str:
    return " ".join(_WORD.findall(fold(text)))
