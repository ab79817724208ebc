"""Sizes that follow from other sizes: means, largest and smallest dimensions, as intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from dxtrace.clinical import Measurement
from dxtrace.knowledge.units import ends_in_unit

AXES = ("long_axis", "short_axis", "third_axis")


@dataclass(frozen=True, slots=True)
class Interval:
    """The values a quantity can have, in a known unit; an end of None is unbounded."""

    low: Fraction | None
    high: Fraction | None
    low_open: bool = False
    high_open: bool = False

    @classmethod
    def of(cls, measurement: Measurement, unit: str) -> Interval:
        """The interval of a measurement in a unit.

        Raises:
            UnitError: if the units do not convert.
        """
        low, high = ends_in_unit(measurement, unit)
        return cls(low, high, measurement.low_open, measurement.high_open)

    def __str__(self) -> str:
        if self.low is not None and self.low == self.high:
            return f"{float(self.low):g}"
        closed = None not in (self.low, self.high) and not (self.low_open or self.high_open)
        if closed:
            return f"{float(self.low or 0):g} to {float(self.high or 0):g}"
        low = "" if self.low is None else f"{'>' if self.low_open else '≥'} {float(self.low):g}"
        high = "" if self.high is None else f"{'<' if self.high_open else '≤'} {float(self.high):g}"
        return " and ".join(part for part in (low, high) if part)


def derived_measurement(
    kind: str, measurements: Iterable[Measurement], unit: str
) -> Interval | None:
    """The interval of a kind of measurement, stated or derived from what is stated.

    A stated value of the kind itself comes first. ``mean_diameter`` is otherwise the mean of long
    and short axis on one plane (Bankier 2017, doi 10.1148/radiol.2017162894), or the one stated
    diameter; ``largest_dimension`` is the largest axis; ``smallest_dimension`` the short axis.
    With three axes the plane of the mean is not known: the interval holds both possibilities.

    Raises:
        UnitError: if a unit does not convert.
    """
    stated = {m.kind: m for m in measurements}
    if kind in stated:
        return Interval.of(stated[kind], unit)
    prefix, name = _split(kind)
    rule = _RULES.get(name)
    if rule is None:
        return None
    axes = [Interval.of(stated[prefix + a], unit) for a in AXES if prefix + a in stated]
    single = stated.get(prefix + "diameter")
    if len(axes) > 1:
        return rule(axes)
    return Interval.of(single, unit) if single else (axes[0] if axes else None)


def precision(kind: str, measurements: Iterable[Measurement]) -> int:
    """How directly measurements give a kind: 3 stated, 2 by axes, 1 by one diameter, 0 not."""
    stated = {m.kind for m in measurements}
    prefix, name = _split(kind)
    if kind in stated:
        return 3
    if name not in _RULES:
        return 0
    axes = sum(prefix + a in stated for a in AXES)
    return 2 if axes > 1 else int(axes == 1 or prefix + "diameter" in stated)


def _split(kind: str) -> tuple[str, str]:
    prefix = ""
    for part in ("prior_", "baseline_", "nadir_", "solid_"):
        if kind.startswith(part):
            prefix, kind = prefix + part, kind.removeprefix(part)
    return prefix, kind


def _mean(a: Interval, b: Interval) -> Interval:
    low = None if a.low is None or b.low is None else (a.low + b.low) / 2
    high = None if a.high is None or b.high is None else (a.high + b.high) / 2
    return Interval(low, high, a.low_open or b.low_open, a.high_open or b.high_open)


def _mean_of_plane(axes: list[Interval]) -> Interval:
    narrow, wide = _mean(axes[0], axes[-1]), _mean(axes[0], axes[1])
    return Interval(narrow.low, wide.high, narrow.low_open, wide.high_open)


_RULES: dict[str, Callable[[list[Interval]], Interval]] = {
    "mean_diameter": _mean_of_plane,
    "diameter": lambda axes: axes[0],
    "largest_dimension": lambda axes: axes[0],
    "smallest_dimension": lambda axes: axes[1],
}
