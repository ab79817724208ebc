"""Report text to findings."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, Self

from dxtrace.clinical.concept import Concept
from dxtrace.clinical.finding import AttributeValue, Evidence, Finding
from dxtrace.clinical.states import Context, Presence
from tools.report_reader.answers import belongs_to_next
from tools.report_reader.attributes import AttributeReader, accepts_sizes, fill
from tools.report_reader.binding import Binder
from tools.report_reader.characters import plain_characters, spelled_from
from tools.report_reader.context import assess
from tools.report_reader.counts import Counter, is_plural_noun
from tools.report_reader.enumerations import split_enumerations, without_announcements
from tools.report_reader.headings import SideHeadings
from tools.report_reader.layout import SectionFinder, split_sentences
from tools.report_reader.lesions import LesionRegister, split_by_site
from tools.report_reader.mentions import Mention
from tools.report_reader.phrases import translate
from tools.report_reader.reading import Recognised, ReportReading, Section
from tools.report_reader.regions import choose_mentions
from tools.report_reader.restrictions import Restrictions
from tools.report_reader.rules import load_rules
from tools.report_reader.sentences import MeaningHit, Scan, Scanner
from tools.report_reader.sites import SiteFinder, carry_sites
from tools.report_reader.subjects import left_unread
from tools.report_reader.tables import Spelled, load_speller
from tools.report_reader.templates import TemplateFinder
from tools.report_reader.thread import Continuations, Thread, hand_out, left_open, stand_in
from tools.report_reader.titles import fold_without_titles
from tools.report_reader.vocabulary import Vocabulary

TOOL = "report_reader"
VERSION = "1"
_REMEMBERED = 8


class HasConcepts(Protocol):
    """The vocabulary of a knowledge base."""

    @property
    def concepts(self) -> dict[str, Concept]:
        """Concepts by key."""


class HasVocabulary(Protocol):
    """A knowledge base, as far as the reader needs it."""

    @property
    def vocabulary(self) -> HasConcepts:
        """Its vocabulary."""


class ReportReader:
    """Reads reports with the phrases of a vocabulary.

    Build it once: it compiles every phrase. Reading keeps no state, so one reader may serve several
    threads.

    Args:
        knowledge: the knowledge base whose concepts are read.
    """

    def __init__(self, knowledge: HasVocabulary):
        self._build(knowledge.vocabulary.concepts)

    @classmethod
    def from_concepts(cls, concepts: Iterable[Concept]) -> Self:
        """A reader of these concepts alone."""
        reader = cls.__new__(cls)
        reader._build({c.key: c for c in concepts})  # noqa: SLF001 - second constructor
        return reader

    def _build(self, concepts: dict[str, Concept]) -> None:
        rules = load_rules()
        binder = Binder(rules.context)
        self._vocabulary = Vocabulary(dict(concepts), rules)
        self._sections = SectionFinder(rules.sections)
        self._scanner = Scanner(self._vocabulary, rules)
        self._sites = SiteFinder(rules.sites, binder)
        self._speller = load_speller()
        self._attributes = AttributeReader(binder)
        self._counter = Counter(rules.context)
        self._restrictions = Restrictions(rules.context)
        self._templates = TemplateFinder(self._vocabulary)
        lesions = frozenset(c.key for c in concepts.values() if c.kind == "lesion")
        self._continuations = Continuations(rules.context, lesions)
        starts = "|".join(rules.context.reference.pronouns).replace(" ", r"\s+")
        near = "|".join(translate(p) for p in rules.context.reference.neighbours)
        self._neighbour = re.compile(rf"(?<!\w)(?:{near})(?!\w)")
        self._pronoun = re.compile(rf"\W*(?:{starts})(?!\w)")

    @property
    def concepts(self) -> Mapping[str, Concept]:
        """The concepts that it reads, by key."""
        return self._vocabulary.concepts

    def read(self, text: str, document: int = 0, *, around: str = "") -> ReportReading:
        """Read one report.

        Args:
            text: the report, with or without headings.
            document: index of the report in its case, for the evidence.
            around: a text that this one is about, such as the report that a question asks of; it
                settles which region is meant where the words alone do not.

        Returns:
            Sections and findings; every span holds offsets into ``text``.
        """
        plain = plain_characters(text)
        spelled = spelled_from(plain, self._speller.spell(plain.text))
        text = spelled.text
        folded = fold_without_titles(text)
        parts = self._sections.split(text, folded)
        scans = [
            self._scanner.scan(sentence, folded)
            for part in parts
            for sentence in split_sentences(text, part)
        ]
        choose_mentions(scans, self._vocabulary, self._scans_of(around) if around else ())
        self._templates.name(scans)
        spoken: dict[int, list[Scan]] = defaultdict(list)
        for scan in scans:
            spoken[id(scan.sentence.part)].append(scan)
        register = LesionRegister(self._vocabulary.related)
        mentions: list[Mention] = []
        for part in parts:
            thread = Thread(register, SideHeadings(folded))
            for scan in spoken[id(part)]:
                mentions.extend(self._read_sentence(scan, thread))
        mentions.extend(left_unread(scans, mentions, self._vocabulary))
        findings = _without_partial_denials(without_announcements(mentions))
        return ReportReading(
            sections=tuple(
                Section(name=p.name, start=start, end=end)
                for p in parts
                for start, end in [spelled.span(p.start, p.end)]
            ),
            findings=tuple(
                _finding(m, number, spelled, document) for number, m in enumerate(findings, start=1)
            ),
        )

    def recognised(self, text: str) -> tuple[Recognised, ...]:
        """Every stretch of a text that the vocabulary or the reader's language rules know.

        Args:
            text: a short text, such as a question.
        """
        spelled = self._speller.spell(text)
        scans = self._scans_of(spelled.text)
        choose_mentions(scans, self._vocabulary)
        return tuple(
            Recognised(*spelled.span(start, end), role=role, concept=concept)
            for scan in scans
            for start, end, role, concept in scan.known()
        )

    def _scans_of(self, text: str) -> list[Scan]:
        folded = fold_without_titles(text)
        return [
            self._scanner.scan(sentence, folded)
            for part in self._sections.split(text, folded)
            for sentence in split_sentences(text, part)
        ]

    def _read_sentence(self, scan: Scan, thread: Thread) -> list[Mention]:
        sentence = scan.sentence
        named = scan.hits["mention"]
        said = [h for h in named if not _is_title(scan, h)]
        thread.title = _title(scan, named) if named and not said else thread.title
        scan, said, heads = self._continuations.resolve(scan, said, thread)
        mentions = [m for h in said if (m := self._mention(scan, h)) is not None]
        if any(m.is_lesion and m.start not in heads for m in mentions):
            thread.title = ()
        for mention in mentions:
            if mention.is_lesion and (head := heads.get(mention.start)):
                mention.role, mention.label = head.role, head.label
        enumerations = split_enumerations(scan, mentions)
        scan = scan.cut_at(place for e in enumerations for place in e.starts)
        sites = self._sites.assign(scan, mentions)
        thread.headings.apply(scan, sites, mentions)
        words = scan.between(sentence.start, sentence.end)
        refers_back = bool(self._pronoun.match(words))
        if not sites and (refers_back or self._neighbour.search(words)):
            carry_sites(thread.last, mentions)
        self._counter.describe(scan, mentions)
        goes_on = not mentions or refers_back or self._is_aside(scan, mentions)
        either = stand_in(thread) if goes_on else None
        recent = thread.recent if either is None else [either, *thread.recent]
        self._attributes.bind(scan, mentions, recent if goes_on else ())
        self._restrictions.leave_open(scan, mentions)
        if either is not None:
            hand_out(either, thread, shared=self._continuations.shares(scan))
        for enumeration in enumerations:
            enumeration.settle(scan)
        return [*self._told_apart(mentions, thread), *self._contexts(scan)]

    def _told_apart(self, mentions: Sequence[Mention], thread: Thread) -> list[Mention]:
        """Give the mentions of a sentence their lesions."""
        split = [s for m in mentions for s in (split_by_site(m) if m.is_lesion else [m])]
        whole: list[Mention] = []
        for mention in split:
            meant = self._settle(mention, thread)
            whole += left_open(mention, meant) if meant else [mention]
        thread.last = whole or thread.last
        there = [m for m in whole if m.is_there and (m.is_lesion or accepts_sizes(m.concept))]
        if there:
            thread.recent = [*reversed(there), *thread.recent][:_REMEMBERED]
        return whole

    def _is_aside(self, scan: Scan, mentions: Sequence[Mention]) -> bool:
        """Whether the words of a sentence point to another body region than all its mentions."""
        spoken_of = {str(h.entry.value) for h in scan.hits["region"]}
        regions = [self._vocabulary.regions(m.concept.key) for m in mentions]
        return bool(spoken_of) and all(r and not r & spoken_of for r in regions)

    def _mention(self, scan: Scan, hit: MeaningHit) -> Mention | None:
        concept = self._vocabulary.concepts[hit.entry.concept]
        part = scan.sentence.part
        assertion = assess(scan, hit)
        presence = assertion.presence
        if hit.entry.denies:
            if belongs_to_next(scan, hit, hit):
                return None
            if presence is Presence.ABSENT:
                return None
            presence = Presence.ABSENT if presence is Presence.PRESENT else presence
        context = assertion.context or part.context
        if concept.kind == "context" and assertion.context is None:
            context = Context.PRIOR if part.context is Context.PRIOR else Context.CURRENT
        mention = Mention(concept, hit, scan, presence, context, part.source)
        # "Likely benign nodule": of a lesion, the likelihood is that of its nature. Of "scar versus
        # nodule" no lesion is made.
        mention.probable = assertion.probable and not mention.is_lesion
        if assertion.alternative and mention.is_lesion and presence is Presence.PRESENT:
            mention.presence = Presence.INDETERMINATE
        mention.probable |= assertion.alternative and not mention.is_lesion
        return mention

    def _settle(self, mention: Mention, thread: Thread) -> tuple[str, ...]:
        """Complete a mention; the lesions that it may mean come back if it does not tell which."""
        change = mention.concept.attribute("change")
        if mention.change == "resolved" and mention.context is Context.CURRENT:
            mention.presence = Presence.ABSENT
        if change and mention.change in {v.key for v in change.values}:
            mention.attributes.setdefault("change", mention.change)
        if mention.is_lesion and mention.context is Context.CURRENT:
            gone = mention.presence is Presence.ABSENT and mention.change == "resolved"
            if mention.is_there or (gone and not mention.plural):
                return thread.register.identify(mention, thread.rivals(mention))
        return ()

    def _contexts(self, scan: Scan) -> list[Mention]:
        """Attributes of the patient and the examination stand by themselves."""
        found: list[Mention] = []
        stated = {h.entry.concept for h in scan.hits["mention"]}
        taken = [h.number for h in scan.hits["number"] if h.entry.concept in stated and h.number]
        for hit in [h for role in ("value", "flag", "number") for h in _uncovered(scan.hits[role])]:
            concept = self._vocabulary.concepts[hit.entry.concept]
            attribute = concept.attribute(hit.entry.attribute)
            if concept.kind != "context" or concept.key in stated or attribute is None:
                continue
            if hit.number in taken:
                continue
            is_length = hit.entry.role == "number" and attribute.unit in ("mm", "cm")
            if not is_length and any(s.start < hit.end <= s.end for s in scan.sizes):
                continue
            mention = self._mention(scan, hit)
            if mention is None or not fill(
                scan, hit, attribute, mention.attributes, mention.measurements
            ):
                continue
            mention.presence = Presence.PRESENT
            found.append(mention)
        return found


def _is_title(scan: Scan, hit: MeaningHit) -> bool:
    """Whether a sentence is only a finding's name and a colon: the title of a list."""
    before = scan.between(scan.sentence.start, hit.start)
    after = scan.between(hit.end, scan.sentence.end)
    return after.strip(" *_") == ":" and not before.strip(" *_-#.0123456789")


