"""The solid part of a part-solid nodule, by its attenuation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dxtrace.clinical.volume import Mask, Volume
from tools.measurement.grey_levels import MIN_DEPTH_MM
from tools.measurement.surface import as_stack

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
SOFT_TISSUE_HU = -150.0
"""Denser than this there is hardly air in a voxel: soft tissue lies near 0 to 60 HU, and ground
glass, through which vessels are seen, far below it."""

GROUND_GLASS_HU = -300.0
"""Inside a nodule, away from its edge, a voxel below this holds a third of air and more."""

MIN_GLASS = 0.05
"""A smaller share of ground glass inside is noise, or a dent in a solid body."""

MIN_RADIUS_MM = 1.2
"""A thinner solid strand is a vessel that runs through: in the outer lung they are below 2.5 mm."""

MIN_VOXELS = 6
EDGE_MM = 1.2
"""Depth to which the blurred edge of a solid body looks like ground glass."""


def solid_part(mask: Mask, volume: Volume) -> Mask | None:
    """The solid part of a part-solid nodule; None if it is not part-solid, or too small to say.

    A nodule is part-solid if, below its blurred edge, it holds both soft tissue and ground glass.
    The solid part then is what is denser than half-way between the two.
    """
    from scipy.ndimage import gaussian_filter, label

    if volume.unit != "HU" or mask.geometry.voxel_spacing_mm is None:
        return None
    voxels, spacing = as_stack(mask.voxels, mask.geometry.voxel_spacing_mm)
    where = np.argwhere(voxels)
    if where.size == 0:
        return None
    low, high = np.maximum(where.min(axis=0) - 1, 0), where.max(axis=0) + 2
    cut = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    marked = np.asarray(voxels[cut], dtype=bool)
    grey = np.asarray(as_stack(volume.voxels, spacing)[0][cut], dtype=np.float64)
    depth = _depth(marked, spacing)
    inside = depth > EDGE_MM
    if float(depth.max()) < MIN_DEPTH_MM or inside.sum() < 2 * MIN_VOXELS:
        return None
    smooth = gaussian_filter(grey, (0, 0.6, 0.6))
    solid, glass = smooth[inside] > SOFT_TISSUE_HU, smooth[inside] < GROUND_GLASS_HU
    if solid.sum() < MIN_VOXELS or glass.sum() < max(MIN_GLASS * inside.sum(), MIN_VOXELS):
        return None
    levels = np.median(smooth[inside][solid]), np.median(smooth[inside][glass])
    pieces, count = label(marked & (smooth > float(np.mean(levels))))
    if count == 0:
        return None
    sizes = np.bincount(pieces.ravel())[1:]
    found = np.zeros(voxels.shape, bool)
    found[cut] = pieces == int(sizes.argmax()) + 1
    if found.sum() < MIN_VOXELS or float(_depth(found[cut], spacing).max()) < MIN_RADIUS_MM:
        return None
    return replace(mask, name=f"{mask.name}_solid_part", voxels=found.reshape(mask.voxels.shape))


def _depth(marked: Bools, spacing: tuple[float, float, float]) -> Floats:
    """Depth below the outline in mm, along all three axes."""
    from scipy.ndimage import distance_transform_edt

    padded = np.pad(marked, 1)
    return np.asarray(distance_transform_edt(padded, sampling=spacing)[1:-1, 1:-1, 1:-1])
