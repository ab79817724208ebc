"""Which mentions speak of the same lesion, and how many lesions there are."""

from collections.abc import Callable, Collection
from dataclasses import replace

from dxtrace.clinical.finding import AttributeValue
from dxtrace.clinical.states import Laterality
from tools.report_reader.layout import Part
from tools.report_reader.mentions import Mention, Site
from tools.report_reader.references import (
    Lesion,
    by_features,
    distance,
    equal,
    inherit,
    refer,
    size_of,
)
from tools.report_reader.sites import compatible


class LesionRegister:
    """Gives every mention of a lesion its identity, in reading order."""

    def __init__(self, related: Callable[[str, str], bool]):
        self._related = related
        self._lesions: list[Lesion] = []
        self._last: Lesion | None = None

    def identify(self, mention: Mention, rivals: Collection[str] = ()) -> tuple[str, ...]:
        """Set the lesion of a mention: one named before, or a new one.

        Args:
            mention: the mention.
            rivals: the lesions of the sentence before; "the nodule" may mean any of them.

        Returns:
            The lesions it may mean if its words do not tell which; its lesion is then not set.
        """
        meant = self._meant(mention, rivals)
        if len(meant) > 1:
            return tuple(x.id for x in meant)
        found = meant[0] if meant else self._open(mention)
        self._last = found
        if mention.plural and found.part is not mention.scan.sentence.part and not found.plural:
            mention.sites = [] if mention.side is Laterality.BILATERAL else mention.sites
        mention.lesion = found.id
        found.mentions.append(mention)
        found.sites = found.sites or list(mention.sites)
        found.sides |= {s.side for s in mention.sites if s.side and not s.weak}
        found.size = found.size or size_of(mention)
        found.label = found.label or mention.label
        found.marks = {**_marks(mention), **found.marks}
        return ()

    def known(self, mention: Mention) -> bool:
        """Whether the mention speaks of a lesion named before."""
        return bool(self._find(mention))

    def group(self, concept: str, part: Part) -> Lesion | None:
        """The group that a section has named last, if it has not told of a single lesion since."""
        alike = [x for x in self._lesions if x.concept == concept and x.part is part]
        members = [m for x in alike for m in x.members]
        last = next((x for x in reversed(alike) if not any(x is m for m in members)), None)
        return last if last is not None and last.plural and last.size is None else None

    def singles(self, concept: str, part: Part | None = None) -> list[Lesion]:
        """The single lesions of a concept, of one section or of the report, in order."""
        return [
            x for x in self._lesions
            if x.concept == concept and not x.plural and part in (None, x.part)
        ]  # fmt: skip

    def _meant(self, mention: Mention, rivals: Collection[str]) -> list[Lesion]:
        if mention.role is not None:
            return self._by_role(mention)
        if self._is_bare(mention):
            close = [x for x in self._lesions if x.id in rivals]
            if len(close) > 1:
                return close
        return self._find(mention)

    @staticmethod
    def _is_bare(mention: Mention) -> bool:
        """Whether nothing but "the nodule" tells which lesion is meant."""
        told = mention.sites or mention.measurements or mention.label or _marks(mention)
        return mention.reference == "same" and not mention.plural and not told

    def _by_role(self, mention: Mention) -> list[Lesion]:
        part, concept = mention.scan.sentence.part, mention.concept.key
        group = self.group(concept, part)
        own = self.singles(concept, part)
        pool = group.members if group else own if len(own) > 1 else self.singles(concept)
        found = refer(mention, pool, group, self._last)
        mention.label = mention.label or (mention.role if group else None)
        if not found and group is not None:
            inherit(mention, group)
            group.members.append(self._open(mention))
            return group.members[-1:]
        return found

    def _open(self, mention: Mention) -> Lesion:
        number = len(self._lesions) + 1
        count = mention.attributes.get("count")
        lesion = Lesion(
            f"n{number}", mention.concept.key, mention.scan.sentence.part,
            count=count if isinstance(count, int) else None, plural=mention.plural,
            label=mention.label,
        )  # fmt: skip
        self._lesions.append(lesion)
        return lesion

    def _find(self, mention: Mention) -> list[Lesion]:
        alike = [
            x for x in self._lesions
            if self._related(x.concept, mention.concept.key) and _same_marks(x, mention)
        ]  # fmt: skip
        if mention.label is not None:
            return [x for x in alike if x.label == mention.label][-1:]
        part = mention.scan.sentence.part
        there = [x for x in alike if compatible(x.sites, mention.sites)]
        if mention.reference == "other" and any(x.part is part for x in there):
            return _some(self._same_size(there, mention) if mention.measurements else None)
        if all(x.part is part for x in there):
            return _some(self._within_section(there, mention))
        if size_of(mention) is None and not mention.plural:
            return by_features(mention, there)
        return _some(self._across_sections(there, mention))

    @staticmethod
    def _same_size(there: list[Lesion], mention: Mention) -> Lesion | None:
        size = size_of(mention)
        if size is None or not mention.sites:
            return None
        return next((x for x in there if x.size and x.sites and equal(x.size, size)), None)

    @staticmethod
    def _within_section(there: list[Lesion], mention: Mention) -> Lesion | None:
        size = size_of(mention)
        fitting = [x for x in there if not (size and x.size and not equal(size, x.size))]
        if size and mention.plural and mention.reference is None:  # others: "several 3 mm nodules"
            fitting = [x for x in fitting if x.plural]
        if not fitting:
            return there[-1] if there and mention.reference == "same" and not size else None
        if mention.reference == "same" or mention.sites or not size:
            return fitting[-1]
        return fitting[-1] if fitting[-1].size is None or not mention.plural else None

    @staticmethod
    def _across_sections(there: list[Lesion], mention: Mention) -> Lesion | None:
        """A later section speaks of the lesions before; the nearest size tells which."""
        size = size_of(mention)
        if size is None:
            return there[0] if there else None
        return min(there, key=lambda x: distance(x.size, size), default=None)