def _title(scan: Scan, hits: Sequence[MeaningHit]) -> tuple[str, ...]:
    """The lesions that the title of a list names."""
    return tuple(dict.fromkeys(h.entry.concept for h in hits if is_plural_noun(scan, h)))


def _uncovered(hits: Sequence[MeaningHit]) -> list[MeaningHit]:
    """Leave out what a longer phrase covers: "blasts 24%" in "blasts 24% of all cells"."""
    return [
        h for h in hits
        if not any(o.entry.concept == h.entry.concept and o.covers(h) for o in hits)
    ]  # fmt: skip


def _without_partial_denials(mentions: Sequence[Mention]) -> list[Mention]:
    """Leave out "no new nodule" and "no large effusion" where the thing itself is there.

    Where being new is the finding, another section that has it says otherwise.
    """
    there = {
        (key, source)
        for m in mentions if m.is_there
        for key in (m.concept.key, *m.concept.parents) for source in (None, m.source)
    }  # fmt: skip
    values: dict[tuple[str, str], set[AttributeValue]] = defaultdict(set)
    for mention in mentions:
        for key, value in mention.attributes.items() if mention.is_there else ():
            if mention.is_lesion and value != ():
                values[mention.concept.key, key].add(value)
    return [
        m for m in mentions
        if not (
            m.qualified and m.presence in (Presence.ABSENT, Presence.UNKNOWN)
            and (m.concept.key, m.source if _is_named_by(m) else None) in there
        ) and not (m.presence is Presence.ABSENT and _is_elsewhere(m, values))
    ]  # fmt: skip


