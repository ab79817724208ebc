"""An answer's words as statements that can be checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from agents.intent import Intent
from agents.question_text import is_yes_no
from dxtrace.clinical import Case, Claim, Context, Finding, Presence, Report, Source
from graphs.teacher.conversation import Exchange
from graphs.teacher.settings import RewardSettings
from graphs.workbench import Workbench
from tools.report_reader.phrases import fold

_HEADING = "IMPRESSION:\n"
"""An answer is read as a report's impression is: what it says are claims."""
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+|\s*\n\s*")
_YES_NO = re.compile(r"\W*(?P<word>yes|no)\b(?=\s*(?:[,.:;!-]|$))[\s,.:;!-]*", re.IGNORECASE)
_BRACKETS = re.compile(r"\[[^\]\n]*\]")
_WORD = re.compile(r"[^\W_]+")
_OPPOSITE = {Presence.PRESENT: Presence.ABSENT, Presence.ABSENT: Presence.PRESENT}

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Said:
    """One statement.

    Attributes:
        text: its words, or the claim in words.
        claims: what the words were read as; several where concepts share the words.
        hedged: said to be possible only.
        denied: what is said is that the claim does not hold.
    """

    text: str
    claims: tuple[Claim, ...]
    hedged: bool = False
    denied: bool = False


@dataclass(frozen=True, slots=True)
class ReadSentence:
    """A sentence and what was read from it.

    Attributes:
        text: the words.
        said: its statements.
        understood: the share of its words that were understood, for a sentence with statements.
        leaves_open: whether it says that something is undecided.
        assumes: whether it tells what it assumes.
        corrects: whether it says that it takes something back.
    """

    text: str
    said: tuple[Said, ...] = ()
    understood: float = 1.0
    leaves_open: bool = False
    assumes: bool = False
    corrects: bool = False


@dataclass(frozen=True, slots=True)
class _Read:
    """A claim and its place."""

    span: Span
    claim: Claim
    hedged: bool = False


