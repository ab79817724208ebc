"""Numbers with their uncertainty, as measurements."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from dxtrace.clinical import Measurement

DIGITS = {"mm": 2, "mm3": 1, "HU": 0, "1": 3, "%": 1, "d": 0}
"""Decimals that are kept: finer than any of these can be measured."""


def interval(
    kind: str, value: float, spread: float, unit: str, method: str, *, is_cut: bool = False
) -> Measurement:
    """A value and how far it may lie off, as a measurement; ends are rounded outwards.

    Args:
        kind: what was measured.
        value: the best value.
        spread: half the width of the interval, with 95 %.
        unit: its unit.
        method: how it was obtained.
        is_cut: what was measured goes on beyond the picture: there is no upper end.
    """
    return between(kind, value, (value - spread, value + spread), unit, method, is_cut=is_cut)


def between(
    kind: str,
    value: float,
    ends: tuple[float, float],
    unit: str,
    method: str,
    *,
    is_cut: bool = False,
) -> Measurement:
    """As :func:`interval`, with ends that need not lie evenly.

    Raises:
        ValueError: if a number is not finite.
    """
    if not all(math.isfinite(x) for x in (value, *ends)):
        raise ValueError(f"{kind}: expected finite numbers, got {value} in {ends}")
    low, high = ends
    if unit in ("mm", "mm3", "1", "d"):
        low = max(low, 0.0)
    said = f"{method}; reaches the border of the picture: at least" if is_cut else method
    return Measurement(
        kind=kind,
        value=_rounded(value, unit, ROUND_HALF_EVEN),
        low=_rounded(low, unit, ROUND_FLOOR),
        high=None if is_cut else _rounded(high, unit, ROUND_CEILING),
        unit=unit,
        method=said,
    )


def _rounded(value: float, unit: str, how: str) -> Decimal:
    step = Decimal(1).scaleb(-DIGITS.get(unit, 2))
    return Decimal(repr(float(value))).quantize(step, rounding=how)