def _is_elsewhere(denied: Mention, there: dict[tuple[str, str], set[AttributeValue]]) -> bool:
    """Whether a denial is of another kind: "exudates in the periphery, none at the pole".

    ``there`` holds the values of the lesions that are there, by concept and attribute.
    """
    return any(
        a.type == "choice" and a.key != "change"
        and denied.attributes.get(a.key, ()) != ()
        and there.get((denied.concept.key, a.key), set()) - {denied.attributes[a.key]}
        for a in denied.concept.attributes
    )  # fmt: skip


def _is_named_by(mention: Mention) -> bool:
    """Whether the qualifying word begins the concept's own name: a new tumour lesion."""
    return any(
        h.start == mention.start
        and mention.concept.name.lower().startswith(mention.scan.between(h.start, h.end))
        for h in mention.scan.hits["qualifier"]
    )


def _finding(mention: Mention, number: int, spelled: Spelled, document: int) -> Finding:
    said = [(mention.start, mention.end), *dict.fromkeys(sorted(mention.spans))]
    spans = [spelled.span(*s) for s in said]
    start, end = spans[0]
    sided = mention.concept.sided or mention.is_lesion
    return Finding(
        id=f"r{document}.{number}",
        concept=mention.concept.key,
        oifm_id=mention.concept.oifm_id,
        presence=mention.presence,
        certainty="probable" if mention.probable else "stated",
        laterality=mention.side if sided else None,
        location=mention.location,
        attributes=mention.attributes,
        measurements=tuple(mention.measurements),
        lesion=mention.lesion,
        source=mention.source,
        context=mention.context,
        evidence=tuple(
            Evidence(tool=TOOL, version=VERSION, document=document, span=span)
            for span in dict.fromkeys(spans)
        ),
        text=" ".join(spelled.original[start:end].split()),
    )
