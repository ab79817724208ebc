"""What a question asks, understood without a language model."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from dxtrace.clinical import Context, Finding, Laterality
from dxtrace.clinical.base import Frozen
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.schema import Pack
from tools.report_claims import ReportClaimReader
from tools.report_reader import ReportReader
from tools.report_reader.phrases import compile_phrase, fold

_YES_NO = re.compile(
    r"^\W*(?:is|are|was|were|does|do|did|has|have|can|could|should|would|will|any|isn't|aren't)\b"
)
_COMPARISON = re.compile(
    r"\b(?:chang\w*|compar\w*|prior|previous\w*|grown|growth|growing|progress\w*|since|interval|"
    r"larger|smaller|bigger|differen\w*|stable|evolution|evolved)\b"
)
_REVIEW = re.compile(
    r"\b(?:review|check|verify|audit|validate|consistent|contradict\w*|discrepan\w*|errors?|"
    r"agree|correct|summar\w*|interpret)\b"
)
_DENIAL = re.compile(r"(?:no|not|without|absent|absence of)\b")
_ABSENCE = re.compile(r"\b(?:no|not|without|absent|absence|free of|rule out|exclude\w*)\b")


class Intent(Frozen):
    """One thing that is asked.

    Attributes:
        kind: a *finding* (is it there?), a pack's *output* (which category, stage,
            recommendation?), an output *value* (is it category 4A?), the *comparison* with the
            prior, or a *review* of everything that applies.
        concept: the concept asked about, for a finding or a comparison.
        laterality: the side asked about.
        output: the pack output asked about.
        value: the value asked about.
        pack: the pack asked for.
    """

    kind: Literal["finding", "output", "value", "comparison", "review"]
    concept: str | None = None
    laterality: Laterality | None = None
    output: str | None = None
    value: str | bool | None = None
    pack: str | None = None


class QuestionReader:
    """Understands questions with the vocabulary and the packs' own phrases.

    Args:
        knowledge: vocabulary and packs.
        reader: finds concepts in the question.
    """

    def __init__(self, knowledge: Knowledge, reader: ReportReader) -> None:
        self.knowledge, self.reader = knowledge, reader
        self.claims = ReportClaimReader(knowledge, reader)

    def read(
        self, question: str | None, packs: tuple[str, ...] | None = None
    ) -> tuple[Intent, ...]:
        """What the question asks; a review if there is none or nothing is recognised.

        Args:
            question: the question.
            packs: packs that the case itself asks for.
        """
        text = (question or "").strip()
        found = list(self._understand(text)) if text else []
        named = {i.pack for i in found}
        found += [i for p in packs or () if p not in named for i in self._outputs_of(p)]
        return tuple(dict.fromkeys(found)) or (Intent(kind="review"),)

    def _understand(self, text: str) -> Iterator[Intent]:
        folded = fold(text)
        yes_no = bool(_YES_NO.match(folded))
        concepts = self._concepts(text)
        packs = self._packs(folded)
        values = self._values(text, packs) if yes_no else []
        if values:
            yield from values
            yield from self._others_of(values)
        elif _COMPARISON.search(folded) and (yes_no or not packs):
            yield from self._comparisons(concepts)
        elif yes_no and concepts:
            yield from self._findings(concepts)
            by_name = [p for p in packs if compile_phrase(p.replace("_", " ")).search(folded)]
            yield from (i for p in by_name for i in self._outputs_of(p))
        elif packs:
            yield from (i for p in packs for i in self._outputs_of(p))
        elif concepts and not _REVIEW.search(folded):
            yield from self._findings(concepts)
        elif _COMPARISON.search(folded):
            yield Intent(kind="comparison")

    def _concepts(self, text: str) -> list[Finding]:
        """Concepts named in the question, the most specific of each family."""
        concepts = self.knowledge.vocabulary.concepts
        found = {
            f.concept: f
            for f in _named(text, self.reader.read(text).findings)
            if f.concept in concepts
            and concepts[f.concept].kind != "context"
            and f.context is not Context.FAMILY
        }
        above = self.knowledge.vocabulary.ancestors
        general = {a for key in found for a in above[key]}
        return [f for key, f in found.items() if key not in general]

    def _findings(self, concepts: list[Finding]) -> Iterator[Intent]:
        for finding in concepts:
            yield Intent(kind="finding", concept=finding.concept, laterality=finding.laterality)

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
        found = []
        for output, value, _ in self.claims.categories_in(text):
            pack = self.knowledge.outputs[output.name][0].id
            if not packs or pack in packs:
                found.append(Intent(kind="value", output=output.name, value=value, pack=pack))
        return list(dict.fromkeys(found))


def _hits(pack: Pack, folded: str) -> Iterator[int]:
    """Length of each phrase of the pack that the question has; longer is more specific."""
    for phrase in pack.header.selection.questions:
        for match in compile_phrase(phrase).finditer(folded):
            yield match.end() - match.start()


_GROWTH = re.compile(
    r"\b(?:gr[eo]w\w*|growth|larger|bigger|increas\w*|enlarg\w*|progress\w*|worse\w*|new)\b"
)
_STABILITY = re.compile(r"\b(?:stable|unchanged|same|no change)\b")


def is_yes_no(question: str) -> bool:
    """Whether a question wants yes or no."""
    return bool(_YES_NO.match(fold(question)))


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


def asks_for_absence(question: str) -> bool:
    """Whether a yes-or-no question asks whether something is *not* there."""
    return bool(_YES_NO.match(fold(question)) and _ABSENCE.search(fold(question)))
