"""What changed between two times."""

from __future__ import annotations

import math
from collections.abc import Iterable

from dxtrace.clinical import Measurement
from tools.measurement.intervals import between

DAYS_PER_MONTH = 365.25 / 12
_CHANGES = {
    "mean_diameter": "mean_diameter_change",
    "largest_dimension": "largest_dimension_change",
}


def prior_measurements(prior: Iterable[Measurement]) -> tuple[Measurement, ...]:
    """The measurements of the earlier study, named as such (``prior_mean_diameter``)."""
    return tuple(
        m.model_copy(update={"kind": f"prior_{m.kind}", "method": f"{m.method}, earlier study"})
        for m in prior
        if not m.kind.startswith("prior_")
    )


def measure_growth(
    current: Iterable[Measurement], prior: Iterable[Measurement], days: float | None = None
) -> tuple[Measurement, ...]:
    """Growth of one lesion, as intervals that hold for every pair of values in both intervals.

    Args:
        current: measurements of the current study.
        prior: measurements of the same lesion in the earlier study.
        days: time between both; None if unknown.

    Returns:
        The earlier measurements (``prior_`` kinds), ``prior_interval`` in months, changes of the
        diameters in mm, ``volume_change`` in %, and ``volume_doubling_time`` in days where the
        volume surely grew (Schwartz 1961: t ln 2 / ln (V2 / V1)).

    Raises:
        ValueError: if ``days`` is not positive.
    """
    if days is not None and not days > 0:
        raise ValueError(f"days: expected a positive number, got {days}")
    now = {m.kind: m for m in current}
    then = {m.kind: m for m in prior}
    found = list(prior_measurements(then.values()))
    if days is not None:
        months = days / DAYS_PER_MONTH
        found.append(
            between("prior_interval", months, (months, months), "mo", "dates of both studies")
        )
    for kind, name in _CHANGES.items():
        if kind in now and kind in then:
            found += _difference(name, now[kind], then[kind])
    if "volume" in now and "volume" in then:
        found += _volume_growth(now["volume"], then["volume"], days)
    return tuple(found)


def _difference(name: str, now: Measurement, then: Measurement) -> list[Measurement]:
    a, b = _numbers(now), _numbers(then)
    if a is None or b is None:
        return []
    ends = (a[0] - b[2], a[2] - b[0])
    return [_signed(name, a[1] - b[1], ends, now.unit, "difference of both studies")]


def _volume_growth(now: Measurement, then: Measurement, days: float | None) -> list[Measurement]:
    a, b = _numbers(now), _numbers(then)
    if a is None or b is None or b[0] <= 0 or a[0] <= 0:
        return []
    ratios = (a[0] / b[2], a[1] / b[1], a[2] / b[0])
    change = [100 * (r - 1) for r in ratios]
    found = [
        _signed("volume_change", change[1], (change[0], change[2]), "%", "ratio of both volumes")
    ]
    if days is not None and ratios[0] > 1:
        times = [days * math.log(2) / math.log(r) for r in ratios]
        ends = (times[2], times[0])
        found.append(between("volume_doubling_time", times[1], ends, "d", "even growth"))
    return found


def _numbers(m: Measurement) -> tuple[float, float, float] | None:
    """Low, value and high; None if an end is open."""
    if m.low is None or m.high is None or m.value is None:
        return None
    return float(m.low), float(m.value), float(m.high)


def _signed(
    kind: str, value: float, ends: tuple[float, float], unit: str, method: str
) -> Measurement:
    """A measurement that may be negative."""
    low, high = math.floor(ends[0] * 100) / 100, math.ceil(ends[1] * 100) / 100
    numbers = {"value": str(round(value, 2)), "low": str(low), "high": str(high)}
    return Measurement.model_validate({"kind": kind, "unit": unit, "method": method, **numbers})
