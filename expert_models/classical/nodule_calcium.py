"""Calcium in a nodule, by its density.

Nodules above about 160 to 200 HU throughout hold calcium (Zerhouni et al., Radiology 1986;160:319);
vessels reach such values with contrast medium, so the blood of the same scan is looked at first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import ndimage

from expert_models.classical.nodule_outline import SOLID_ABOVE_HU, Outline, inner_part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from expert_models.classical.lungs import Lungs

    BoolArray = NDArray[np.bool_]

Calcification = Literal["diffuse", "partial"]
BLOOD_HU = 50.0
"""Blood without contrast medium has 30 to 60 HU."""
BONE_ABOVE_HU = 150.0
"""Denser than soft tissue: calcium, bone or contrast medium. At the wall it is a rib."""
THROUGHOUT = 0.9
SMALLEST_MM3 = 5.0
"""Less calcium is a few bright voxels: noise, or the wall of a vessel."""
WIDEST_RIM_MM = 0.7
"""By this much blur alone sets the edge against lung outside the edge half-way to calcium."""


def blood_level(lungs: Lungs, region: BoolArray) -> float:
    """The density of blood in this scan: of the inside of the vessels of the lungs.

    Args:
        lungs: the lungs.
        region: the lungs with their vessels, on the lungs' grid.
    """
    dense = region & (lungs.volume.hu > SOLID_ABOVE_HU)
    inside = ndimage.binary_erosion(dense, iterations=2)
    values = lungs.volume.hu[inside]
    return max(BLOOD_HU, float(np.median(values))) if values.size else BLOOD_HU


def read_calcification(
    hu: NDArray[np.float32], outline: Outline, blood_hu: float,
    spacing_mm: tuple[float, float, float],
) -> Calcification | None:  # fmt: skip
    """What calcium there is in a nodule.

    Args:
        hu: the densities in the outline's box.
        outline: the nodule.
        blood_hu: of blood in this scan.
        spacing_mm: spacing along the axes of the box.

    Returns:
        ``diffuse`` if it is calcium throughout, with no rim of soft tissue that blur does not
        explain; ``partial`` for less, without a pattern; None if none is seen.
    """
    limit = blood_hu + BONE_ABOVE_HU
    calcium = outline.mask & (hu > limit)
    if calcium.sum() * float(np.prod(spacing_mm)) < SMALLEST_MM3:
        return None
    inner = inner_part(outline.mask, spacing_mm)
    throughout = float(calcium[inner].mean()) >= THROUGHOUT
    return "diffuse" if throughout and _rim_mm(hu, outline, spacing_mm) <= WIDEST_RIM_MM else (
        "partial"
    )  # fmt: skip


def _rim_mm(
    hu: NDArray[np.float32], outline: Outline, spacing_mm: tuple[float, float, float]
) -> float:
    """How far the edge to the lung lies outside the edge half-way to the core, in balls."""
    near = ndimage.distance_transform_edt(~outline.mask, sampling=spacing_mm)
    around = near <= max(2 * WIDEST_RIM_MM, *spacing_mm)
    levels = ((outline.core_hu + outline.around_hu) / 2, (SOLID_ABOVE_HU + outline.around_hu) / 2)
    half_way, outer = (float((around & (hu > level)).sum()) for level in levels)
    to_radius = 3 * float(np.prod(spacing_mm)) / (4 * np.pi)
    return float(np.cbrt(outer * to_radius) - np.cbrt(half_way * to_radius))
