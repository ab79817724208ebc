"""The reader's own language data: headings, context words, sites, size words."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import Field

from dxtrace.clinical.base import Frozen
from dxtrace.clinical.states import Context, Laterality, Source
from dxtrace.knowledge.strict_yaml import parse_yaml

Effect = Literal[
    "absent",
    "uncertain",
    "probable",
    "alternative",
    "unassessed",
    "hypothetical",
    "history",
    "family",
    "prior",
    "present",
    "nothing",
]


class SectionRule(Frozen):
    """A kind of section and its headings."""

    section: str
    source: Source
    context: Context = Context.CURRENT
    headings: tuple[str, ...]


class Trigger(Frozen):
    """Words that change what a finding in their reach means (see ``context.yaml``)."""

    means: Effect
    stands: Literal["before", "after"]
    reach: Literal["clause", "sentence"] = "clause"
    max_words: int | None = None
    stops_at_and: bool = False
    nearest: bool = False
    phrases: tuple[str, ...]


class ClauseWords(Frozen):
    """What begins a new clause."""

    starters: tuple[str, ...]
    verbs: tuple[str, ...]
    endings: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    comma_starters: tuple[str, ...]


class CountWords(Frozen):
    """Exact numbers in words, and words for an open group."""

    exact: dict[int, tuple[str, ...]]
    open: tuple[str, ...]


class HeadWords(Frozen):
    """Words that stand for a lesion without a noun, by what they tell of it."""

    roles: dict[str, tuple[str, ...]]
    nouns: tuple[str, ...]
    followers: tuple[str, ...]
    counterparts: dict[str, tuple[str, ...]]


class ReferenceWords(Frozen):
    """How later words point to a lesion."""

    same: tuple[str, ...]
    other: tuple[str, ...]
    pronouns: tuple[str, ...]
    neighbours: tuple[str, ...]
    all: tuple[str, ...]
    heads: HeadWords
    label_nouns: tuple[str, ...]


class ContextRules(Frozen):
    """``context.yaml``."""

    triggers: tuple[Trigger, ...]
    clauses: ClauseWords
    change: dict[str, tuple[str, ...]]
    qualifiers: tuple[str, ...]
    leaves_room: tuple[str, ...]
    restricts: tuple[str, ...]
    elsewhere: tuple[str, ...]
    counts: CountWords
    reference: ReferenceWords
    linkers: tuple[str, ...]
    joiners: tuple[str, ...]
    explainers: tuple[str, ...]


class SiteRule(Frozen):
    """A site in the body; some sites imply their side."""

    name: str
    side: Laterality | None = None
    plural: bool = False
    phrases: tuple[str, ...]


class SiteRules(Frozen):
    """``sites.yaml``."""

    sides: dict[Laterality, tuple[str, ...]]
    sites: tuple[SiteRule, ...]
    contrasts: tuple[str, ...]
    prepositions: tuple[str, ...]


class WordedSize(Frozen):
    """A size that is said without a number."""

    phrases: tuple[str, ...]
    below_mm: int


class SizeRules(Frozen):
    """``sizes.yaml``: words before and after a length, by what they say of it."""

    before: dict[str, tuple[str, ...]]
    after: dict[str, tuple[str, ...]]
    worded: tuple[WordedSize, ...] = Field(default=())


class Region(Frozen):
    """A body region: the domains of its concepts, and words that bring it to mind."""

    region: str
    domains: tuple[str, ...]
    cues: tuple[str, ...]


@dataclass(frozen=True)
class Rules:
    """Everything the reader knows of language."""

    sections: tuple[SectionRule, ...]
    context: ContextRules
    sites: SiteRules
    sizes: SizeRules
    regions: tuple[Region, ...]


def _read(name: str) -> Any:
    text = files("tools.report_reader").joinpath(name).read_text(encoding="utf-8")
    return parse_yaml(text, trusted=True)


@cache
def load_rules() -> Rules:
    """Load the reader's language data from the package, strictly."""
    return Rules(
        sections=tuple(SectionRule.model_validate(s) for s in _read("sections.yaml")),
        context=ContextRules.model_validate(_read("context.yaml")),
        sites=SiteRules.model_validate(_read("sites.yaml")),
        sizes=SizeRules.model_validate(_read("sizes.yaml")),
        regions=tuple(Region.model_validate(r) for r in _read("domains.yaml")),
    )
