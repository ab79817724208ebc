"""The diameter of the aorta from a mask of it.

The aorta runs obliquely, so that a section along an array's axis is an ellipse whose long side is
too long. The width at right angles to the vessel is what counts (Hiratzka et al., Circulation
2010;121:e266). On the middle line of the mask it is twice the distance to the wall, which no
direction can inflate.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from dxtrace.clinical import Measurement
from expert_models.classical.morphology import bounding_box, largest_component
from expert_models.errors import ToolRefusal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dxtrace.clinical.volume import Mask

AXES = 3
SURPLUS = 0.25
SPREAD = 1.5
"""Voxels by which the diameter may be off: half a voxel at either wall, and half at the middle."""
SMALLEST_MM = 5.0
"""A narrower mask is no aorta, or is too coarse to be measured."""


def measure_aorta(mask: Mask) -> Measurement:
    """The greatest diameter of the part of the aorta that is marked.

    Args:
        mask: (slice, row, column), with known spacing.

    Returns:
        the diameter in mm of the largest ball inside; the interval comes from the voxels, and the
        mask's own boundary, on either side. Where a vessel is wider one way than the other this is
        the narrower width; the method says so.

    Raises:
        ToolRefusal: if the mask is empty, without spacing, cut off all round, or too narrow.
    """
    spacing = mask.geometry.voxel_spacing_mm
    if spacing is None or len(spacing) != AXES or mask.voxels.ndim != AXES:
        raise ToolRefusal(f"aorta: expected a volume with known spacing, got spacing {spacing}")
    aorta = largest_component(np.asarray(mask.voxels, dtype=bool))
    box = bounding_box(aorta, spacing)
    if box is None:
        raise ToolRefusal("aorta: the mask is empty")
    steps = tuple(max(1, round(s / min(spacing))) for s in spacing)
    part = np.pad(aorta[box], [(0, 0) if _cut(aorta, a) else (1, 1) for a in range(AXES)])
    for axis, step in enumerate(steps):
        part = np.repeat(part, step, axis=axis)
    fine = tuple(s / n for s, n in zip(spacing, steps, strict=True))
    depth = ndimage.distance_transform_edt(part, sampling=fine)
    # Distances run to the centre of the first voxel outside, half a voxel too far; the middle
    # of the vessel lies between voxels, so that the greatest distance is too short.
    diameter = 2.0 * float(depth.max()) - SURPLUS * float(np.mean(fine))
    if diameter < SMALLEST_MM:
        raise ToolRefusal(f"aorta: the mask is only {diameter:.1f} mm wide")
    spread = SPREAD * float(np.mean(sorted(spacing)[:2])) + 2 * (mask.boundary_mm or 0.0)
    return Measurement(
        kind="diameter", value=_tenths(diameter), low=_tenths(max(0.0, diameter - spread)),
        high=_tenths(diameter + spread), unit="mm",
        method="diameter of the largest ball inside the marked aorta; the voxels and the mask's "
        "own uncertainty on either side",
    )  # fmt: skip


def _cut(aorta: NDArray[np.bool_], axis: int) -> bool:
    """Whether the vessel goes on beyond the scan: its end there is no wall."""
    return bool(np.take(aorta, 0, axis=axis).any() or np.take(aorta, -1, axis=axis).any())


def _tenths(value: float) -> Decimal:
    return Decimal(f"{value:.1f}")
