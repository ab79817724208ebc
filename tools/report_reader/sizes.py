"""Lengths and volumes in a sentence, in millimetres, with what the words around them say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from dxtrace.clinical.measurement import Measurement
from tools.report_reader.numbers import (
    PLAIN,
    Interval,
    exactly,
    plain,
    read_decimal,
    read_number,
)
from tools.report_reader.phrases import translate
from tools.report_reader.rules import SizeRules

_MM = r"mm|millimet(?:er|re)s?"
_CM = r"cm|centimet(?:er|re)s?"
_LENGTH = rf"(?:{_MM}|{_CM})\.?(?![a-z0-9^])"
_BOUND = (
    r"(?:(?:none (?:larger|greater|bigger|over|above|more|exceeding)(?: than)?"
    r"|no (?:larger|greater) than|not exceeding"
    r"|<|>|\u2264|\u2265|~|less than|smaller than|under|below|no more than|at most|up to"
    r"|as much as|more than|greater than|larger than|bigger than|over|at least|approximately"
    r"|approx\.?|about|around|roughly|nearly|almost)\s*)?"
)
_PLANES = (
    r"(?:\s*\(?(?:ap|a\.p\.|tr|trv|transverse|trans|cc|craniocaudal|long|wide|deep|sagittal|sag"
    r"|l|w|h|d|length|width|height|depth|in)\)?)?"
)
_NEXT = rf"{_PLANES}\s*(?:x|by|\*)\s*"
_SIZE = re.compile(
    rf"(?<![\w.,/#-])(?P<first>{_BOUND}(?:{PLAIN}))(?:\s*-?\s*(?P<u1>{_LENGTH}))?"
    rf"(?:{_NEXT}(?P<second>{PLAIN})(?:\s*-?\s*(?P<u2>{_LENGTH}))?"
    rf"(?:{_NEXT}(?P<third>{PLAIN})(?:\s*-?\s*(?P<u3>{_LENGTH}))?)?"
    rf"|\s*(?P<to>-|to|and)\s*(?P<high>{PLAIN})(?:\s*-?\s*(?P<uh>{_LENGTH})))?"
)
_VOLUME = re.compile(
    rf"(?<![\w.,/-])(?P<number>{_BOUND}(?:{PLAIN})(?:\s*(?:-|to)\s*(?:{PLAIN}))?)\s*"
    r"(?P<unit>(?:cubic (?:mm|millimet(?:er|re)s?)|mm\s?\^?3)"
    r"|(?:cc|ml|cm\s?\^?3|cubic (?:cm|centimet(?:er|re)s?)|millilit(?:er|re)s?))(?!\w)"
)
_CENTIMETRE = Decimal(10)
_CUBIC_CENTIMETRE = Decimal(1000)
_BEFORE_TAIL = r"\s*(?:[:=(,]|at|of|is|about|approximately|a|an|to be){0,3}\s*\Z"
_WINDOW = 80
_SECOND_SIZE = re.compile(r"\A\s*(?:(?:[a-z-]+\s+){0,2}\(|[(/=])\s*(?:or |i\.e\.,? )?\Z")
_WAS = re.compile(
    r"previously (?:noted|seen|described|reported|identified|visuali[sz]ed) (?:[a-z-]+ ){0,2}\Z"
)
_NOW = re.compile(r"\bnow\s+(?:measur\w+|is|are)?\s*(?:only\s*)?\Z")
_LARGEST_ONE = re.compile(
    r"\b(?:largest|biggest)(?: (?:one|nodule|lesion|of (?:which|these|them)))?"
    r"(?:\s+(?:which|is|was|being|measures|measuring|measured|of|at|approximately|about|up to))*"
    r"[\s:,(]*\Z"
)
_MEAN_OF_THEM = re.compile(r"[\s,;(=]*(?:mean|average)(?: diameter| size)?(?: of)?[\s:=]*")
_CHANGED = re.compile(
    r"\b(?:decreased|increased|grown|enlarged|shrunk)(?: in size)? to\s*(?:now )?\Z"
)
_EARLIER = re.compile(
    r"[\s,;(]*(?:and |which )?"
    r"(?:previously|formerly|prior|was|compared (?:to|with)|vs\.?|versus)[a-z\s]{0,20}"
)
_AGO = r"(?:,?\s*\(?(?:\d+|an?|one|two|three|six|twelve)\s\w+\s(?:ago|earlier|before)\)?,?)?"
_CHANGED_TO = re.compile(rf"\s*(?:mm|cm)?{_AGO}\s*to\s*(?:now\s*)?")
_RANGE_FROM = re.compile(
    r"(?:rang\w*|between|vary\w*|measur\w*|siz\w+)\s+(?:in size )?(?:from\s*)?\Z"
)
_SIZES_OF = re.compile(
    r"\b(?:measur\w+|of|siz\w+|diameters?)\s+(?:about |approximately |up to )?\Z"
)
_FROM = re.compile(r"\bfrom\s*\Z")


@dataclass(frozen=True, slots=True)
class Size:
    """A stated size.

    Attributes:
        start: offset of its first character.
        end: offset after its last character.
        axes: one to three lengths in mm, or one volume in mm3.
        volume: whether it is a volume.
        labels: what the words around it say (``prior``, ``solid``, ``mean`` ...).
        unit: unit it was written in.
        method: overrides the method of the measurement, if set.
    """

    start: int
    end: int
    axes: tuple[Interval, ...]
    volume: bool = False
    labels: frozenset[str] = frozenset()
    unit: str = "mm"
    method: str = ""

    @property
    def is_prior(self) -> bool:
        """Whether it belongs to the earlier study."""
        return "prior" in self.labels

    def measurements(self) -> tuple[Measurement, ...]:
        """The measurements, by kind, largest axis first."""
        prefix = ("prior_" if self.is_prior else "") + ("solid_" if "solid" in self.labels else "")
        unit = "mm3" if self.volume else "mm"
        return tuple(
            Measurement(
                kind=prefix + kind, value=axis.value, low=axis.low, high=axis.high, unit=unit,
                low_open=axis.low_open, high_open=axis.high_open,
                method=self.method or axis.method,
            )
            for kind, axis in zip(self._kinds(), self._sorted(), strict=False)
        )  # fmt: skip

    def _sorted(self) -> list[Interval]:
        return sorted(self.axes, key=lambda a: a.high or a.low or Decimal(0), reverse=True)

    def _kinds(self) -> tuple[str, ...]:
        if self.volume:
            return ("volume",)
        if len(self.axes) > 1:
            return ("long_axis", "short_axis", "third_axis")
        names = {"mean": "mean_diameter", "long": "long_axis", "short": "short_axis",
                 "largest": "largest_dimension"}  # fmt: skip
        return (next((names[x] for x in names if x in self.labels), "diameter"),)


def _factor(unit: str | None) -> Decimal:
    return _CENTIMETRE if unit and unit.startswith("c") else Decimal(1)


class SizeFinder:
    """Finds sizes and labels them by the words around them."""

    def __init__(self, rules: SizeRules):
        self._before = {
            label: re.compile(
                rf"(?<!\w)(?:{'|'.join(translate(p) for p in phrases)})"
                rf"{_SOLID_TAIL if label == 'solid' else _BEFORE_TAIL}"
            )
            for label, phrases in rules.before.items()
        }
        self._after = {
            label: re.compile(
                rf"\A[\s,(-]*{_AFTER_SKIP.get(label, '')}"
                rf"(?:{'|'.join(translate(p) for p in phrases)})(?!\w)"
                rf"{'' if label == 'apart' else _NO_NUMBER}"
            )
            for label, phrases in rules.after.items()
        }
        self._worded = [
            (
                re.compile(rf"(?<!\w)(?:{'|'.join(translate(p) for p in w.phrases)})(?!\w)"),
                w.below_mm,
            )
            for w in rules.worded
        ]

    def find(self, text: str, start: int, end: int) -> list[Size]:
        """All sizes between two offsets of folded text, in text order."""
        found = [*self._volumes(text, start, end), *self._lengths(text, start, end)]
        found += self._in_words(text, start, end)
        found.sort(key=lambda s: (s.start, -s.end))
        apart: list[Size] = []
        for size in found:
            if not apart or size.start >= apart[-1].end:
                apart.append(size)
        return self._joined(text, [self._labelled(text, s, start, end) for s in apart])

    def _in_words(self, text: str, start: int, end: int) -> Iterator[Size]:
        for pattern, below in self._worded:
            for match in pattern.finditer(text, start, end):
                bound = Interval(None, None, Decimal(below), high_open=True, method="stated bound")
                yield Size(match.start(), match.end(), (bound,))

    def _volumes(self, text: str, start: int, end: int) -> Iterator[Size]:
        for match in _VOLUME.finditer(text, start, end):
            number = read_number(match["number"])
            if number is not None:
                cubic_mm = "mm" in match["unit"] or "millimet" in match["unit"]
                factor = Decimal(1) if cubic_mm else _CUBIC_CENTIMETRE
                yield Size(match.start(), match.end(), (number.scaled(factor),), volume=True)

    def _lengths(self, text: str, start: int, end: int) -> Iterator[Size]:
        for match in _SIZE.finditer(text, start, end):
            unit = match["uh"] or match["u3"] or match["u2"] or match["u1"]
            first = read_number(match["first"])
            if not unit or first is None:
                continue
            if match["high"]:
                yield from _ranged(text, match, first, start)
                continue
            axes = [first.scaled(_factor(match["u1"] or unit))]
            for number, own in (("second", "u2"), ("third", "u3")):
                if match[number]:
                    length = read_decimal(match[number]) * _factor(match[own] or unit)
                    axes.append(exactly(plain(length), first.method))
            yield Size(match.start(), match.end(), tuple(axes), unit=unit[:2])

    def _labelled(self, text: str, size: Size, start: int, end: int) -> Size:
        before = text[max(start, size.start - _WINDOW) : size.start]
        after = text[size.end : min(end, size.end + _WINDOW)]
        labels = {label for label, p in self._before.items() if p.search(before)}
        labels |= {label for label, p in self._after.items() if p.match(after)}
        if _RANGE_FROM.search(before) and _FROM.search(before):
            labels.discard("prior")
        if "largest" in labels and _LARGEST_ONE.search(before):
            labels = labels - {"largest"} | {"dominant"}
        return replace(size, labels=size.labels | labels)

    def _joined(self, text: str, sizes: list[Size]) -> list[Size]:
        joined: list[Size] = []
        for size in sizes:
            last = joined[-1] if joined else None
            between = text[last.end : size.start] if last else ""
            if last and "solid" in last.labels and _same_part(last, size, between):
                size = replace(size, labels=size.labels | {"solid"})  # noqa: PLW2901 - relabelled
            was = last is not None and bool(_WAS.search(text[: last.start][-_WINDOW:]))
            if last and (_CHANGED.search(between) or (was and _NOW.search(between))):
                joined[-1] = last = replace(last, labels=last.labels | {"prior"})
            if last and _SECOND_SIZE.match(between) and _same_thing(last, size):
                joined[-1] = _reconciled(last, size)
            elif last and _is_next_plane(last, size, between):
                joined[-1] = replace(last, end=size.end, axes=last.axes + size.axes)
            else:
                joined.append(size)
        return joined


_SOLID_TAIL = r"(?:,\s+(?:now|currently|today|measuring|which)|\s+[a-z]+){0,5}" + _BEFORE_TAIL
_AFTER_SKIP = {
    "solid": r"(?:(?!ground|solid|part|with|and|has|contain|having|an?\s|the\s)[a-z]+\s+){0,2}?"
}
_NO_NUMBER = (
    r"(?!\s*[(:=,]?\s*(?:(?:measur\w*|was|were|is|of|at|up to|approximately|about|now|"
    r"mean|average|maxim\w+|largest|greatest|long|short|axis|diameter|dimension|size)\s+){0,4}"
    r"[<>~]?\s*\d)"
)
_MAX_AXES = 3


def _ranged(text: str, match: re.Match[str], first: Interval, start: int) -> Iterator[Size]:
    """``5-7 mm``, ``between 5 and 7 mm``; ``from 5 to 8 mm`` is a change unless sizes range."""
    unit = match["uh"]
    low = first.scaled(_factor(match["u1"] or unit))
    high = plain(read_decimal(match["high"]) * _factor(unit))
    before = text[max(start, match.start() - _WINDOW) : match.start()]
    changed = match["to"] == "to" and _FROM.search(before) and not _RANGE_FROM.search(before)
    if match["to"] == "and" and not before.rstrip().endswith("between"):
        yield Size(match.start("high"), match.end(), (exactly(high),), unit=unit[:2])
        if match["u1"] or _SIZES_OF.search(before):
            end = match.end("u1") if match["u1"] else match.end("first")
            yield Size(match.start(), end, (low,), unit=unit[:2])
    elif changed:
        yield Size(match.start(), match.end("first"), (low,), labels=frozenset({"prior"}))
        yield Size(match.start("high"), match.end(), (exactly(high),), unit=unit[:2])
    elif low.value is not None:
        ends = sorted((low.value, high))
        interval = Interval(None, ends[0], ends[1], method="stated range")
        yield Size(match.start(), match.end(), (interval,), unit=unit[:2])


def _same_thing(one: Size, other: Size) -> bool:
    return (
        one.unit[:1] != other.unit[:1]
        and len(one.axes) == len(other.axes)
        and not one.volume
        and not other.volume
        and not (one.labels ^ other.labels) & {"prior", "solid"}
    )


def _same_part(last: Size, size: Size, between: str) -> bool:
    """Whether a size goes on about the solid part: "from 2 to 5 mm", "5 mm, previously 2 mm"."""
    if last.is_prior:
        return bool(_CHANGED_TO.fullmatch(between))
    if "mean" in size.labels and len(last.axes) > 1:
        return bool(_MEAN_OF_THEM.fullmatch(between))
    return size.is_prior and bool(_EARLIER.fullmatch(between))


def _is_next_plane(last: Size, size: Size, between: str) -> bool:
    return (
        "plane" in last.labels
        and "plane" in size.labels
        and len(last.axes) + len(size.axes) <= _MAX_AXES
        and len(between) < 40  # noqa: PLR2004 - a few words such as "and transverse"
        and last.is_prior == size.is_prior
    )


def _reconciled(one: Size, other: Size) -> Size:
    """One size in two units; if they differ by more than rounding, what covers both."""
    pairs = list(zip(one.axes, other.axes, strict=True))
    agree = all(_agree(a, b) for a, b in pairs)
    if agree:
        return replace(one, end=other.end)
    axes = tuple(_covering(a, b) for a, b in pairs)
    return replace(one, end=other.end, axes=axes, method=f"unit_conflict: stated in {one.unit} and "
                   f"{other.unit} with different values")  # fmt: skip


def _agree(one: Interval, other: Interval) -> bool:
    if one.value is None or other.value is None:
        return one.low == other.low and one.high == other.high
    return abs(one.value - other.value) <= Decimal("0.5")


def _covering(one: Interval, other: Interval) -> Interval:
    ends = [e for i in (one, other) for e in (i.low, i.high) if e is not None]
    return Interval(None, min(ends), max(ends), method="stated range")
