"""Dilation, erosion and closing by distances in millimetres, and the components of a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    BoolArray = NDArray[np.bool_]
    Box = tuple[slice, ...]


def bounding_box(
    mask: BoolArray, spacing_mm: tuple[float, ...], margin_mm: float = 0.0
) -> Box | None:
    """The box around a mask, widened by a margin and cut at the array's ends; None if empty."""
    box = []
    for axis, spacing in enumerate(spacing_mm):
        others = tuple(a for a in range(mask.ndim) if a != axis)
        where = np.flatnonzero(mask.any(axis=others))
        if not where.size:
            return None
        margin = int(np.ceil(margin_mm / spacing))
        box.append(slice(max(0, int(where[0]) - margin), int(where[-1]) + 1 + margin))
    return tuple(box)


def depth_within(mask: BoolArray, spacing_mm: tuple[float, ...]) -> NDArray[np.float64]:
    """Distance of every voxel of a mask to the nearest one outside it; 0 outside.

    Only the box around the mask is looked at, which saves most of the time for a small mask.
    """
    depth = np.zeros(mask.shape)
    box = bounding_box(mask, spacing_mm, max(spacing_mm))
    if box is not None:
        depth[box] = ndimage.distance_transform_edt(mask[box], sampling=spacing_mm)
    return depth


def distance_to(
    mask: BoolArray, spacing_mm: tuple[float, ...], reach_mm: float
) -> NDArray[np.float64]:
    """Distance of every voxel to the nearest one of a mask; infinite beyond the reach."""
    away = np.full(mask.shape, np.inf)
    box = bounding_box(mask, spacing_mm, reach_mm)
    if box is not None:
        away[box] = ndimage.distance_transform_edt(~mask[box], sampling=spacing_mm)
    return away


def dilate(mask: BoolArray, radius_mm: float, spacing_mm: tuple[float, ...]) -> BoolArray:
    """Every voxel whose centre lies within the radius of a voxel of the mask."""
    grown = np.zeros_like(mask)
    box = bounding_box(mask, spacing_mm, radius_mm)
    if box is not None:
        distance = ndimage.distance_transform_edt(~mask[box], sampling=spacing_mm)
        grown[box] = distance <= radius_mm
    return grown


def erode(mask: BoolArray, radius_mm: float, spacing_mm: tuple[float, ...]) -> BoolArray:
    """Every voxel of the mask farther than the radius from all voxels outside it.

    What lies beyond the array's ends counts as the mask: a scan that ends inside an organ has no
    boundary there.
    """
    kept = np.zeros_like(mask)
    box = bounding_box(mask, spacing_mm, max(spacing_mm))
    if box is not None:
        part = mask[box]
        if part.all():
            kept[box] = True
        else:
            kept[box] = ndimage.distance_transform_edt(part, sampling=spacing_mm) > radius_mm
    return kept


def close_gaps(mask: BoolArray, radius_mm: float, spacing_mm: tuple[float, ...]) -> BoolArray:
    """Closing with a ball: fills what a ball of this radius cannot enter from outside."""
    closed = mask.copy()
    box = bounding_box(mask, spacing_mm, 2 * radius_mm)
    if box is not None:
        closed[box] |= erode(dilate(mask[box], radius_mm, spacing_mm), radius_mm, spacing_mm)
    return closed


def fill_slices(mask: BoolArray) -> BoolArray:
    """Fill what is enclosed within a slice (axis 0)."""
    filled = mask.copy()
    for part in filled:
        if part.any():
            part[:] = ndimage.binary_fill_holes(part)
    return filled


def components(mask: BoolArray) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Label the face-connected components.

    Returns:
        the label map and the number of voxels of each label, label 0 set to 0.
    """
    labels, _ = ndimage.label(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return labels, sizes


def largest_component(mask: BoolArray) -> BoolArray:
    """The largest face-connected component; an empty mask stays empty."""
    labels, sizes = components(mask)
    if sizes.max(initial=0) == 0:
        return np.zeros_like(mask)
    largest: BoolArray = labels == int(sizes.argmax())
    return largest
