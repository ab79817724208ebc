"""Lesions that one noun names together and that are then told apart by their sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tools.report_reader.attributes import accepts_sizes, fill
from tools.report_reader.counts import is_plural
from tools.report_reader.mentions import Mention
from tools.report_reader.phrases import Hit
from tools.report_reader.sentences import Scan
from tools.report_reader.sizes import Size

_NEAR = 25
_NOT_OWN = frozenset(
    {"prior", "solid", "apart", "largest", "mean", "long", "short", "plane", "dominant"}
)


@dataclass(frozen=True, slots=True)
class Enumeration:
    """Sizes listed after a head: "Two nodules: 8 mm in the right and 5 mm in the left lung".

    Attributes:
        head: the mention that names them all.
        members: one mention for each size, at the size's place, or for each noun after the head.
        named: the members are nouns of their own: "two nodules: a 9 mm nodule and a 4 mm nodule".
    """

    head: Mention
    members: tuple[Mention, ...]
    named: bool = False

    def settle(self, scan: Scan) -> None:
        """Give every member what is said of all, before the first size; each is one lesion."""
        first = self.members[0]
        until = self.head.end if self.named else first.start
        shared = [h for role in ("value", "flag") for h in scan.hits[role] if h.end <= until]
        for member in self.members:
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


def split_enumerations(scan: Scan, mentions: list[Mention]) -> list[Enumeration]:
    """Replace each mention of several lesions by one for each of their sizes, in place."""
    found = [
        e
        for m in mentions
        if (e := _by_nouns(scan, m, mentions) or _by_sizes(scan, m, mentions)) is not None
    ]
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
    return Enumeration(mention, tuple(later), named=True)


def _by_sizes(scan: Scan, mention: Mention, mentions: Sequence[Mention]) -> Enumeration | None:
    if not mention.is_lesion or not mention.is_there or not accepts_sizes(mention.concept):
        return None
    if not is_plural(scan, mention):
        return None
    end = min((m.start for m in mentions if m.start >= mention.end), default=scan.sentence.end)
    sizes = [s for s in scan.sizes if mention.end <= s.start < end]
    own = [s for s in sizes if not s.labels & _NOT_OWN and not s.volume and _is_exact(s)]
    others = [s for s in sizes if s not in own and "solid" not in s.labels]
    if len(own) < 2 or others:  # noqa: PLR2004 - one size belongs to the group as a whole
        return None
    members = tuple(
        replace(
            mention, hit=Hit(s.start, s.end, mention.hit.entry), sites=[], attributes={},
            measurements=[], spans=[(mention.start, mention.end)],
        )
        for s in own
    )  # fmt: skip
    return Enumeration(mention, members)


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
        if any(m.measurements for m in group) or len({m.lesion for m in members}) < 2:  # noqa: PLR2004
            continue
        for member in members:
            for key, value in head.attributes.items():
                if key not in ("count", "count_open"):
                    member.attributes.setdefault(key, value)
        dropped += group
    return [m for m in mentions if not any(m is d for d in dropped)]


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
        and m.measurements
        and not m.plural
    ]
