"""Which air-filled regions of the body are lung, and which lung is the left one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from expert_models.classical.morphology import components, erode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    BoolArray = NDArray[np.bool_]
    Spacing = tuple[float, float, float]

CORE_BELOW_HU = -500.0
"""Safely inside: below the middle between lung and soft tissue, so that thin walls separate."""
SMALLEST_MM3 = 5_000.0
LUNG_HU = (-940.0, -550.0)
"""Median inside a lung. Gas in the bowel lies below, stool with gas bubbles above."""
LARGE_MM3 = 600_000.0
LARGE_LUNG_HU = (-980.0, -400.0)
"""A region of more than 0.6 L may be an emphysematous or a dense lung; gas stays below -980 HU."""
WHOLE_LUNGS_MM3 = 150_000.0
"""Whole lungs hold more; smaller regions are lung only where the scan ends inside them."""
INSIDE_MM = 3.0
SMALL_SHARE = 0.1
SPLIT_STEPS_MM = (2.0, 4.0, 6.0, 9.0, 12.0, 16.0)


def select_lungs(hu: NDArray[Any], candidate: BoolArray, spacing_mm: Spacing) -> BoolArray:
    """The components of air-filled tissue that are lung.

    Args:
        hu: axes (head, back, left).
        candidate: air-filled tissue inside the body, without the airways.
        spacing_mm: spacing along these axes.

    Returns:
        a mask; empty if no region passes.
    """
    labels, sizes = components(candidate & (hu < CORE_BELOW_HU))
    voxel_mm3 = float(np.prod(spacing_mm))
    kept = np.zeros(len(sizes), dtype=bool)
    boxes = ndimage.find_objects(labels)
    for label in np.flatnonzero(sizes * voxel_mm3 >= SMALLEST_MM3):
        box = boxes[label - 1]
        region = labels[box] == label
        median = _median_inside(hu[box], region, spacing_mm)
        low, high = LARGE_LUNG_HU if sizes[label] * voxel_mm3 >= LARGE_MM3 else LUNG_HU
        kept[label] = low <= median <= high
    if sizes[kept].sum() * voxel_mm3 < WHOLE_LUNGS_MM3:
        kept &= _cut_by_scan(labels, len(sizes))
    core = kept[labels]
    # The outermost voxel is a mixture: it belongs to the lung if it is more lung than wall.
    lungs: BoolArray = candidate & ndimage.binary_dilation(core)
    return lungs


def _median_inside(hu: NDArray[Any], region: BoolArray, spacing_mm: Spacing) -> float:
    inside = erode(region, INSIDE_MM, spacing_mm)
    return float(np.median(hu[inside if inside.any() else region]))


def _cut_by_scan(labels: NDArray[Any], count: int) -> BoolArray:
    """Labels that reach an end of the array along any axis."""
    cut = np.zeros(count, dtype=bool)
    for axis in range(labels.ndim):
        for end in (0, -1):
            cut[np.unique(np.take(labels, end, axis=axis))] = True
    cut[0] = False
    return cut


def split_sides(
    lungs: BoolArray, body: BoolArray, spacing_mm: Spacing
) -> tuple[BoolArray, BoolArray]:
    """Tell right from left, also where the lungs touch in front of the heart.

    Args:
        lungs: both lungs; axes (head, back, left).
        body: the body on the same grid.
        spacing_mm: spacing along these axes.

    Returns:
        the right and the left lung; one is empty if there is but one lung.
    """
    middle = _body_middle(body)
    seeds = _side_seeds(lungs, middle, spacing_mm)
    labels, sizes = components(lungs)
    if len(sizes) > 1 and (seeds == 0).all():
        seeds = labels
    nearest = ndimage.distance_transform_edt(
        seeds == 0, sampling=spacing_mm, return_distances=False, return_indices=True
    )
    sides = np.where(lungs, seeds[tuple(nearest)], 0)
    return sides == 1, sides == 2  # noqa: PLR2004  # the two labels that _side_seeds gives


def _side_seeds(lungs: BoolArray, middle: float, spacing_mm: Spacing) -> NDArray[Any]:
    """Erode until no component reaches far over the midline; label the rest right 1, left 2."""
    seeds = np.zeros(lungs.shape, dtype=np.uint8)
    todo = lungs
    for step in (0.0, *SPLIT_STEPS_MM):
        shrunk = erode(todo, step, spacing_mm) if step else todo
        labels, _ = components(shrunk)
        left_over = np.zeros_like(lungs)
        for label, box in enumerate(ndimage.find_objects(labels), start=1):
            region = labels[box] == label
            columns = region.sum(axis=(0, 1))
            beyond = columns[np.arange(box[2].start, box[2].stop) >= middle].sum()
            share = beyond / columns.sum()
            last = step == SPLIT_STEPS_MM[-1]
            if last or min(share, 1 - share) <= SMALL_SHARE:
                seeds[box][region] = 2 if share > 0.5 else 1  # noqa: PLR2004  # the larger part
            else:
                left_over[box] |= region
        if not left_over.any():
            break
        todo = left_over
    return seeds


def _body_middle(body: BoolArray) -> float:
    columns = np.flatnonzero(body.any(axis=(0, 1)))
    return float(columns[0] + columns[-1]) / 2
