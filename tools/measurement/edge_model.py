"""Where a body's edge lies, from the grey values around its mask.

What belongs to the body, to its surroundings and to other bodies is told apart here; the edge
itself is found by :mod:`tools.measurement.blur_model`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tools.measurement.blur_model import EdgeFit, Factors, Problem, distances, solve
from tools.measurement.grey_levels import Levels, find_levels

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Spacing = tuple[float, float, float]

FINE_STEPS = 25
"""A body is modelled in steps of this part of its width, between the two limits below."""

FINE_LIMITS_MM = (0.25, 0.8)
GATE_VOXELS = 1.3
"""How far outside its mask a body may reach."""

FAINT_RIM = 0.65
"""Where a mask follows an even body's edge, its outermost voxels mostly show more than this."""

CORE_SHARE = 0.6
"""A core's edge, as a part of its own contrast, lies above half: it rises from the rim."""

MIN_RIM = 0.1
"""A rim fainter than this part of the core is none."""

OTHER_BODY = 0.35
"""Surroundings that differ from the background by this part of the contrast are another body."""


NOISE_KEPT = 2.5
"""Background is what differs from its level by at most this many standard deviations."""


def fit_edge(
    mask: Bools, image: Floats, spacing: Spacing, seen: Bools | None, max_fine: int
) -> EdgeFit | None:
    """Fit the model around one body.

    Args:
        mask: the body, with a margin around it; axes (slice, row, column).
        image: grey values on the same grid.
        spacing: of the axes in mm.
        seen: voxels whose grey values count; None for all.
        max_fine: give up beyond this many fine voxels.

    Returns:
        None if the picture shows no edge there, or if the body is too large to need it.
    """
    from scipy.ndimage import distance_transform_edt

    outside_mm = distance_transform_edt(~mask, sampling=spacing)
    levels = find_levels(mask, image, spacing, outside_mm, seen)
    if levels is None:
        return None
    share = (image - levels.background) / levels.contrast
    near = _near(mask, spacing, GATE_VOXELS * max(spacing[1:]))
    weight = _weights(share, mask, near, seen)
    # What lies beyond is background and its noise: cut at 0 it would seem darker than it is.
    limit = NOISE_KEPT * levels.noise / abs(levels.contrast)
    share = np.where(near, share, np.minimum(share, limit))
    drawn_mm3 = float(mask.sum() * np.prod(spacing))
    width = np.cbrt(6 * drawn_mm3 / np.pi)
    factors = _factors(spacing, float(np.clip(width / FINE_STEPS, *FINE_LIMITS_MM)))
    if mask.size * int(np.prod(factors)) > max_fine:
        return None
    if levels.core is None:
        problem = Problem(share, weight, factors, spacing, levels)
        single = solve(problem, distances(share, 0.5, mask, factors, spacing), None)
        if not _may_have_rim(share, mask):
            return single
        # A small body with a faint rim: the mask holds the rim, half the core's contrast does not.
        drawn = distances(mask.astype(np.float64), 0.5, mask, factors, spacing)
        inner = distances(share, CORE_SHARE, mask, factors, spacing)
        return _better(single, solve(problem, drawn, inner), drawn_mm3)
    double = solve(
        Problem(share, weight, factors, spacing, levels),
        distances(share, 0.5, mask, factors, spacing),
        distances(share, (1 + levels.core_share) / 2, mask, factors, spacing),
    )
    # A blurred even body may look like one with a core.
    even = Levels(levels.core, levels.background, levels.noise)
    share = share / levels.core_share
    start = distances(share, 0.5, mask, factors, spacing)
    single = solve(Problem(share, weight, factors, spacing, even), start, None)
    return _better(single, double, drawn_mm3)


def _may_have_rim(share: Floats, mask: Bools) -> bool:
    """Whether the outermost voxels of the mask are much fainter than half of what is within."""
    from scipy.ndimage import binary_erosion

    rim = mask & ~binary_erosion(mask, np.ones((1, 3, 3), bool))
    return bool(rim.any() and np.median(share[rim]) < FAINT_RIM)


def _better(single: EdgeFit | None, double: EdgeFit | None, drawn_mm3: float) -> EdgeFit | None:
    """The fit that measures what the mask marks: with its rim, or without one."""
    if single is None or double is None:
        return single or double
    if not MIN_RIM < double.rim_share < 1 - MIN_RIM:
        return single
    off = [abs(np.log(max(fit.volume_mm3, 1e-3) / drawn_mm3)) for fit in (single, double)]
    return double if off[1] < off[0] else single


def _factors(spacing: Spacing, step: float) -> Factors:
    found = [max(1, int(np.ceil(s / step - 0.1))) for s in spacing]
    return found[0], found[1], found[2]


def _near(mask: Bools, spacing: Spacing, gate: float) -> Bools:
    """The mask and what lies at most a voxel beyond it, in its plane and along the slices."""
    from scipy.ndimage import binary_dilation, distance_transform_edt, generate_binary_structure

    in_plane = np.stack([distance_transform_edt(~m, sampling=spacing[1:]) <= gate for m in mask])
    used = np.flatnonzero(mask.any(axis=(1, 2)))
    in_plane[: used[0]] = in_plane[used[-1] + 1 :] = False
    across = np.zeros((3, 3, 3), bool)
    across[:, 1, 1] = True
    grown = binary_dilation(in_plane, across)
    return np.asarray(grown | binary_dilation(mask, generate_binary_structure(3, 3)), dtype=bool)


def _weights(share: Floats, mask: Bools, near: Bools, seen: Bools | None) -> Floats:
    """0 for other bodies and their blurred edges, 1 elsewhere."""
    from scipy.ndimage import binary_dilation, binary_opening

    other = np.asarray(~near & (np.abs(share) > OTHER_BODY), dtype=bool)
    other = binary_opening(other, np.ones((1, 2, 2), bool))
    weight = np.ones(mask.shape)
    weight[binary_dilation(other, np.ones((1, 3, 3), bool), iterations=2)] = 0.0
    if seen is not None:
        weight[~seen] = 0.0
    return weight
