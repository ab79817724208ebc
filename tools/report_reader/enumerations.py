"""Lesions that one noun names together and that are then told apart by their sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tools.report_reader.attributes import accepts_sizes, fill
from tools.report_reader.counts import is_plural
from tools.report_reader.mentions import Mention
from tools.report_reader.phrases import Hit
from tools.report_reader.sentences import Scan
from tools.report_reader.sizes import Size

_NOT_OWN = frozenset({"prior", "solid", "apart", "largest", "mean", "long", "short", "plane"})


@dataclass(frozen=True, slots=True)
class Enumeration:
    """Sizes listed after a head: "Two nodules: 8 mm in the right and 5 mm in the left lung".

    Attributes:
        head: the mention that names them all.
        members: one mention for each size, at the size's place.
    """

    head: Mention
    members: tuple[Mention, ...]

    def settle(self, scan: Scan) -> None:
        """Give every member what is said of all, before the first size; each is one lesion."""
        first = self.members[0]
        shared = [h for role in ("value", "flag") for h in scan.hits[role] if h.end <= first.start]
        for member in self.members:
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
    found = [e for m in mentions if (e := _enumeration(scan, m, mentions)) is not None]
    for enumeration in found:
        place = mentions.index(enumeration.head)
        mentions[place : place + 1] = enumeration.members
    return found


def _enumeration(scan: Scan, mention: Mention, mentions: Sequence[Mention]) -> Enumeration | None:
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
