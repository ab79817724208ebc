"""Which part of the body two volumes share, from what their slices hold from head to feet.

A registration that starts with both centres together goes astray where one scan reaches much
further than the other; so both are cut to what they share before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.vlm.sight.scenes import Opened
from dxtrace.reporting.windows import AIR_BELOW_HU

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_STEP_MM = 3.0
_LEAST_SHARE = 0.3
"""Of the shorter volume: less in common than this is not looked for."""
_IN_PLANE = 64
_BONE_HU = 250.0
_PRICE = 0.05
"""What it costs to share nothing, in the spread of what slices hold: of two places that fit alike,
the one with more in common is taken."""


def shared_part(now: Opened, then: Opened) -> tuple[slice, slice] | None:
    """The slices, along the first axis of both grids, that show the same part of the body.

    Each volume becomes a row of numbers from head to feet (how much of a slice is body, air in it,
    and bone; on others than CT its mean and spread); the rows are moved along each other until they
    fit best.

    Returns:
        None if spacings are unknown, or nothing fits.
    """
    spacings = [o.grid.spacing_mm for o in (now, then)]
    if None in spacings or not (now.grid.is_placed and then.grid.is_placed):
        return None
    steps = [mm[0] for mm in spacings if mm is not None]
    rows = [_row(o, step) for o, step in zip((now, then), steps, strict=True)]
    shift = _best_shift(rows[0], rows[1])
    if shift is None:
        return None
    first = max(0, shift)
    length = min(len(rows[0]) - first, len(rows[1]) - max(0, -shift))
    parts = []
    for opened, step, begin in ((now, steps[0], first), (then, steps[1], max(0, -shift))):
        count = opened.grid.slice_count("axial")
        low = int(begin * _STEP_MM / step)
        high = min(count, int(np.ceil((begin + length) * _STEP_MM / step)))
        parts.append(slice(low, max(low + 1, high)))
    return parts[0], parts[1]


def _row(opened: Opened, step_mm: float) -> Floats:
    """What slices hold, every few millimetres: (place, feature)."""
    voxels = opened.grid.voxels
    thin = [max(1, n // _IN_PLANE) for n in voxels.shape[1:3]]
    features = np.stack([_features(s[:: thin[0], :: thin[1]], opened) for s in voxels])
    own = np.arange(len(features)) * step_mm
    wanted = np.arange(0, own[-1] + _STEP_MM / 2, _STEP_MM)
    return np.stack([np.interp(wanted, own, f) for f in features.T], axis=1)


def _features(pixels: NDArray[np.generic], opened: Opened) -> Floats:
    values = np.nan_to_num(np.asarray(pixels, np.float64))
    if opened.volume.unit != "HU":
        return np.array([values.mean(), values.std(), np.median(values)])
    body = values > AIR_BELOW_HU
    rows, columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
    if not rows.size:
        return np.zeros(4)
    inner = values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    parts = [np.mean(inner < AIR_BELOW_HU), np.mean(inner > _BONE_HU)]
    return np.array([body.mean(), *parts, np.clip(inner, -1000, 400).mean() / 1000])


def _best_shift(one: Floats, other: Floats) -> int | None:
    """How far the second row begins after the first: where what overlaps differs least."""
    spread = np.concatenate([one, other]).std(axis=0)
    spread[spread == 0] = 1.0
    a, b = one / spread, other / spread
    least = max(2, int(_LEAST_SHARE * min(len(a), len(b))))
    best, found = np.inf, None
    for shift in range(least - len(b), len(a) - least + 1):
        x = a[max(0, shift) : shift + len(b)]
        y = b[max(0, -shift) : max(0, -shift) + len(x)]
        x = x[: len(y)]
        cost = float(np.abs(x - y).mean()) + _PRICE * (1 - len(x) / min(len(a), len(b)))
        if cost < best:
            best, found = cost, shift
    return found
