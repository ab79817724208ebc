"""By which stated criteria a blob counts as a nodule, and what it is made of.

These are criteria of shape that tell balls from tubes and folds on an image; none of them decides
what is done about a nodule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import ndimage

from dxtrace.clinical import Presence
from expert_models.classical.nodule_attachment import Attachment
from expert_models.classical.nodule_calcium import BONE_ABOVE_HU, Calcification
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
        thickness: greatest thickness of a vessel that goes on from it, as a part of its own.
        wall: greatest share of the surface at the wall: half a ball has a third of it there.
        outside_lung: greatest share beyond the lung's own outline, in a bay of its wall.
    """

    diameter_voxels: float
    elongation: float
    fill: float
    thickness: float
    wall: float
    outside_lung: float


CLEAR = Criteria(3.0, elongation=1.8, fill=0.8, thickness=0.6, wall=0.35, outside_lung=0.3)
POSSIBLE = Criteria(2.5, elongation=2.0, fill=0.72, thickness=0.78, wall=0.45, outside_lung=0.6)
"""Equal branches of a fork have 0.79 of its thickness, a vessel that goes on has all of it."""
LONGEST_AT_WALL = 1.5
"""Longer bulges at the wall are ribs, vessels that run along it, and the dome of the diaphragm."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether an outlined blob is a nodule.

    Attributes:
        presence: *present* or *indeterminate*.
        doubts: why it is not clear, in words.
    """

    presence: Presence
    doubts: tuple[str, ...] = ()


SMALLEST_MM = 4.0
"""Below, a vessel seen end on cannot be told from a nodule by its shape."""
LARGEST_MM = 60.0
MOSTLY = 0.9
HARDLY = 0.05
MIXED = 0.15
GROUND_GLASS_HU = (-800.0, -350.0)
"""Denser than lung and yet more air than tissue."""
SMALLEST_SOLID_PART_MM = 3.0
RESOLVED_VOXELS = 3.0
RESOLVED_MM = 4.5 * BLUR_MM
"""A smaller solid nodule is blurred to the density of ground glass."""


def may_be_nodule(outline: Outline) -> bool:
    """Whether size and shape alone leave an outlined blob in play."""
    return (
        SMALLEST_MM <= outline.diameter_mm <= LARGEST_MM
        and outline.elongation <= POSSIBLE.elongation
        and outline.fill >= POSSIBLE.fill
        and outline.outside_lung <= POSSIBLE.outside_lung
    )


def judge(
    outline: Outline, attachment: Attachment, calcification: Calcification | None,
    spacing_mm: tuple[float, float, float],
) -> Judgement | None:  # fmt: skip
    """Whether an outlined blob is clearly a nodule, possibly one, or none.

    Calcium away from the wall needs no shape to be told from a vessel.

    Args:
        outline: the blob, for which :func:`may_be_nodule` holds.
        attachment: what it is joined to.
        calcification: what calcium there is in it.
        spacing_mm: spacing along the axes of its box.

    Returns:
        None if it is not worth reporting.
    """
    if attachment.touches_wall and (
        outline.core_hu > BONE_ABOVE_HU or outline.elongation > LONGEST_AT_WALL
    ):
        return None
    if calcification == "diffuse":
        return Judgement(Presence.PRESENT)
    if any(_doubts(outline, attachment, POSSIBLE, spacing_mm)):
        return None
    doubts = list(_doubts(outline, attachment, CLEAR, spacing_mm))
    if attachment.is_central:
        doubts.append("joined to the mediastinum or the hilum, where vessels and nodes lie")
    return Judgement(Presence.INDETERMINATE if doubts else Presence.PRESENT, tuple(doubts))


def _doubts(
    outline: Outline, attachment: Attachment, limits: Criteria,
    spacing_mm: tuple[float, float, float],
) -> Iterator[str]:  # fmt: skip
    if outline.diameter_mm < limits.diameter_voxels * max(spacing_mm):
        yield f"too small for slices or pixels of {max(spacing_mm):g} mm to show its shape"
    if outline.elongation > limits.elongation:
        yield f"{outline.elongation:.1f} times as long as wide"
    if outline.fill < limits.fill:
        yield "not compact"
    if attachment.thickness > limits.thickness:
        yield f"a vessel goes on from it that is {attachment.thickness:.0%} as thick"
    if attachment.wall > limits.wall:
        yield "broadly joined to the wall"
    if outline.outside_lung > limits.outside_lung:
        yield "partly beyond the outline of the lung"


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
