"""By which stated criteria a blob counts as a nodule, and what it is made of.

These are criteria of shape that tell balls from tubes and folds on an image; none of them decides
what is done about a nodule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import ndimage

from dxtrace.clinical import Presence
from expert_models.classical.nodule_outline import (
    BLUR_MM,
    SMALLEST_STEP_HU,
    SOLID_ABOVE_HU,
    Outline,
    inner_part,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

Composition = Literal["solid", "ground_glass", "part_solid"]


@dataclass(frozen=True, slots=True)
class Criteria:
    """Limits of shape.

    Attributes:
        diameter_voxels: smallest diameter, in steps of the coarsest voxel axis.
        elongation: greatest ratio of longest to shortest axis.
        fill: smallest share of the ellipsoid of the same axes; sheets and forks fill little of it.
        contact: greatest share of the surface that goes on into a vessel or the wall.
        outside_lung: greatest share beyond the lung's own outline, in a bay of its wall.
    """

    diameter_voxels: float
    elongation: float
    fill: float
    contact: float
    outside_lung: float


CLEAR = Criteria(diameter_voxels=3.0, elongation=1.8, fill=0.8, contact=0.06, outside_lung=0.3)
POSSIBLE = Criteria(diameter_voxels=2.5, elongation=2.0, fill=0.72, contact=0.12, outside_lung=0.6)
ATTACHED = Criteria(diameter_voxels=3.0, elongation=1.5, fill=0.9, contact=0.2, outside_lung=0.3)
"""Joined to a vessel, yet as round as a ball: no vessel and no fork of vessels is."""
SMALLEST_MM = 4.0
"""Below, a vessel seen end on cannot be told from a nodule by its shape."""
LARGEST_MM = 60.0
BONE_ABOVE_HU = 150.0
"""Denser than soft tissue: calcium, bone or contrast medium. At the wall it is a rib."""
UNTOUCHED = 0.02
MOSTLY = 0.9
HARDLY = 0.05
MIXED = 0.15
GROUND_GLASS_HU = (-800.0, -350.0)
"""Denser than lung and yet more air than tissue."""
SMALLEST_SOLID_PART_MM = 3.0
RESOLVED_VOXELS = 3.0
RESOLVED_MM = 4.5 * BLUR_MM
"""A smaller solid nodule is blurred to the density of ground glass."""


def judge(outline: Outline, spacing_mm: tuple[float, float, float]) -> Presence | None:
    """Whether an outlined blob is clearly a nodule, possibly one, or none.

    Returns:
        *present*, *indeterminate*, or None if it is not worth reporting.
    """
    if not SMALLEST_MM <= outline.diameter_mm <= LARGEST_MM:
        return None
    if outline.core_hu > BONE_ABOVE_HU and outline.wall > UNTOUCHED:
        return None
    if _meets(outline, CLEAR, spacing_mm):
        return Presence.PRESENT
    doubtful = any(_meets(outline, limits, spacing_mm) for limits in (POSSIBLE, ATTACHED))
    return Presence.INDETERMINATE if doubtful else None


def _meets(outline: Outline, limits: Criteria, spacing_mm: tuple[float, float, float]) -> bool:
    return (
        outline.diameter_mm >= limits.diameter_voxels * max(spacing_mm)
        and outline.elongation <= limits.elongation
        and outline.fill >= limits.fill
        and outline.contact <= limits.contact
        and outline.outside_lung <= limits.outside_lung
    )


def read_composition(
    hu: NDArray[np.float32], outline: Outline, spacing_mm: tuple[float, float, float]
) -> Composition | None:
    """What a nodule is made of, from its density away from its blurred edge.

    Args:
        hu: the densities in the outline's box.
        outline: the nodule.
        spacing_mm: spacing along the axes of the box.

    Returns:
        the composition, or None where the densities do not settle it.
    """
    inner = inner_part(outline.mask, spacing_mm)
    solid = float((hu[inner] > SOLID_ABOVE_HU).mean())
    if solid >= MOSTLY:
        return "solid"
    resolved = outline.diameter_mm >= max(RESOLVED_MM, RESOLVED_VOXELS * max(spacing_mm))
    if not resolved:
        return None
    low, high = max(GROUND_GLASS_HU[0], outline.around_hu + SMALLEST_STEP_HU), GROUND_GLASS_HU[1]
    hazy = float(((hu[inner] > low) & (hu[inner] < high)).mean())
    if solid <= HARDLY and hazy >= MOSTLY and not _has_solid_part(outline, spacing_mm):
        return "ground_glass"
    if hazy >= MIXED and _has_solid_part(outline, spacing_mm):
        return "part_solid"
    return None


def _has_solid_part(outline: Outline, spacing_mm: tuple[float, float, float]) -> bool:
    labels, count = ndimage.label(outline.solid)
    if not count:
        return False
    largest = np.bincount(labels.ravel())[1:].max() * float(np.prod(spacing_mm))
    return float(np.cbrt(6.0 * largest / np.pi)) >= SMALLEST_SOLID_PART_MM
