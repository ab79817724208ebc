"""How the sentences of a section go on about what was named before."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tools.report_reader.counts import is_plural_noun
from tools.report_reader.headings import SideHeadings
from tools.report_reader.heads import Antecedent, Head, HeadFinder, with_heads, with_items
from tools.report_reader.layout import Part
from tools.report_reader.lesions import LesionRegister
from tools.report_reader.mentions import Mention
from tools.report_reader.phrases import translate
from tools.report_reader.rules import ContextRules
from tools.report_reader.sentences import MeaningHit, Scan

_SEVERAL = 2
_COUNTS = frozenset({"count", "count_open"})


@dataclass
class Thread:
    """What a section has spoken of so far.

    Attributes:
        register: the lesions of the report.
        headings: sides that stand as headings.
        recent: measurable mentions that later sentences may go on about, newest first.
        last: the mentions of the last sentence that had any.
        title: the lesions that the title of a list names.
    """

    register: LesionRegister
    headings: SideHeadings
    recent: list[Mention] = field(default_factory=list)
    last: list[Mention] = field(default_factory=list)
    title: tuple[str, ...] = ()

    def rivals(self, mention: Mention) -> tuple[str, ...]:
        """The lesions of the last sentence that "the nodule" may mean."""
        same = [m.lesion for m in self.last if m.concept is mention.concept and m.is_there]
        return tuple(dict.fromkeys(x for x in same if x is not None))


class Continuations:
    """Finds what words without a noun refer to."""

    def __init__(self, rules: ContextRules, lesions: frozenset[str]):
        self._heads = HeadFinder(rules)
        self._lesions = lesions
        everyone = "|".join(translate(p) for p in rules.reference.all)
        self._all = re.compile(rf"(?<!\w)(?:{everyone})(?!\w)")

    def resolve(
        self, scan: Scan, said: Sequence[MeaningHit], thread: Thread
    ) -> tuple[Scan, list[MeaningHit], dict[int, Head]]:
        """The sentence with what stands for lesions as mentions, and these by their offset."""
        nouns = [h for h in said if h.entry.concept in self._lesions]
        before = self._before(scan.sentence.part, thread)
        if not nouns and before is None:
            return scan, list(said), {}
        scan = with_items(scan, nouns)
        within = self._within(scan, nouns, before) if nouns else before
        if within is None:
            return scan, list(said), {}
        part = scan.sentence.part
        whole = {n.start: _about(thread.register, (n.entry.concept,), part) for n in nouns}
        heads = self._heads.find(scan, nouns, before, within, whole)
        listed = within if within.group else None
        if listed is not None and not heads:
            heads = self._heads.listed(scan, nouns, listed)
        if not heads:
            return scan, list(said), {}
        concepts = within.concepts if nouns or before is None else before.concepts
        full = with_heads(scan, heads, concepts)
        new = [h for h in full.hits["mention"] if h.start in full.heads and h not in said]
        by_place = {h.start if h.noun is None else h.noun: h for h in heads}
        ordered = sorted([*said, *new], key=lambda h: (h.start, h.end))
        return full, ordered, by_place

    def _before(self, part: Part, thread: Thread) -> Antecedent | None:
        last = next((m for m in thread.recent if m.is_lesion), None)
        if last is None:
            return Antecedent(thread.title, group=True, known=0) if thread.title else None
        same = {
            m.concept.key: None for m in thread.recent
            if m.is_lesion and m.scan is last.scan and m.start < last.end and last.start < m.end
        }  # fmt: skip
        about = _about(thread.register, tuple(same), part)
        return replace(about, group=True) if thread.title == tuple(same) else about

    @staticmethod
    def _within(scan: Scan, nouns: Sequence[MeaningHit], before: Antecedent | None) -> Antecedent:
        first = nouns[0]
        same = tuple(dict.fromkeys(
            n.entry.concept for n in nouns if n.start < first.end and first.start < n.end
        ))  # fmt: skip
        known = len({n.start for n in nouns})
        if before is not None and before.concepts == same:
            known += before.known
        return Antecedent(same, any(is_plural_noun(scan, n) for n in nouns), known)

    def shares(self, scan: Scan) -> bool:
        """Whether a sentence speaks of all that were named: "both are solid"."""
        return bool(self._all.search(scan.between(scan.sentence.start, scan.sentence.end)))


def _about(register: LesionRegister, concepts: tuple[str, ...], part: Part) -> Antecedent:
    concept = concepts[0]
    group = register.group(concept, part) is not None
    known = len(register.singles(concept, part)) or len(register.singles(concept))
    return Antecedent(concepts, group, known)


def stand_in(thread: Thread) -> Mention | None:
    """What a sentence without a lesion goes on about, if the last one named several of a kind."""
    lesions = [m for m in thread.last if m.is_lesion and m.is_there and m.lesion is not None]
    alike = {m.lesion for m in lesions if m.concept is lesions[-1].concept}
    if len(alike) < _SEVERAL:
        return None
    return replace(lesions[-1], attributes={}, measurements=[], spans=[], change=None)


def hand_out(said: Mention, thread: Thread, *, shared: bool) -> None:
    """Give each lesion of the last sentence what is said of all; else leave it open for each."""
    for mention in thread.last:
        if mention.concept is said.concept and mention.is_there:
            for key, value in said.attributes.items():
                mention.attributes.setdefault(key, value if shared else ())
            if shared:
                mention.change = mention.change or said.change


def left_open(mention: Mention, lesions: Sequence[str]) -> list[Mention]:
    """A statement about one of several lesions: its features stay open for each of them."""
    features = {k: () for k in mention.attributes if k not in _COUNTS}
    if not features:
        return []
    return [
        replace(mention, lesion=lesion, attributes=dict(features), measurements=[], sites=[],
                spans=list(mention.spans))
        for lesion in lesions
    ]  # fmt: skip