def _some(lesion: Lesion | None) -> list[Lesion]:
    return [] if lesion is None else [lesion]


def _marks(mention: Mention) -> dict[str, AttributeValue]:
    """The attributes that tell one lesion from another."""
    keys = {a.key for a in mention.concept.attributes if a.identifies}
    return {k: v for k, v in mention.attributes.items() if k in keys}


def _same_marks(lesion: Lesion, mention: Mention) -> bool:
    marks = _marks(mention)
    if lesion.concept != mention.concept.key or mention.reference == "same":
        return all(lesion.marks.get(k, v) == v for k, v in marks.items())
    return lesion.marks == marks or not (lesion.marks or marks)


def attributes_at(mention: Mention, place: Site, places: list[Site]) -> dict[str, AttributeValue]:
    """The mention's attributes, but what a site's own words say only for that site."""
    attributes = dict(mention.attributes)
    own = {}
    for hit in mention.scan.hits["value"]:
        attribute = mention.concept.attribute(hit.entry.attribute)
        one_value = attribute is not None and attribute.type == "choice"
        if hit.entry.concept != mention.concept.key or not one_value:
            continue
        if any(p.start < hit.end and hit.start < p.end for p in places):
            attributes.pop(hit.entry.attribute, None)
        if place.start < hit.end and hit.start < place.end:
            own[hit.entry.attribute] = str(hit.entry.value)
    return {**attributes, **own}


def split_by_site(mention: Mention) -> list[Mention]:
    """One mention for each site, where a lesion is named at several."""
    named = [s for s in mention.sites if s.name is not None]
    places = list({(s.side, s.name): s for s in named}.values())
    if len(places) < 2 or not mention.plural or "count" in mention.attributes:  # noqa: PLR2004
        return [mention]
    return [
        replace(mention, sites=[place], attributes=attributes_at(mention, place, places),
                measurements=list(mention.measurements), spans=list(mention.spans))
        for place in places
    ]  # fmt: skip
