"""Trachea and main bronchi: grown from the trachea, stopped before they leak into the lungs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    BoolArray = NDArray[np.bool_]

LUMEN_BELOW_HU = -900.0
"""The lumen holds air (-1000 HU) blurred by its wall; aerated lung lies around -850 HU."""
LUMEN_AREA_MM2 = (60.0, 800.0)
"""Cross-section of a trachea: 9 to 32 mm across."""
OFF_MIDLINE_MM = 50.0
"""A trachea lies near the middle of the body; tortuous vessels push it aside by less than this."""
SHORTEST_TRACHEA_MM = 20.0
FULLEST_BOX = 0.5
"""A round lumen fills pi / 4 of its box; a crescent of lung fills less than half."""
GROWTH_HU = tuple(float(t) for t in range(-980, -840, 10))
LARGEST_TREE_MM3 = 120_000.0
"""Trachea and bronchi hold about 50 to 100 mL; more means that the lungs have been entered."""
LEAP = 1.8
"""A step of 10 HU that nearly doubles the volume has entered the lungs."""
SMALLEST_LEAP_MM3 = 20_000.0


def segment_airways(
    hu: NDArray[Any], body: BoolArray, spacing_mm: tuple[float, float, float]
) -> BoolArray:
    """Mark trachea and large bronchi.

    Args:
        hu: axes (head, back, left).
        body: the body on the same grid.
        spacing_mm: spacing along these axes.

    Returns:
        a mask; empty if no trachea is in the scan.
    """
    seed = find_trachea(hu, body, spacing_mm)
    if not seed.any():
        return seed
    voxel_mm3, tree = float(np.prod(spacing_mm)), seed
    for threshold in GROWTH_HU:
        grown = _connected(body & (hu < threshold), seed)
        volume, before = grown.sum() * voxel_mm3, tree.sum() * voxel_mm3
        leapt = volume > LEAP * before and volume - before > SMALLEST_LEAP_MM3
        if volume > LARGEST_TREE_MM3 or (leapt and tree is not seed):
            break
        tree = grown | seed
    return tree


def find_trachea(
    hu: NDArray[Any], body: BoolArray, spacing_mm: tuple[float, float, float]
) -> BoolArray:
    """The longest chain of round air-filled cross-sections near the midline."""
    rounds = np.zeros(hu.shape, dtype=bool)
    for index in np.flatnonzero(body.any(axis=(1, 2))):
        rounds[index] = _round_lumens(hu[index], body[index], spacing_mm[1:])
    labels, count = ndimage.label(rounds)
    best, length = 0, SHORTEST_TRACHEA_MM
    for label, box in enumerate(ndimage.find_objects(labels, count), start=1):
        extent = (box[0].stop - box[0].start) * spacing_mm[0]
        if extent >= length:
            best, length = label, extent
    found: BoolArray = labels == best if best else np.zeros_like(rounds)
    return found


def _round_lumens(hu: NDArray[Any], body: BoolArray, spacing_mm: tuple[float, ...]) -> BoolArray:
    labels, count = ndimage.label(body & (hu < LUMEN_BELOW_HU))
    kept = np.zeros(count + 1, dtype=bool)
    columns = np.flatnonzero(body.any(axis=0))
    middle = (columns[0] + columns[-1]) / 2
    pixel_mm2 = spacing_mm[0] * spacing_mm[1]
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        area = sizes[label] * pixel_mm2
        centre = (box[1].start + box[1].stop - 1) / 2
        fills = sizes[label] / ((box[0].stop - box[0].start) * (box[1].stop - box[1].start))
        kept[label] = (
            LUMEN_AREA_MM2[0] <= area <= LUMEN_AREA_MM2[1]
            and abs(centre - middle) * spacing_mm[1] <= OFF_MIDLINE_MM
            and fills >= FULLEST_BOX
        )
    lumens: BoolArray = kept[labels]
    return lumens


def _connected(mask: BoolArray, seed: BoolArray) -> BoolArray:
    labels, count = ndimage.label(mask)
    touched = np.zeros(count + 1, dtype=bool)
    touched[np.unique(labels[seed])] = True
    touched[0] = False
    connected: BoolArray = touched[labels]
    return connected
