"""Cardiothoracic ratio: the width of the heart against the width of the chest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dxtrace.clinical import Measurement
from dxtrace.clinical.volume import Mask
from tools.measurement.intervals import between

EDGE_PIXELS = 1.0
"""Both edges of a width together may lie this far off by the size of the pixels alone."""

KIND = "cardiothoracic_ratio"


def cardiothoracic_ratio(heart: Mask, *thorax: Mask) -> Measurement | None:
    """The greatest width of the heart over the greatest inner width of the chest.

    The heart's width is the distance between the verticals through its right and left border; the
    chest's is the widest row between its inner edges. Widths run along the last array axis; on a
    stack, the slice in which each is widest counts. Source: Danzer 1919 (Am J Med
    Sci 157:513) and the usual way of drawing it on a frontal radiograph.

    Args:
        heart: the heart.
        thorax: the chest's inside, or right and left lung, which then span it.

    Returns:
        The ratio with its interval, whether or not the spacing is known; None if a mask is empty or
        the heart is wider than the chest, as then one of the masks is wrong.

    Raises:
        ValueError: if the masks lie on different grids.
    """
    if not thorax:
        raise ValueError("thorax: expected at least one mask, got none")
    for other in thorax:
        if other.voxels.shape != heart.voxels.shape:
            raise ValueError(
                f"{other.name}: expected the grid of {heart.name} {heart.voxels.shape}, "
                f"got {other.voxels.shape}"
            )
    chest = np.logical_or.reduce([t.voxels for t in thorax])
    if not heart.voxels.any() or not chest.any():
        return None
    heart_width, chest_width = _span(np.asarray(heart.voxels, bool)), _widest_row(chest)
    if heart_width >= chest_width:
        return None
    off = [_off(heart), max(_off(t) for t in thorax)]
    low = max(heart_width - off[0], 0) / (chest_width + off[1])
    high = (heart_width + off[0]) / max(chest_width - off[1], 1)
    method = f"heart {heart_width} of {chest_width} pixels across"
    return between(KIND, heart_width / chest_width, (low, min(high, 1.0)), "1", method)


def _span(marked: NDArray[np.bool_]) -> int:
    """Widest distance between the leftmost and the rightmost pixel, in any one slice."""
    columns = np.asarray(marked.any(axis=-2), dtype=bool)
    return _widest_row(columns)


def _widest_row(marked: NDArray[np.bool_]) -> int:
    rows = marked.reshape(-1, marked.shape[-1])
    rows = rows[rows.any(axis=1)]
    first = rows.argmax(axis=1)
    last = rows.shape[1] - 1 - rows[:, ::-1].argmax(axis=1)
    return int((last - first).max()) + 1


def _off(mask: Mask) -> float:
    """How far a width may lie off, in pixels; both its edges count."""
    spacing = mask.geometry.voxel_spacing_mm
    drawn = 2 * mask.boundary_mm / spacing[-1] if mask.boundary_mm and spacing else 0.0
    return float(np.hypot(EDGE_PIXELS, drawn))