class AnswerReader:
    """Reads answers with the readers that reports are read with.

    Args:
        bench: the readers.
        settings: the words of openness and correction.
    """

    def __init__(self, bench: Workbench, settings: RewardSettings) -> None:
        self.bench, self.settings = bench, settings
        knowledge = bench.knowledge
        packs = knowledge.packs.values()
        self._titles: dict[str, list[tuple[re.Pattern[str], str | bool]]] = {}
        self._sources = tuple(f"[{knowledge.citation(p, None).source}" for p in packs)

    def read(
        self, exchange: Exchange, intents: Iterable[Intent], drafts: Iterable[Claim],
        outputs: frozenset[str], around: str,
    ) -> tuple[ReadSentence, ...]:  # fmt: skip
        """The sentences of an answer; what it is said to claim beside them comes last.

        Args:
            exchange: question and answer.
            intents: what the question asks.
            drafts: the statements that a yes would make.
            outputs: the outputs that bear on the case: "no follow-up" is one of several packs'.
            around: what the conversation is about, in words.
        """
        text = self._without_citations(exchange.answer)
        word = _YES_NO.match(text) if is_yes_no(exchange.question) else None
        direct = tuple(_direct(word["word"], intents, drafts)) if word else ()
        spoken = word.end() if word and direct else 0
        text = " " * spoken + text[spoken:]
        found = self._claims_in(text, outputs, around)
        sentences = [self._sentence(text, span, found) for span in _sentence_spans(text)]
        if direct:
            said = exchange.answer[:spoken].strip()
            sentences.insert(0, ReadSentence(text=said, said=direct))
        structured = [Said(text=c.text, claims=(_own(c),)) for c in exchange.claims]
        if structured:
            sentences.append(ReadSentence(text="", said=tuple(structured)))
        return tuple(sentences)

    def _without_citations(self, text: str) -> str:
        """The text with blanks where it names its sources, as our own answers do."""
        return _BRACKETS.sub(
            lambda m: " " * len(m[0]) if m[0].startswith(self._sources) else m[0], text
        )

    def _claims_in(self, text: str, outputs: frozenset[str], around: str) -> list[_Read]:
        if not text.strip():
            return []
        whole = _HEADING + text
        findings = [
            f.model_copy(update={"source": Source.REPORT_IMPRESSION})
            for f in self.bench.reader.read(whole, around=around).findings
        ]
        case = Case(id="answer", reports=(Report(text=whole),))
        claims = self.bench.claim_reader.claims_of(case, findings)
        stated = [_Read(_shifted(c.span), _own(c)) for c in claims]
        named = list(self._named(text, outputs))
        categories = [r for r in stated if r.claim.kind == "category"]
        categories = [*named, *_bearing(_not_beside(categories, named), outputs)]
        plain = [r for r in stated if r.claim.kind == "finding"]
        plain += [_Read(_place(f), _hedged(f), hedged=True) for f in self._doubted(findings)]
        # "No follow-up of the nodule": the nodule is not what is denied.
        plain = [r for r in plain if not any(_overlap(r.span, c.span) for c in categories)]
        return sorted([*categories, *plain], key=lambda r: r.span)

    def _named(self, text: str, outputs: frozenset[str]) -> Iterator[_Read]:
        """Conclusions by their own titles: "ACR TI-RADS level: TR5", as our answers say them."""
        for name in sorted(outputs):
            for pattern, value in self._titled(name):
                for match in pattern.finditer(text):
                    claim = Claim(
                        id=f"{name}-{match.start()}", kind="category", concept=name, value=value,
                        text=match[0],
                    )  # fmt: skip
                    yield _Read(match.span(), claim)

    def _titled(self, name: str) -> list[tuple[re.Pattern[str], str | bool]]:
        if name not in self._titles:
            output = self.bench.knowledge.outputs[name][1]
            said: list[tuple[str | bool, list[str]]] = [(True, ["yes"]), (False, ["no"])]
            if output.type == "choice":
                said = [(v.key, [v.key, v.say]) for v in output.values]
            titles = "|".join(re.escape(t) for t in (output.title, output.public_name) if t)
            self._titles[name] = [
                (_titled_value(titles, [w for w in words if w]), value) for value, words in said
            ]
        return self._titles[name]

    def _doubted(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        concepts = self.bench.knowledge.vocabulary.concepts
        for finding in findings:
            known = concepts.get(finding.concept)
            current = finding.context is Context.CURRENT
            if known is not None and known.kind != "context" and current and finding.is_doubted:
                yield finding

    def _sentence(self, text: str, span: Span, found: list[_Read]) -> ReadSentence:
        own = [r for r in found if span[0] <= r.span[0] < span[1]]
        words = text[slice(*span)].strip()
        opens = bool(self.settings.open_words.search(words))
        said = tuple(_grouped(text, own))
        if opens:
            said = tuple(replace(s, hedged=True) for s in said if s.claims[0].kind == "finding")
        return ReadSentence(
            text=words, said=said, leaves_open=opens,
            understood=self._understood(text, span, own) if said and not opens else 1.0,
            assumes=bool(self.settings.assumed_words.match(words)),
            corrects=bool(self.settings.correction_words.search(words)),
        )  # fmt: skip

    def _understood(self, text: str, span: Span, own: list[_Read]) -> float:
        """The share of a sentence's words that vocabulary, packs or frame account for."""
        claimed = [_as_finding(r.claim) for r in own if r.claim.kind == "finding"]
        rest = self.settings.correction_words.sub(" ", text[slice(*span)])
        unknown = self.bench.statement_reader.unknown_words(rest, claimed)
        unknown = tuple(w for w in unknown if fold(w) not in self._names)
        total = len(_WORD.findall(text[slice(*span)]))
        return max(0.0, 1 - len(unknown) / total) if total else 1.0

    @cached_property
    def _names(self) -> frozenset[str]:
        """The words of what vocabulary and packs call their things: "first step", "composition"."""
        knowledge = self.bench.knowledge
        named = [c.name for c in knowledge.vocabulary.concepts.values()]
        named += [a.name for c in knowledge.vocabulary.concepts.values() for a in c.attributes]
        for pack, output in knowledge.outputs.values():
            named += [pack.header.title, output.title, output.public_name]
            named += [v.key for v in output.values]
        return frozenset(fold(w) for name in named for w in _WORD.findall(name))


def _direct(word: str, intents: Iterable[Intent], drafts: Iterable[Claim]) -> Iterator[Said]:
    """What a yes or a no to the question states."""
    asked = list(intents)
    if any(i.unclear or i.openly or i.bound != "exactly" for i in asked):
        return
    yes = word.lower() == "yes"
    for draft in drafts:
        qualified = bool(draft.attributes or draft.measurements or draft.location)
        if draft.id.endswith("b"):  # the bare presence beside a qualified question
            continue
        if yes or qualified:
            yield Said(text=word, claims=(draft,), denied=not yes)
        else:
            denied = draft.model_copy(update={"presence": _OPPOSITE[draft.presence]})
            yield Said(text=word, claims=(denied,))


def _own(claim: Claim) -> Claim:
    """A claim as the planner's: nothing is allowed for that reports leave to their readers."""
    return claim.model_copy(update={"source": Source.PLANNER, "document": None})


def _hedged(finding: Finding) -> Claim:
    return Claim(
        id=finding.id, kind="finding", concept=finding.concept, laterality=finding.laterality,
        location=finding.location, attributes=finding.attributes,
        measurements=finding.measurements, text=finding.text,
    )  # fmt: skip


def _as_finding(claim: Claim) -> Finding:
    return Finding(
        id=claim.id, concept=claim.concept, presence=claim.presence,
        attributes=claim.attributes, measurements=claim.measurements,
    )  # fmt: skip


def _place(finding: Finding) -> Span:
    return _shifted(finding.evidence[0].span if finding.evidence else None)


def _shifted(span: Span | None) -> Span:
    start, end = span or (len(_HEADING), len(_HEADING))
    return max(0, start - len(_HEADING)), max(0, end - len(_HEADING))


def _overlap(a: Span, b: Span) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def _titled_value(titles: str, words: list[str]) -> re.Pattern[str]:
    """``title: value``; what stands in brackets behind it repeats the value."""
    values = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    rest = r"(?:\s\([A-Za-z0-9_-]+\))?(?=\s*(?:[.;,]|$))"
    return re.compile(rf"(?<!\w)(?:{titles})(?::| is) (?:{values}){rest}", re.IGNORECASE | re.M)


def _not_beside(categories: list[_Read], named: list[_Read]) -> list[_Read]:
    """Categories but for those whose words name a conclusion by its title."""
    return [c for c in categories if not any(_overlap(c.span, n.span) for n in named)]


def _bearing(categories: list[_Read], outputs: frozenset[str]) -> list[_Read]:
    """Of categories that share their words, those of packs that bear on the case."""
    ours = [r for r in categories if r.claim.concept in outputs]
    others = [r for r in categories if r.claim.concept not in outputs]
    return [*ours, *(r for r in others if not any(_overlap(r.span, o.span) for o in ours))]


def _grouped(text: str, own: list[_Read]) -> Iterator[Said]:
    """Statements: claims that share their words are one."""
    groups: list[list[_Read]] = []
    for read in own:
        shares = groups and any(_overlap(read.span, r.span) for r in groups[-1])
        if shares and groups[-1][0].hedged == read.hedged:
            groups[-1].append(read)
        else:
            groups.append([read])
    for group in groups:
        start, end = min(r.span[0] for r in group), max(r.span[1] for r in group)
        yield Said(
            text=" ".join(text[start:end].split()),
            claims=tuple(r.claim for r in group), hedged=group[0].hedged,
        )  # fmt: skip


def _sentence_spans(text: str) -> Iterator[Span]:
    start = 0
    for end in [*(m for m in _SENTENCE_END.finditer(text)), None]:
        stop = end.start() if end is not None else len(text)
        if _WORD.search(text, start, stop):
            yield start, stop
        start = end.end() if end is not None else stop
