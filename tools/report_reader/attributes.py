"""Attributes and sizes: from phrases of a sentence to the mentions they describe."""

import re
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from dxtrace.clinical.concept import Concept, ConceptAttribute
from dxtrace.clinical.finding import AttributeValue
from dxtrace.clinical.measurement import Measurement
from dxtrace.clinical.states import Context, Presence
from tools.report_reader.binding import Binder
from tools.report_reader.context import assess
from tools.report_reader.mentions import Mention
from tools.report_reader.numbers import Interval, read_number
from tools.report_reader.regions import is_told_at_its_name
from tools.report_reader.sentences import MeaningHit, Scan
from tools.report_reader.sizes import Size

_NON = re.compile(r"(?<!\w)non[\s-]?\Z")  # "non-spiculated"
_LENGTHS_MM = {"mm": Decimal(1), "millimet": Decimal(1), "cm": Decimal(10), "centimet": Decimal(10)}
_ONE = Decimal(1)
_SPANS_MO = {
    "year": Decimal(12),
    "yr": Decimal(12),
    "week": Decimal("0.23"),
    "day": Decimal("0.033"),
}
_OTHER_AXIS = re.compile(r"\A(?:x|by)\s*[\d.]+\s*-?\s*")
_SIZE_KINDS = frozenset(
    (
        "diameter",
        "long_axis",
        "short_axis",
        "third_axis",
        "mean_diameter",
        "largest_dimension",
        "smallest_dimension",
        "volume",
    )
)


def accepts_sizes(concept: Concept) -> bool:
    """Whether a length can be the size of this concept."""
    return concept.kind == "lesion" or any(
        a.measured_as and a.measured_as.removeprefix("prior_").removeprefix("solid_") in _SIZE_KINDS
        for a in concept.attributes
    )


class AttributeReader:
    """Ties attribute phrases, sizes and change words to mentions."""

    def __init__(self, binder: Binder):
        self._binder = binder

    def bind(self, scan: Scan, mentions: Sequence[Mention], recent: Sequence[Mention]) -> None:
        """Fill the attributes of the mentions of a sentence, or of those spoken of before it.

        Args:
            scan: the sentence.
            mentions: its own mentions, in text order.
            recent: earlier mentions that a sentence without a mention goes on about.
        """
        described: dict[tuple[int, int], list[MeaningHit]] = defaultdict(list)
        shared: list[tuple[MeaningHit, Mention, Mention]] = []
        for hit in _most_telling([*scan.hits["value"], *scan.hits["flag"], *scan.hits["number"]]):
            described[hit.start, hit.end].append(hit)
        for (start, end), hits in sorted(described.items()):
            keys = {h.entry.concept for h in hits}
            own = [m for m in mentions if m.concept.key in keys]
            mention = self._binder.owner(scan, start, end, own) if own else None
            mention = mention or next((m for m in recent if m.concept.key in keys), None)
            if mention is not None and _denied_elsewhere(scan, end, mention):
                continue
            if mention is not None:
                for hit in hits:
                    if hit.entry.concept == mention.concept.key:
                        _apply(scan, hit, mention)
                shared += [(h, m, mention) for m in own if _shares_noun(m, mention) for h in hits]
        for hit, mention, owner in shared:
            told = hit.entry.role == "flag" or (
                hit.entry.role == "value" and _nested(mention, owner)
            )
            of_it = told and hit.entry.concept == mention.concept.key
            if of_it and hit.entry.attribute not in mention.attributes:
                _apply(scan, hit, mention)
        self._bind_change(scan, mentions, recent)
        self._bind_sizes(scan, mentions, recent)

    def _bind_change(
        self, scan: Scan, mentions: Sequence[Mention], recent: Sequence[Mention]
    ) -> None:
        able = [m for m in mentions if m.concept.attribute("change")]
        for hit in scan.hits["change"]:
            owner = self._binder.owner(scan, hit.start, hit.end, able or mentions)
            owner = owner or (recent[0] if recent else None)
            if owner is None or owner.concept.kind in ("state", "context"):
                continue
            if _is_denied_change(scan, hit) or _is_part_of_pseudo(scan, hit):
                continue
            if owner.presence is Presence.ABSENT and hit.entry.value != "resolved":
                continue
            if owner.change in (None, "stable"):  # "persistent, but smaller": the direction tells
                owner.change = str(hit.entry.value)
            if owner not in mentions:
                owner.spans.append((hit.start, hit.end))

    def _bind_sizes(
        self, scan: Scan, mentions: Sequence[Mention], recent: Sequence[Mention]
    ) -> None:
        able = [m for m in mentions if accepts_sizes(m.concept)]
        previous: Mention | None = None
        for size in scan.sizes:
            if "apart" in size.labels and "solid" not in size.labels:
                continue
            foreign = scan.clause(size.start) in scan.foreign
            nearest = self._binder.owner(scan, size.start, size.end, mentions) if mentions else None
            owner = nearest if nearest in able else None
            if owner is None and able:
                owner = self._binder.owner(scan, size.start, size.end, able)
                apart = owner and not (
                    scan.clause(owner.start) == scan.clause(size.start)
                    or (len(able) == 1 and _stands_alone(scan, size))
                )
                owner = None if nearest is not None and apart else owner
            if size.is_prior and previous is not None:
                owner = previous
            if owner is None and not _is_supposed(scan, size):
                owner = next((m for m in recent if accepts_sizes(m.concept)), None)
            other = foreign and owner not in mentions
            if owner is not None and other and is_told_at_its_name(owner.concept):
                continue  # the size of another organ's lesion
            if owner is not None and not _taken(scan, size, owner):
                _add_size(owner, size, own=owner in mentions)
                previous = owner


