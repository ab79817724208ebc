"""Lungs on CT, without learned weights.

Threshold half-way between lung and soft tissue, the body without the table, airways removed, air
that is no lung removed, sides told apart, vessels and nodules at the wall filled in by a closing of
bounded radius. The order of steps follows Hu, Hoffman and Reinhardt, IEEE Trans Med Imaging
2001;20:490 (doi 10.1109/42.929615).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from dxtrace.clinical import Laterality
from expert_models.classical.airways import segment_airways
from expert_models.classical.body import segment_body
from expert_models.classical.grid import TurnedVolume, block_mean, repeat_blocks, turn_volume
from expert_models.classical.lung_regions import select_lungs, split_sides
from expert_models.classical.morphology import bounding_box, close_gaps, dilate, fill_slices
from expert_models.errors import ToolRefusal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dxtrace.clinical.volume import Volume

    BoolArray = NDArray[np.bool_]

LUNG_BELOW_HU = -420.0
"""Half-way between aerated lung (about -850 HU) and soft tissue (about 10 to 60 HU)."""
COARSE_MM = 2.0
"""Regions are told apart on a grid of at most this spacing; the outline is drawn on the finest."""
CLOSING_MM = 6.0
"""Fills vessels and nodules at the wall up to about 12 mm across, and no mediastinum."""
AIRWAY_WALL_MM = 2.0
THIRDS = ("lower", "middle", "upper")
LOWEST_HU = -1024.0
"""Below lies only padding outside the field of view (DICOM (0028,0120))."""


@dataclass(frozen=True, slots=True, eq=False)
class Lungs:
    """The lungs of one CT.

    Attributes:
        volume: the CT, turned to (head, back, left).
        right: mask of the right lung on that grid; empty if there is none.
        left: mask of the left lung.
        cut_off: the ends of the scan at which the lungs are cut: ``top``, ``bottom``, ``front``,
            ``back``, ``right``, ``left``.
    """

    volume: TurnedVolume
    right: BoolArray
    left: BoolArray
    cut_off: tuple[str, ...]

    def side_at(self, index: tuple[int, ...]) -> Laterality | None:
        """The lung at an index of the turned grid."""
        if self.right[index]:
            return Laterality.RIGHT
        return Laterality.LEFT if self.left[index] else None

    def zone_at(self, index: tuple[int, ...], side: Laterality) -> str | None:
        """Upper, middle or lower third of the lung's height; None if it is cut above or below.

        A zone is no lobe: the fissures are not looked for.
        """
        if {"top", "bottom"} & set(self.cut_off):
            return None
        lung = self.right if side is Laterality.RIGHT else self.left
        slices = np.flatnonzero(lung.any(axis=(1, 2)))
        if not slices.size:
            return None
        height = (index[0] - slices[0]) / max(1, slices[-1] - slices[0])
        return THIRDS[min(2, max(0, int(height * len(THIRDS))))]


def segment_lungs(volume: Volume) -> Lungs:
    """Mark the lungs on a CT.

    Args:
        volume: CT in HU with known spacing and orientation.

    Raises:
        ToolRefusal: if spacing or orientation is unknown, the values are not HU, or no lung is
            found; never is that taken for an absence.
    """
    if volume.unit != "HU":
        raise ToolRefusal(f"expected CT in HU, got values in {volume.unit!r}")
    turned = turn_volume(volume)
    factors = _coarse_factors(turned.spacing_mm)
    spacing = _scaled(turned.spacing_mm, factors)
    hu = np.maximum(block_mean(turned.hu, factors), LOWEST_HU)
    body = segment_body(hu, spacing)
    airways = dilate(segment_airways(hu, body, spacing), AIRWAY_WALL_MM, spacing)
    found = select_lungs(hu, body & (hu < LUNG_BELOW_HU) & ~airways, spacing)
    if not found.any():
        raise ToolRefusal("no aerated lung was found in this CT")
    sides = split_sides(found, body, spacing)
    closed = _close_sides(sides, spacing)
    right, left = (
        _outline(turned, factors, side, own, other | airways & ~own)
        for side, own, other in ((sides[0], closed[0], closed[1]), (sides[1], closed[1], closed[0]))
    )
    return Lungs(turned, right, left, _ends_reached(right | left))


def _coarse_factors(spacing_mm: tuple[float, ...]) -> tuple[int, int, int]:
    factors = [max(1, int(COARSE_MM / s + 1e-6)) for s in spacing_mm]
    return factors[0], factors[1], factors[2]


def _scaled(
    spacing_mm: tuple[float, float, float], factors: tuple[int, int, int]
) -> tuple[float, float, float]:
    scaled = [s * f for s, f in zip(spacing_mm, factors, strict=True)]
    return scaled[0], scaled[1], scaled[2]


def _close_sides(
    sides: tuple[BoolArray, BoolArray], spacing: tuple[float, float, float]
) -> tuple[BoolArray, BoolArray]:
    """Fill each lung; a voxel that both closings reach stays with the lung that had it."""
    right, left = (close_gaps(fill_slices(side), CLOSING_MM, spacing) for side in sides)
    both = right & left
    return right & ~(both & ~sides[0]), left & ~(both & ~sides[1])


def _outline(
    turned: TurnedVolume, factors: tuple[int, int, int], lung: BoolArray, closed: BoolArray,
    forbidden: BoolArray,
) -> BoolArray:  # fmt: skip
    """Carry a coarse lung to the full grid; along its surface every voxel decides for itself."""
    if factors == (1, 1, 1) or not closed.any():
        return closed
    margin = tuple(f * s for f, s in zip(factors, turned.spacing_mm, strict=True))
    box = bounding_box(closed, margin, 2 * max(margin))
    assert box is not None  # noqa: S101  # closed is not empty
    own, filled = closed[box], (closed & ~lung)[box]
    full_box = tuple(
        slice(b.start * f, min(b.stop * f, n))
        for b, f, n in zip(box, factors, turned.hu.shape, strict=True)
    )
    shape = tuple(b.stop - b.start for b in full_box)
    border = ndimage.binary_dilation(own) & ~forbidden[box]
    certain = ndimage.binary_erosion(own, border_value=1) | filled
    outline = np.zeros(turned.hu.shape, dtype=bool)
    outline[full_box] = repeat_blocks(certain, factors, shape) | (
        repeat_blocks(border, factors, shape) & (turned.hu[full_box] < LUNG_BELOW_HU)
    )
    return outline


def _ends_reached(lungs: BoolArray) -> tuple[str, ...]:
    names = (("bottom", "top"), ("front", "back"), ("right", "left"))
    return tuple(
        name
        for axis, pair in enumerate(names)
        for end, name in zip((0, -1), pair, strict=True)
        if np.take(lungs, end, axis=axis).any()
    )


__all__ = ["Lungs", "segment_lungs"]
