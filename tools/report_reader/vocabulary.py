"""The vocabulary and the language data as one phrase index."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from dxtrace.clinical.concept import Concept, ConceptAttribute
from tools.report_reader.phrases import PhraseIndex
from tools.report_reader.rules import Rules, SiteRule, Trigger

Role = Literal[
    "mention", "not_when", "value", "flag", "number", "trigger", "side", "site", "change",
    "qualifier", "count", "starter", "region", "word",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase stands for.

    Attributes:
        role: what kind of phrase it is.
        concept: key of the concept, for phrases of the vocabulary.
        attribute: key of the attribute, for its phrases.
        value: value of the attribute; side, change or count.
        denies: the phrase denies the concept or feature by itself.
        trigger: the context rule.
        site: the site rule.
    """

    role: Role
    concept: str = ""
    attribute: str = ""
    value: str | int | bool = ""
    denies: bool = False
    trigger: Trigger | None = None
    site: SiteRule | None = None


@dataclass
class Vocabulary:
    """Concepts by key, and the index of every phrase the reader knows.

    Attributes:
        concepts: concepts by key.
        index: phrases of the vocabulary and of the language data.
    """

    concepts: dict[str, Concept]
    rules: Rules
    index: PhraseIndex[Meaning] = field(default_factory=PhraseIndex)
    _ancestors: dict[str, frozenset[str]] = field(default_factory=dict)
    _regions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for concept in self.concepts.values():
            self._add_concept(concept)
        self._add_context()
        self._add_sites()
        for region in self.rules.regions:
            self._add_all(region.cues, Meaning("region", value=region.region))
            self._regions.update((domain, region.region) for domain in region.domains)

    def ancestors(self, key: str) -> frozenset[str]:
        """Every more general concept."""
        if key not in self._ancestors:
            found: set[str] = set()
            queue = list(self.concepts[key].parents)
            while queue:
                parent = queue.pop()
                if parent in self.concepts and parent not in found:
                    found.add(parent)
                    queue.extend(self.concepts[parent].parents)
            self._ancestors[key] = frozenset(found)
        return self._ancestors[key]

    def regions(self, key: str) -> frozenset[str]:
        """The body regions of a concept; none for concepts of every region."""
        domains = self.concepts[key].domains
        return frozenset(self._regions[d] for d in domains if d in self._regions)

    def hides(self, key: str) -> bool:
        """Whether a concept takes the words of others: summaries and those of no region do not.

        "New nodule" is a new tumour lesion for a response, and remains a nodule.
        """
        concept = self.concepts[key]
        return concept.kind != "state" and (bool(self.regions(key)) or not concept.domains)

    def related(self, one: str, other: str) -> bool:
        """Whether two concepts are the same, or one is more general than the other."""
        return one == other or one in self.ancestors(other) or other in self.ancestors(one)

    def _add_all(self, phrases: Iterable[str], meaning: Meaning) -> None:
        for phrase in phrases:
            self.index.add(phrase, meaning)

    def _add_concept(self, concept: Concept) -> None:
        reader = concept.reader
        self._add_all(reader.phrases, Meaning("mention", concept.key))
        self._add_all(reader.absent_phrases, Meaning("mention", concept.key, denies=True))
        self._add_all(reader.not_when, Meaning("not_when", concept.key))
        self._add_all(reader.words, Meaning("word", concept.key))
        for attribute in concept.attributes:
            self._add_attribute(concept.key, attribute)

    def _add_attribute(self, concept: str, attribute: ConceptAttribute) -> None:
        for choice in attribute.values:
            meaning = Meaning("value", concept, attribute.key, choice.key)
            self._add_all(choice.phrases, meaning)
        if attribute.type == "boolean":
            self._add_all(attribute.phrases, Meaning("flag", concept, attribute.key, value=True))
            denied = Meaning("flag", concept, attribute.key, value=False, denies=True)
            self._add_all(attribute.negated_phrases, denied)
        else:
            numbered = [p for p in attribute.phrases if "{number}" in p or "(?P<number>" in p]
            self._add_all(numbered, Meaning("number", concept, attribute.key))

    def _add_context(self) -> None:
        context = self.rules.context
        for trigger in context.triggers:
            self._add_all(trigger.phrases, Meaning("trigger", trigger=trigger))
        for change, phrases in context.change.items():
            self._add_all(phrases, Meaning("change", value=change))
        self._add_all(context.qualifiers, Meaning("qualifier"))
        self._add_all(context.clauses.starters, Meaning("starter"))
        for count, phrases in context.counts.exact.items():
            self._add_all(phrases, Meaning("count", value=count))
        self._add_all(context.counts.open, Meaning("count", value=-1))

    def _add_sites(self) -> None:
        for side, phrases in self.rules.sites.sides.items():
            self._add_all(phrases, Meaning("side", value=side.value))
        for site in self.rules.sites.sites:
            self._add_all(site.phrases, Meaning("site", site=site))