def _denied_elsewhere(scan: Scan, end: int, mention: Mention) -> bool:
    """Whether the words end a statement before the denial: "thick at the pole; no exudates"."""
    denied = mention.presence is Presence.ABSENT
    return denied and end <= mention.start and ";" in scan.between(end, mention.start)


def _is_supposed(scan: Scan, size: Size) -> bool:
    """Whether a size is a condition rather than a measurement: "biopsy if 15 mm or more"."""
    return any(
        h.entry.trigger is not None
        and h.entry.trigger.means == "hypothetical"
        and h.entry.trigger.stands == "before"
        and h.end <= size.start
        for h in scan.hits["trigger"]
    )


def _stands_alone(scan: Scan, size: Size) -> bool:
    """Whether a size is a clause by itself: "..., 4.4 cm." at the end of a description."""
    before = scan.between(max(scan.sentence.start, size.start - 2), size.start)
    after = scan.between(size.end, min(scan.sentence.end, size.end + 2))
    return before.strip() in (",", ";", "-") and after.strip(" .") in ("", ",", ";")


def _shares_noun(one: Mention, other: Mention) -> bool:
    """Whether two mentions end in one noun: "avid hilar and subcarinal nodes"."""
    apart = one.end <= other.start or other.end <= one.start
    return one.concept.key != other.concept.key and not apart


def _nested(one: Mention, other: Mention) -> bool:
    """Whether one name is the end of the other: "nodule" in "second nodule"."""
    inside = one.hit.covers(other.hit) or other.hit.covers(one.hit)
    return inside and one.end == other.end


def _is_part_of_pseudo(scan: Scan, hit: MeaningHit) -> bool:
    """Whether a longer phrase says otherwise: "not resolved", "almost completely resolved"."""
    return hit.entry.value != "stable" and any(
        t.entry.trigger and t.entry.trigger.means == "nothing" and t.covers(hit)
        for t in scan.hits["trigger"]
    )


def _is_denied_change(scan: Scan, hit: MeaningHit) -> bool:
    return (
        hit.entry.value != "stable"
        and assess(scan, hit).presence is Presence.ABSENT
        and (hit.entry.value != "resolved")
    )


def _most_telling(hits: list[MeaningHit]) -> list[MeaningHit]:
    """Of overlapping phrases for one attribute, the longest: "part-solid" over "solid"."""
    kept: list[MeaningHit] = []
    for hit in sorted(hits, key=lambda h: (h.start - h.end, h.start)):
        rivals = (
            k for k in kept
            if k.entry.concept == hit.entry.concept and k.entry.attribute == hit.entry.attribute
        )  # fmt: skip
        if not any(k.start < hit.end and hit.start < k.end for k in rivals):
            kept.append(hit)
    return sorted(kept, key=lambda h: h.start)


def _taken(scan: Scan, size: Size, owner: Mention) -> bool:
    """Whether the number already fills an attribute of its own of this concept."""
    return any(
        h.entry.concept == owner.concept.key and h.start < size.end and size.start < h.end
        for h in scan.hits["number"]
    )


