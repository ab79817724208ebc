"""Lesions that one noun names together and that are then told apart by their sizes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dxtrace.clinical.states import Laterality
from tools.report_reader.attributes import accepts_sizes, fill
from tools.report_reader.counts import is_plural
from tools.report_reader.lesions import attributes_at
from tools.report_reader.mentions import Mention, Site
from tools.report_reader.phrases import Hit
from tools.report_reader.sentences import Scan
from tools.report_reader.sizes import Size

_NEAR = 25
_LISTED = re.compile(r"\s*(?:,|&|/|,?\s*and)\s*(?:an?\s+)?")
_ADJECTIVES = re.compile(r"(?:[\s-]+(?!and\b|in\b|with\b|of\b|to\b|is\b|are\b)[a-z-]+){0,4}[\s-]+")
_EACH = re.compile(r"\s+(?:in|on|at)\s+each\b")
_IN_ORDER = re.compile(r"(?<!\w)respectively(?!\w)")
_NOT_OWN = frozenset(
    {"prior", "solid", "apart", "largest", "mean", "long", "short", "plane", "dominant"}
)


@dataclass(frozen=True, slots=True)
class Enumeration:
    """Sizes listed after a head: "Two nodules: 8 mm in the right and 5 mm in the left lung".

    Attributes:
        head: the mention that names them all.
        members: one mention for each size, at the size's place, or for each noun after the head.
        layout: how members and what is said of each follow each other: ``nouns`` of their own
            ("two nodules: a 9 mm nodule and a 4 mm nodule"), ``sizes`` first, ``places`` first
            ("in the right (8 mm) and the left lobe (5 mm)"), or ``before`` the head ("5 mm and 8 mm
            nodules").
    """

    head: Mention
    members: tuple[Mention, ...]
    layout: Literal["nouns", "sizes", "places", "before"] = "sizes"

    @property
    def named(self) -> bool:
        """Whether the members are nouns of their own."""
        return self.layout == "nouns"

    @property
    def starts(self) -> tuple[int, ...]:
        """Where clauses begin if each member's place comes before its size."""
        if self.layout != "places":
            return ()
        places = sorted(h.start for role in ("site", "side") for h in self.head.scan.hits[role])
        return tuple(
            next(p for p in places if p >= end)
            for end in (self.head.end, *(m.end for m in self.members[:-1]))
        )

    def settle(self, scan: Scan) -> None:
        """Give every member what is said of all, before the first size; each is one lesion."""
        first = self.members[0]
        until = first.start if self.layout == "sizes" else self.head.end
        if self.layout == "before":
            self._share_all()
        shared = [h for role in ("value", "flag") for h in scan.hits[role] if h.end <= until]
        for member in self.members:
            if member.role == "one":
                member.role = "item"
            if not self.named:
                member.attributes.pop("count", None)
                member.attributes.pop("count_open", None)
                member.plural, member.reference, member.label = False, "other", None
                member.change = member.change or first.change
                member.sites = member.sites or [s for s in first.sites if s.end <= first.start]
            for hit in shared:
                attribute = member.concept.attribute(hit.entry.attribute)
                if hit.entry.concept == member.concept.key and attribute is not None:
                    fill(scan, hit, attribute, member.attributes, member.measurements)
            member.sites = _narrowest(member.sites)
        if self.layout == "sizes":
            self._place(scan)

    def _share_all(self) -> None:
        """What follows the head holds for all: "5 mm and 8 mm solid nodules on the right"."""
        attributes = {k: v for m in reversed(self.members) for k, v in m.attributes.items()}
        sites = next((m.sites for m in reversed(self.members) if m.sites), [])
        for member in self.members:
            member.attributes = dict(attributes)
            member.sites = list(sites)

    def _place(self, scan: Scan) -> None:
        """Places listed after all sizes belong to them in their order, if that is said."""
        end = self.members[-1].end
        places = [s for s in self.members[-1].sites if s.name and s.start >= end]
        if len({(s.side, s.name) for s in places}) < 2 or any(  # noqa: PLR2004 - one place is no list
            s.start < end for m in self.members for s in m.sites if s.start >= self.members[0].end
        ):
            return
        paired = len(places) == len(self.members) and _IN_ORDER.search(
            scan.between(self.head.start, scan.sentence.end)
        )
        words = {h.entry.attribute for h in scan.hits["value"]
                 if any(p.start < h.end and h.start < p.end for p in places)}  # fmt: skip
        for number, member in enumerate(self.members):
            place = places[number] if paired else None
            told = attributes_at(member, place, places) if place else {}
            member.sites = [place] if place else []
            for key in words:
                member.attributes[key] = told.get(key, ())


def _narrowest(sites: list[Site]) -> list[Site]:
    """Of "on each side: right", what is said of the one lesion."""
    one = [s for s in sites if s.side is not Laterality.BILATERAL]
    return one if any(s.side for s in one) else sites


def split_enumerations(scan: Scan, mentions: list[Mention]) -> list[Enumeration]:
    """Replace each mention of several lesions by one for each of their sizes, in place."""
    found = [
        e
        for m in mentions
        if (e := _by_nouns(scan, m, mentions) or _by_sizes(scan, m, mentions)
            or _by_sizes_before(scan, m)) is not None
    ]  # fmt: skip
    for enumeration in found:
        place = mentions.index(enumeration.head)
        mentions[place : place + 1] = () if enumeration.named else enumeration.members
    return found


def _by_nouns(scan: Scan, mention: Mention, mentions: Sequence[Mention]) -> Enumeration | None:
    """Two solid nodules: a 9 mm nodule in the right and a 4 mm nodule in the left lung."""
    if not mention.is_lesion or not mention.is_there or not is_plural(scan, mention):
        return None
    later = [m for m in mentions if m.start >= mention.end and m.concept is mention.concept]
    if len(later) < 2 or any(is_plural(scan, m) for m in later):  # noqa: PLR2004 - a list has two
        return None
    if any(mention.end <= s.start < later[0].start - _NEAR for s in scan.sizes):
        return None
    return Enumeration(mention, tuple(later), "nouns")


def _by_sizes(scan: Scan, mention: Mention, mentions: Sequence[Mention]) -> Enumeration | None:
    if not mention.is_lesion or not mention.is_there or not accepts_sizes(mention.concept):
        return None
    if not (is_plural(scan, mention) or _EACH.match(scan.text, mention.end)):
        return None
    end = min((m.start for m in mentions if m.start >= mention.end), default=scan.sentence.end)
    sizes = [s for s in scan.sizes if mention.end <= s.start < end]
    own = [s for s in sizes if not s.labels & _NOT_OWN and not s.volume and _is_exact(s)]
    others = [s for s in sizes if s not in own and "solid" not in s.labels]
    if len(own) < 2 or others:  # noqa: PLR2004 - one size belongs to the group as a whole
        return None
    layout: Literal["sizes", "places"] = "places" if _places_first(scan, mention, own) else "sizes"
    return Enumeration(mention, _at_sizes(mention, own), layout)


def _by_sizes_before(scan: Scan, mention: Mention) -> Enumeration | None:
    """5 mm and 8 mm solid nodules: sizes that only "and" and commas part, before the head."""
    if not (mention.is_lesion and mention.is_there and is_plural(scan, mention)):
        return None
    sizes = [s for s in scan.sizes if s.end <= mention.start]
    own: list[Size] = []
    until = mention.start
    for size in reversed(sizes):
        between = scan.between(size.end, until)
        if size.labels & _NOT_OWN or not _is_exact(size) or size.volume:
            break
        if not (_LISTED if own else _ADJECTIVES).fullmatch(between):
            break
        own.insert(0, size)
        until = size.start
    if len(own) < 2:  # noqa: PLR2004 - a list has two
        return None
    return Enumeration(mention, _at_sizes(mention, own), "before")


def _at_sizes(mention: Mention, sizes: Sequence[Size]) -> tuple[Mention, ...]:
    return tuple(
        replace(
            mention, hit=Hit(s.start, s.end, mention.hit.entry), sites=[], attributes={},
            measurements=[], spans=[(mention.start, mention.end)],
        )
        for s in sizes
    )  # fmt: skip


def _places_first(scan: Scan, mention: Mention, sizes: Sequence[Size]) -> bool:
    """Whether a place stands before each size, and none after the last."""
    places = [h.start for role in ("site", "side") for h in scan.hits[role]]
    starts = [mention.end, *(s.end for s in sizes)]
    slots = zip(starts, [*(s.start for s in sizes), scan.sentence.end], strict=True)
    placed = [any(start <= p < end for p in places) for start, end in slots]
    return all(placed[:-1]) and not placed[-1]


def _is_exact(size: Size) -> bool:
    return all(axis.value is not None for axis in size.axes)


def without_announcements(mentions: Sequence[Mention]) -> list[Mention]:
    """Leave out "several nodules are present" where each of them is then described by itself.

    What is said of all of them (composition) is handed on to those that lack it.
    """
    announced = [m for m in mentions if _announces(m)]
    dropped: list[Mention] = []
    for head in announced:
        group = [m for m in mentions if m.lesion == head.lesion and m.concept is head.concept]
        members = _described_after(head, mentions)
        told_apart = len({m.lesion for m in members if m.role})
        sized = any(m.measurements for m in group) and told_apart < 2  # noqa: PLR2004
        if sized or len({m.lesion for m in members}) < 2:  # noqa: PLR2004
            continue
        for member in members:
            for key, value in head.attributes.items():
                if key not in ("count", "count_open"):
                    member.attributes.setdefault(key, value)
        rest = _undescribed(head, members)
        if rest:
            head.attributes["count"] = rest
        dropped += [m for m in group if not (rest and m is head)]
    return [m for m in mentions if not any(m is d for d in dropped)]


def _undescribed(head: Mention, members: Sequence[Mention]) -> int:
    """How many of an announced number nobody describes; they stay, with nothing known of them."""
    count = head.attributes.get("count")
    if not isinstance(count, int) or head.attributes.get("count_open"):
        return 0
    return max(0, count - len({m.lesion for m in members}))


def _announces(mention: Mention) -> bool:
    several = mention.attributes.get("count")
    return (
        mention.is_lesion
        and mention.is_there
        and isinstance(several, int)
        and several > 1
        and not mention.measurements
    )


def _described_after(head: Mention, mentions: Sequence[Mention]) -> list[Mention]:
    part = head.scan.sentence.part
    return [
        m
        for m in mentions
        if m.concept is head.concept
        and m.lesion != head.lesion
        and m.is_there
        and m.scan.sentence.part is part
        and m.start > head.start
        and (m.measurements or m.role)
        and not (m.plural and not m.role)
    ]
