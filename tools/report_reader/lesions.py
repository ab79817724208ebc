"""Which mentions speak of the same lesion, and how many lesions there are."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from dxtrace.clinical.finding import AttributeValue
from dxtrace.clinical.measurement import Measurement
from tools.report_reader.layout import Part
from tools.report_reader.mentions import Mention, Site
from tools.report_reader.sites import compatible

_UNSIZED = Decimal(1000)
"""A lesion without a size is meant only if none with one is."""
_CURRENT_SIZES = (
    "long_axis", "largest_dimension", "diameter", "mean_diameter", "volume", "short_axis"
)  # fmt: skip


@dataclass
class Lesion:
    """What is known of one lesion so far."""

    id: str
    concept: str
    part: Part
    sites: list[Site] = field(default_factory=list)
    size: Measurement | None = None
    label: str | None = None
    count: int | None = None
    marks: dict[str, AttributeValue] = field(default_factory=dict)


class LesionRegister:
    """Gives every mention of a lesion its identity, in reading order."""

    def __init__(self, related: Callable[[str, str], bool]):
        self._related = related
        self._lesions: list[Lesion] = []
        self._numbers: dict[str, int] = {}

    def identify(self, mention: Mention) -> None:
        """Set the lesion of a mention: one named before, or a new one."""
        found = self._find(mention)
        if found is None:
            found = self._open(mention)
        mention.lesion = found.id
        found.sites = found.sites or list(mention.sites)
        found.size = found.size or _size(mention)
        found.label = found.label or mention.label
        found.marks = {**_marks(mention), **found.marks}

    def known(self, mention: Mention) -> bool:
        """Whether the mention speaks of a lesion named before."""
        return self._find(mention) is not None

    def _open(self, mention: Mention) -> Lesion:
        number = len(self._lesions) + 1
        count = mention.attributes.get("count")
        lesion = Lesion(
            f"n{number}", mention.concept.key, mention.scan.sentence.part,
            count=count if isinstance(count, int) else None,
        )  # fmt: skip
        self._lesions.append(lesion)
        return lesion

    def _find(self, mention: Mention) -> Lesion | None:
        alike = [
            x for x in self._lesions
            if self._related(x.concept, mention.concept.key) and _same_marks(x, mention)
        ]  # fmt: skip
        if mention.label is not None:
            labelled = [x for x in alike if x.label == mention.label]
            return labelled[-1] if labelled else None
        part = mention.scan.sentence.part
        there = [x for x in alike if compatible(x.sites, mention.sites)]
        if mention.reference == "other" and any(x.part is part for x in there):
            return self._same_size(there, mention) if mention.measurements else None
        if all(x.part is part for x in there):
            return self._within_section(there, mention)
        return self._across_sections(there, mention)

    @staticmethod
    def _same_size(there: list[Lesion], mention: Mention) -> Lesion | None:
        size = _size(mention)
        if size is None or not mention.sites:
            return None
        return next((x for x in there if x.size and x.sites and _equal(x.size, size)), None)

    @staticmethod
    def _within_section(there: list[Lesion], mention: Mention) -> Lesion | None:
        size = _size(mention)
        fitting = [x for x in there if not (size and x.size and not _equal(size, x.size))]
        if not fitting:
            return there[-1] if there and mention.reference == "same" and not size else None
        if mention.reference == "same" or mention.sites or not size:
            return fitting[-1]
        return fitting[-1] if fitting[-1].size is None or not mention.plural else None

    @staticmethod
    def _across_sections(there: list[Lesion], mention: Mention) -> Lesion | None:
        """A later section speaks of the lesions before; the nearest size tells which."""
        size = _size(mention)
        if size is None:
            return there[0] if there else None
        return min(there, key=lambda x: _distance(x.size, size), default=None)


def _marks(mention: Mention) -> dict[str, AttributeValue]:
    """The attributes that tell one lesion from another."""
    keys = {a.key for a in mention.concept.attributes if a.identifies}
    return {k: v for k, v in mention.attributes.items() if k in keys}


def _same_marks(lesion: Lesion, mention: Mention) -> bool:
    marks = _marks(mention)
    if lesion.concept != mention.concept.key or mention.reference == "same":
        return all(lesion.marks.get(k, v) == v for k, v in marks.items())
    return lesion.marks == marks or not (lesion.marks or marks)


def _size(mention: Mention) -> Measurement | None:
    return next(
        (m for kind in _CURRENT_SIZES for m in mention.measurements if m.kind == kind), None
    )


def _middle(measurement: Measurement) -> Decimal:
    ends = [e for e in (measurement.low, measurement.high) if e is not None]
    return sum(ends, Decimal(0)) / len(ends)


def _equal(one: Measurement, other: Measurement) -> bool:
    return one.unit == other.unit and abs(_middle(one) - _middle(other)) <= 1


def _distance(one: Measurement | None, other: Measurement) -> Decimal:
    if one is None:
        return _UNSIZED
    if one.unit != other.unit:
        return Decimal(0)
    return abs(_middle(one) - _middle(other))


def _attributes_at(mention: Mention, place: Site, places: list[Site]) -> dict[str, AttributeValue]:
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
        replace(mention, sites=[place], attributes=_attributes_at(mention, place, places),
                measurements=list(mention.measurements), spans=list(mention.spans))
        for place in places
    ]  # fmt: skip