def _add_size(mention: Mention, size: Size, *, own: bool) -> None:
    stated = size.measurements()
    if "dominant" in size.labels:
        own_kinds = {m.kind for m in stated}
        mention.measurements[:] = [m for m in mention.measurements if m.kind not in own_kinds]
    kinds = {m.kind for m in mention.measurements}
    added = [m for m in stated if m.kind not in kinds]
    if added:
        mention.measurements.extend(added)
        if not own or not mention.start <= size.start <= mention.end:
            mention.spans.append((size.start, size.end))


def _apply(scan: Scan, hit: MeaningHit, mention: Mention) -> None:
    attribute = mention.concept.attribute(hit.entry.attribute)
    if attribute is None:
        return
    changed = fill(scan, hit, attribute, mention.attributes, mention.measurements,
                   denied=mention.presence is Presence.ABSENT,
                   doubted=mention.presence is Presence.INDETERMINATE)  # fmt: skip
    if changed and mention.scan.sentence is not scan.sentence:
        mention.spans.append((hit.start, hit.end))


def fill(
    scan: Scan,
    hit: MeaningHit,
    attribute: ConceptAttribute,
    attributes: dict[str, AttributeValue],
    measurements: list[Measurement],
    *,
    denied: bool = False,
    doubted: bool = False,
) -> bool:
    """Write what an attribute phrase says into a finding's attributes or measurements.

    Args:
        scan: the sentence.
        hit: the phrase.
        attribute: the attribute it speaks of.
        attributes: the finding's attributes, changed in place.
        measurements: the finding's measurements, changed in place.
        denied: the concept itself is denied, so its flags are not denied once more.
        doubted: the concept itself is doubted, so its attributes are not doubted once more.

    Returns:
        Whether anything was written.
    """
    if hit.entry.role == "number":
        measured = read_measured(scan, hit, attribute)
        if measured is None or any(m.kind == measured.kind for m in measurements):
            return False
        measurements.append(measured)
        return True
    assertion = assess(scan, hit)
    if assertion.presence in (Presence.INDETERMINATE, Presence.UNKNOWN) and not doubted:
        # Named and left open: nobody may assume anything about it.
        return attributes.setdefault(attribute.key, ()) == ()
    if assertion.context not in (None, Context.PRIOR, Context.HISTORY):
        return False
    absent = assertion.presence is Presence.ABSENT and not denied
    if hit.entry.role == "flag":
        if hit.entry.denies and absent:
            return False
        prefixed = _NON.search(scan.between(max(0, hit.start - 4), hit.start)) is not None
        value = bool(hit.entry.value) and not absent and not prefixed
        return _settle(attributes, attribute.key, value)
    return not absent and _add_choice(attribute, str(hit.entry.value), attributes)


def _settle(attributes: dict[str, AttributeValue], key: str, value: str | bool) -> bool:
    """Give an attribute its value unless it has another one; one left open takes it."""
    if attributes.get(key, ()) == ():
        attributes[key] = value
    return attributes[key] == value


def _add_choice(
    attribute: ConceptAttribute, value: str, attributes: dict[str, AttributeValue]
) -> bool:
    if attribute.type == "choice":
        return _settle(attributes, attribute.key, value)
    held = attributes.get(attribute.key, ())
    values = held if isinstance(held, tuple) else ()
    if value not in values:
        attributes[attribute.key] = (*values, value)
    return True


def read_measured(scan: Scan, hit: MeaningHit, attribute: ConceptAttribute) -> Measurement | None:
    """The measurement of a phrase with a number, in the attribute's unit."""
    if hit.number is None:
        return None
    number = read_number(scan.between(*hit.number))
    if number is None:
        return None
    number = _converted(number, scan.between(hit.number[1], hit.number[1] + 24), attribute.unit)
    return Measurement(
        kind=attribute.measured_as or attribute.key, value=number.value, low=number.low,
        high=number.high, low_open=number.low_open, high_open=number.high_open,
        unit=attribute.unit or "1", method=number.method,
    )  # fmt: skip


def _converted(number: Interval, after: str, unit: str | None) -> Interval:
    words = after.lstrip(" -")
    if unit == "mo":
        return number.scaled(next((f for w, f in _SPANS_MO.items() if words.startswith(w)), _ONE))
    if unit not in ("mm", "cm"):
        return number
    words = _OTHER_AXIS.sub("", words)
    stated = next((f for w, f in _LENGTHS_MM.items() if words.startswith(w)), None)
    return number if stated is None else number.scaled(stated / _LENGTHS_MM[unit])
