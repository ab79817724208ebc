"""What "the larger", "the second" or "the other" refers to among the lesions named so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from dxtrace.clinical.finding import AttributeValue
from dxtrace.clinical.measurement import Measurement
from dxtrace.clinical.states import Laterality
from tools.report_reader.layout import Part
from tools.report_reader.mentions import Mention, Site

_ORDER = {"first": 0, "second": 1, "third": 2, "fourth": 3, "former": -2, "latter": -1}
_PAIR = 2
_NO_FEATURES = frozenset({"count", "count_open", "change"})
_UNSIZED = Decimal(1000)
"""A lesion without a size is meant only if none with one is."""
_CURRENT_SIZES = (
    "long_axis", "largest_dimension", "diameter", "mean_diameter", "volume", "short_axis"
)  # fmt: skip


@dataclass
class Lesion:
    """What is known of one lesion so far.

    ``members`` are the lesions of a group that are told apart after it is named.
    """

    id: str
    concept: str
    part: Part
    sites: list[Site] = field(default_factory=list)
    size: Measurement | None = None
    label: str | None = None
    count: int | None = None
    marks: dict[str, AttributeValue] = field(default_factory=dict)
    plural: bool = False
    members: list["Lesion"] = field(default_factory=list)
    sides: set[Laterality] = field(default_factory=set)
    mentions: list[Mention] = field(default_factory=list)

    def stated(self, key: str) -> AttributeValue | None:
        """What was said of one of its features so far."""
        return next((m.attributes[key] for m in self.mentions if key in m.attributes), None)


def refer(
    mention: Mention, pool: Sequence[Lesion], group: Lesion | None, last: Lesion | None
) -> list[Lesion]:
    """The lesion that a mention's role tells; several if it does not tell; none for a new one.

    Args:
        mention: the mention, with its role.
        pool: the members of the group, or the single lesions named before.
        group: the group that is being told apart, if any.
        last: the lesion spoken of last.
    """
    role = str(mention.role)
    if role in ("larger", "smaller"):
        return _by_size(mention, pool, group)
    if role in _ORDER:
        return _by_order(mention, pool, group)
    if role == "placed":
        return _by_place(mention, pool, group)
    if role == "one":
        alike = _sized_alike(mention, pool)
        return [] if group is not None or (mention.measurements and not alike) else alike or [*pool]
    if role == "described":
        return [
            x for x in pool if any(x.stated(k) == v for k, v in mention.attributes.items())
        ] or [*pool]
    if role == "other":
        return _other(mention, pool, group, last)
    if role == "item" and mention.label is not None:
        return [x for x in pool if x.label == mention.label and not _elsewhere(x, mention)][-1:]
    return []


def by_features(mention: Mention, there: Sequence[Lesion]) -> list[Lesion]:
    """The lesion whose features a later statement repeats; several if it could be any of them.

    Where all of them differ from the statement, it is held against the first one.
    """
    features = {k: v for k, v in mention.attributes.items() if k not in _NO_FEATURES}
    if len(there) < _PAIR or not features:
        return [*there[:1]]
    fitting = [
        x for x in there if all(x.stated(k) in (None, (), v) for k, v in features.items())
    ]  # fmt: skip
    repeated = [x for x in fitting if all(x.stated(k) == v for k, v in features.items())]
    return repeated[:1] or fitting or [*there[:1]]


def inherit(mention: Mention, group: Lesion) -> None:
    """A member lies where its group does, as far as nothing else is said."""
    places = {(s.side, s.name) for s in group.sites}
    if len(places) != 1:
        return
    place = group.sites[0]
    if not mention.sites:
        mention.sites = [place]
    elif place.side in (Laterality.LEFT, Laterality.RIGHT) and mention.side is None:
        mention.sites = [replace(s, side=place.side) for s in mention.sites]


def _by_size(mention: Mention, pool: Sequence[Lesion], group: Lesion | None) -> list[Lesion]:
    named = [x for x in pool if x.label == mention.role and not _elsewhere(x, mention)]
    sized = [(_middle(x.size), x) for x in pool if x.size is not None]
    if group is not None or len(sized) < _PAIR:
        return named
    alike = _sized_alike(mention, pool)
    if alike:
        return alike
    if len(sized) < len(pool):
        return list(pool)
    extreme = max if mention.role == "larger" else min
    most = extreme(middle for middle, _ in sized)
    return [x for middle, x in sized if middle == most]


def _by_order(mention: Mention, pool: Sequence[Lesion], group: Lesion | None) -> list[Lesion]:
    place = _ORDER[str(mention.role)]
    if group is not None and place >= 0:
        return [x for x in pool if x.label == mention.role]
    if place < 0 and len(pool) < _PAIR:
        return []
    return [pool[place]] if place < len(pool) else []


def _by_place(mention: Mention, pool: Sequence[Lesion], group: Lesion | None) -> list[Lesion]:
    words = [s for s in mention.sites if mention.start <= s.start < s.end <= mention.end]
    own = [s.side for s in words if s.side]
    if not own:
        return [x for x in pool if x.label == mention.label]
    side = own[0]
    there = [x for x in pool if side in x.sides]
    if there or group is not None:
        return there
    return [x for x in pool if not x.sides]


def _other(
    mention: Mention, pool: Sequence[Lesion], group: Lesion | None, last: Lesion | None
) -> list[Lesion]:
    if group is not None:
        full = group.count is not None and len(pool) >= group.count
        return [x for x in pool if x is not last] if full else []
    if len(pool) < _PAIR:
        return []
    return [x for x in pool if x is not last and not _elsewhere(x, mention)]


def _sized_alike(mention: Mention, pool: Sequence[Lesion]) -> list[Lesion]:
    size = size_of(mention)
    return [x for x in pool if size and x.size and equal(x.size, size)][:1]


def _elsewhere(lesion: Lesion, mention: Mention) -> bool:
    side = mention.side
    return bool(side and lesion.sides and side not in lesion.sides)


def size_of(mention: Mention) -> Measurement | None:
    """The chief size that a mention states for today."""
    return next(
        (m for kind in _CURRENT_SIZES for m in mention.measurements if m.kind == kind), None
    )


def _middle(measurement: Measurement) -> Decimal:
    ends = [e for e in (measurement.low, measurement.high) if e is not None]
    return sum(ends, Decimal(0)) / len(ends)


def equal(one: Measurement, other: Measurement) -> bool:
    """Whether two sizes differ by no more than rounding."""
    return one.unit == other.unit and abs(_middle(one) - _middle(other)) <= 1


def distance(one: Measurement | None, other: Measurement) -> Decimal:
    """How far a lesion's size is from a stated one."""
    if one is None:
        return _UNSIZED
    if one.unit != other.unit:
        return Decimal(0)
    return abs(_middle(one) - _middle(other))
