"""Attenuation of what is marked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dxtrace.clinical import Measurement
from dxtrace.clinical.volume import Mask, Volume
from tools.measurement.intervals import between, interval

EDGE_VOXELS = 1.0
"""Voxels this near the outline are partly filled by what lies around it."""

EDGE_MM = 1.6
"""Depth to which the blur of an ordinary kernel (full width 1.2 mm) reaches into a body."""

FEW = 8
"""With fewer voxels in its inside, the whole mask is used."""

CORRELATED = 9.0
"""Noise of neighbouring voxels is alike: about one voxel in nine counts as new."""

PERCENTILES = (10, 50, 90)


@dataclass(frozen=True)
class Density:
    """Grey values inside a mask.

    Attributes:
        values: those that count.
        is_inside_only: the blurred edge was left out.
    """

    values: NDArray[np.float64]
    is_inside_only: bool


def density_values(mask: Mask, volume: Volume) -> Density:
    """The grey values inside a mask, its edge left out where enough remains."""
    from scipy.ndimage import distance_transform_edt

    marked = np.asarray(mask.voxels, dtype=bool)
    where = np.argwhere(marked)
    cut = tuple(slice(int(a), int(b) + 1) for a, b in zip(where.min(0), where.max(0), strict=True))
    padded = np.pad(marked[cut], 1)
    inside = distance_transform_edt(padded) > EDGE_VOXELS
    spacing = mask.geometry.voxel_spacing_mm
    if spacing is not None and len(spacing) >= marked.ndim:
        sampling = spacing[-marked.ndim :]
        inside &= distance_transform_edt(padded, sampling=sampling) > EDGE_MM
    grey = np.asarray(volume.voxels[cut], dtype=np.float64)
    inner = grey[inside[(slice(1, -1),) * marked.ndim]]
    inner = inner[np.isfinite(inner)]
    if inner.size >= FEW:
        return Density(inner, True)
    whole = grey[marked[cut]]
    return Density(whole[np.isfinite(whole)], False)


def measure_density(mask: Mask, volume: Volume) -> tuple[Measurement, ...]:
    """Mean, standard deviation and percentiles of attenuation in HU; empty if not in HU.

    The interval of the mean is its standard error (twice, voxels weighed for correlated noise), and
    reaches to the mean of the whole mask where the edge was left out.
    """
    if volume.unit != "HU" or volume.is_colour or not np.any(mask.voxels):
        return ()
    found = density_values(mask, volume)
    if found.values.size == 0:
        return ()
    part = "edge left out" if found.is_inside_only else "whole mask"
    how = f"{found.values.size} voxels, {part}"
    mean, sd = float(found.values.mean()), float(found.values.std())
    error = 2 * sd / np.sqrt(max(found.values.size / CORRELATED, 1.0))
    measured = [
        interval("mean_attenuation", mean, float(error), "HU", f"mean of {how}"),
        between("attenuation_sd", sd, (sd, sd), "HU", f"standard deviation of {how}"),
    ]
    for percent in PERCENTILES:
        at = float(np.percentile(found.values, percent))
        measured.append(
            between(
                f"attenuation_p{percent}", at, (at, at), "HU", f"{percent}th percentile of {how}"
            )
        )
    return tuple(measured)
