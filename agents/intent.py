"""What a question asks, understood without a language model."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Literal

from pydantic import Field

from agents.question_text import (
    asks_for_absence,
    is_open,
    is_yes_no,
    normalised,
    words_not_understood,
)
from dxtrace.clinical import Context, Finding, Laterality, Measurement
from dxtrace.clinical.base import Frozen
from dxtrace.clinical.finding import AttributeValue
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.schema import Pack
from tools.report_claims import ReportClaimReader
from tools.report_reader import ReportReader
from tools.report_reader.characters import plain_characters
from tools.report_reader.phrases import compile_phrase, fold

Bound = Literal["exactly", "at least", "at most", "above", "below"]
_COMPARISON = re.compile(
    r"\b(?:chang\w*|compar\w*|prior|previous\w*|grown|growth|growing|progress\w*|since|interval|"
    r"larger|smaller|bigger|differen\w*|stable|unchanged|evolution|evolved|increas\w*|decreas\w*|"
    r"improv\w*|worse\w*|shrunk|regress\w*)\b"
)
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_QUOTED = 200
_REMEMBERED = 8
_REVIEW = re.compile(
    r"\b(?:review|check|verify|audit|validate|consistent|contradict\w*|discrepan\w*|errors?|"
    r"agree|correct|summar\w*|interpret)\b"
)
_SIMILAR = re.compile(
    r"\b(?:similar|comparable|alike|analogous|exemplary?|look\w* like)\b[^.?!]*\bcases?\b"
    r"|\bcases?\b[^.?!]*\b(?:similar|comparable|alike|analogous|like th(?:is|e))\b"
)
_DIFFERENTIAL = re.compile(
    r"\b(?:differentials?|ddx)\b"
    r"|\bwhat(?: else)? (?:could|can|might|may) (?:this|that|it|these|those|the)\b[^.?!]*\bbe\b"
    r"|\b(?:other|alternative|further) (?:possible )?diagnos[ei]s\b"
)
_DENIAL = re.compile(r"(?:no|not|without|absent|absence of)\b")
_SIZE = re.compile(r"\d\s*(?:mm|cm)\b")
_AT_LEAST = re.compile(r"\b(?:at least|or (?:higher|more|worse|above|greater|beyond)|minimum)\b")
_AT_MOST = re.compile(r"\b(?:at most|or (?:lower|less|better|below)|maximum|no more than|up to)\b")
_ABOVE = re.compile(r"\b(?:above|over|(?:higher|more|worse|greater) than|beyond|exceeds?)\b")
_BELOW = re.compile(r"\b(?:below|under|(?:lower|less|better) than)\b")
_BOUNDS: tuple[tuple[re.Pattern[str], Bound], ...] = (
    (_AT_LEAST, "at least"), (_AT_MOST, "at most"), (_ABOVE, "above"), (_BELOW, "below"),
)  # fmt: skip


class Intent(Frozen):
    """One thing that is asked.

    Attributes:
        kind: a *finding* (is it there?), a pack's *output* (which category, stage,
            recommendation?), an output *value* (is it category 4A?), the *comparison* with the
            prior, cases that are *similar*, a *differential* diagnosis (by analogy with such
            cases), or a *review* of everything that applies.
        concept: the concept asked about, for a finding or a comparison.
        laterality: the side asked about.
        output: the pack output asked about.
        value: the value asked about.
        bound: how the value is meant: "stage IIIA or higher" asks for *at least*.
        pack: the pack asked for.
        location: the site asked about.
        attributes: features asked about.
        measurements: sizes asked about.
        absent: it is asked whether it is *not* there.
        openly: not whether but which, where or how many is asked.
        unclear: words of the question that were not understood, so that it is not answered with
            yes or no.
    """

    kind: Literal["finding", "output", "value", "comparison", "similar", "differential", "review"]
    concept: str | None = None
    laterality: Laterality | None = None
    output: str | None = None
    value: str | bool | None = None
    bound: Bound = "exactly"
    pack: str | None = None
    location: str | None = None
    attributes: dict[str, AttributeValue] = Field(default_factory=dict)
    measurements: tuple[Measurement, ...] = ()
    absent: bool = False
    openly: bool = False
    unclear: str = ""

    @property
    def is_qualified(self) -> bool:
        """Whether more is asked than presence and side."""
        return bool(self.attributes or self.measurements or self.location)


class QuestionReader:
    """Understands questions with the vocabulary and the packs' own phrases.

    Args:
        knowledge: vocabulary and packs.
        reader: finds concepts in the question.
    """

    def __init__(self, knowledge: Knowledge, reader: ReportReader) -> None:
        self.knowledge, self.reader = knowledge, reader
        self.claims = ReportClaimReader(knowledge, reader)
        # The same case is asked about in every step of its review.
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._read)

    def read(
        self, question: str | None, packs: tuple[str, ...] | None = None, *, about: str = ""
    ) -> tuple[Intent, ...]:
        """What the question asks; a review if there is none or nothing is recognised.

        Args:
            question: the question.
            packs: packs that the case itself asks for.
            about: the reports that it asks of: "the nodule" of a thyroid ultrasound is in the
                thyroid.
        """
        return self._remembered(question, packs, about)

    def _read(
        self, question: str | None, packs: tuple[str, ...] | None, about: str
    ) -> tuple[Intent, ...]:
        text = normalised(question)
        analogies = list(_analogies(fold(text)))
        rest = self._besides_analogies(text) if analogies else text
        found = list(self._understand(rest, about)) if rest else []
        named = {i.pack for i in found}
        found += [i for p in packs or () if p not in named for i in self._outputs_of(p)]
        # A differential diagnosis rests on all that there is, beside what cases are like it.
        whole = any(i.kind == "differential" for i in analogies) and not found
        found += [*analogies, *([Intent(kind="review")] if whole else [])]
        if found:
            return _each_once(found)
        lost = bool(text) and not _REVIEW.search(fold(text))
        return (Intent(kind="review", unclear=text[:_QUOTED] if lost else ""),)

    def _understand(self, text: str, about: str) -> Iterator[Intent]:
        text, about = plain_characters(text).text, plain_characters(about).text
        folded = fold(text)
        yes_no = is_yes_no(text)
        concepts = self._concepts(text, about)
        packs = self._packs(folded)
        values = self._values(text, packs) if yes_no else []
        sized = bool(concepts) and bool(_SIZE.search(folded))
        if values:
            yield from values
            yield from self._others_of(values)
        elif _COMPARISON.search(folded) and not sized and (yes_no or not packs):
            yield from self._comparisons(concepts)
        elif yes_no and concepts:
            asked = list(self._findings(text, concepts))
            yield from asked
            unclear = any(i.unclear for i in asked)
            by_name = [p for p in packs if compile_phrase(p.replace("_", " ")).search(folded)]
            yield from (i for p in (packs if unclear else by_name) for i in self._outputs_of(p))
        elif packs:
            yield from (i for p in packs for i in self._outputs_of(p))
        elif concepts and not _REVIEW.search(folded):
            yield from self._findings(text, concepts)
        elif _COMPARISON.search(folded):
            yield Intent(kind="comparison")

    def _besides_analogies(self, text: str) -> str:
        """The sentences that ask for something else; what only tells of the case asks nothing."""
        return " ".join(
            s
            for s in _SENTENCE_END.split(text)
            if not any(_analogies(fold(s))) and not self._only_tells(s)
        )

    def _only_tells(self, sentence: str) -> bool:
        asks = is_yes_no(sentence) or is_open(sentence) or _REVIEW.search(fold(sentence))
        return sentence.endswith(".") and not asks and not self._packs(fold(sentence))

    def _concepts(self, text: str, about: str) -> list[Finding]:
        """Concepts named in the question, the most specific of each family."""
        concepts = self.knowledge.vocabulary.concepts
        found = {
            f.concept: f
            for f in _named(text, self.reader.read(text, around=about).findings)
            if f.concept in concepts
            and concepts[f.concept].kind != "context"
            and f.context is not Context.FAMILY
        }
        above = self.knowledge.vocabulary.ancestors
        general = {a for key in found for a in above[key]}
        return [f for key, f in found.items() if key not in general]

    def _findings(self, text: str, concepts: list[Finding]) -> Iterator[Intent]:
        openly, absent = is_open(text), asks_for_absence(text)
        unclear = "" if openly else " ".join(words_not_understood(text, self.reader, concepts))
        for finding in concepts:
            qualified = not (unclear or openly or absent)
            yield Intent(
                kind="finding", concept=finding.concept, laterality=finding.laterality,
                location=finding.location if qualified else None,
                attributes=_features(finding) if qualified else {},
                measurements=finding.measurements if qualified else (),
                absent=absent, openly=openly, unclear=unclear,
            )  # fmt: skip

    def _comparisons(self, concepts: list[Finding]) -> Iterator[Intent]:
        if not concepts:
            yield Intent(kind="comparison")
        for finding in concepts:
            yield Intent(kind="comparison", concept=finding.concept, laterality=finding.laterality)

    def _packs(self, folded: str) -> list[str]:
        asked = {
            pack.id: max(hits)
            for pack in self.knowledge.packs.values()
            if (hits := list(_hits(pack, folded)))
        }
        if not asked:
            return []
        excluded = {
            e for p in asked for e in self.knowledge.packs[p].header.selection.excludes
            if asked.get(e, 0) <= asked[p]
        }  # fmt: skip
        best = max(asked.values())
        return [p for p in asked if p not in excluded and asked[p] >= best / 2]

    def _outputs_of(self, pack: str) -> Iterator[Intent]:
        known = self.knowledge.packs.get(pack)
        for output in known.header.outputs if known else ():
            if output.report:
                yield Intent(kind="output", output=output.name, pack=pack)

    def _others_of(self, values: list[Intent]) -> Iterator[Intent]:
        """What else the packs of the values say: a level beside its recommendation."""
        asked = {i.output for i in values}
        for pack in dict.fromkeys(i.pack for i in values if i.pack):
            yield from (i for i in self._outputs_of(pack) if i.output not in asked)

    def _values(self, text: str, packs: list[str]) -> list[Intent]:
        folded = fold(text)
        bound = next((name for pattern, name in _BOUNDS if pattern.search(folded)), "exactly")
        found = []
        for output, value, _ in self.claims.categories_in(text):
            pack = self.knowledge.outputs[output.name][0].id
            if not packs or pack in packs:
                found.append(
                    Intent(kind="value", output=output.name, value=value, pack=pack, bound=bound)
                )
        return list(_each_once(found))


def _analogies(folded: str) -> Iterator[Intent]:
    """What is asked of similar cases."""
    if _SIMILAR.search(folded):
        yield Intent(kind="similar")
    if _DIFFERENTIAL.search(folded):
        yield Intent(kind="differential")


def _each_once(intents: Iterable[Intent]) -> tuple[Intent, ...]:
    return tuple({i.model_dump_json(): i for i in intents}.values())


def _features(finding: Finding) -> dict[str, AttributeValue]:
    """The features that a question names, less those that only repeat its size or site."""
    sized = {"change", "stated_size"} if finding.measurements else set()
    left_out = {"lobe", "count", "count_open", *sized}
    return {k: v for k, v in finding.attributes.items() if k not in left_out and v != ()}


def _hits(pack: Pack, folded: str) -> Iterator[int]:
    """Length of each phrase of the pack that the question has; longer is more specific."""
    for phrase in pack.header.selection.questions:
        for match in compile_phrase(phrase).finditer(folded):
            yield match.end() - match.start()


_GROWTH = re.compile(
    r"\b(?:gr[eo]w\w*|growth|larger|bigger|increas\w*|enlarg\w*|progress\w*|worse\w*|new)\b"
)
_STABILITY = re.compile(r"\b(?:stable|unchanged|same|no change)\b")


def asks_for_growth(question: str) -> bool:
    """Whether a question about change asks for growth."""
    return bool(_GROWTH.search(fold(question)))


def asks_for_stability(question: str) -> bool:
    """Whether a question about change asks whether nothing changed."""
    return bool(_STABILITY.search(fold(question)))


def _named(text: str, findings: Iterable[Finding]) -> list[Finding]:
    """Findings by their own names: "no effusion" also denies what needs an effusion, unasked."""
    places = [(f.evidence[0].span or (0, 0) if f.evidence else (0, 0), f) for f in findings]
    return [
        finding
        for (start, end), finding in places
        if not _DENIAL.match(fold(text[start:end]))
        or not any(start < s and e <= end for (s, e), _ in places)
    ]
