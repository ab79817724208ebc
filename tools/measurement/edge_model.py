"""A model of how a scanner shows a body's edge, fitted to the grey values.

A body of even density in even surroundings is blurred by the scanner (a Gaussian in a voxel's plane
and along the slices) and averaged over each voxel. Its size is moved and its blur changed until the
model shows what the picture shows. A small body or a thick slice then no longer looks too large or
too small, as it does where the half-way grey value is taken for its edge.
Sources: Prevrhal et al. 1999 (doi 10.1088/0031-9155/44/3/017) on thin structures under blur; Golub
and Pereyra 1973 (doi 10.1137/0710036) on separating the linear parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.measurement.grey_levels import Levels, find_levels

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Spacing = tuple[float, float, float]
Factors = tuple[int, int, int]

BLUR_MM = 0.5
"""Standard deviation of the blur of an ordinary chest kernel (full width at half maximum 1.2 mm)."""

BLUR_DOUBT = 0.4
"""How far kernels differ from it: standard deviation of the logarithm."""

STRETCH_DOUBT = 0.3
"""How far the extent along the slices is in doubt at first, as a logarithm."""

FINE_STEPS = 25
"""A body is modelled in steps of this part of its width, between the two limits below."""

FINE_LIMITS_MM = (0.25, 0.8)
SMOOTHING = 0.05
"""Roughness finer than this part of the width is noise; it would lengthen the longest axis."""

SMOOTHING_LIMITS_MM = (0.2, 0.9)
GATE_VOXELS = 1.3
"""How far outside its mask a body may reach."""

OTHER_BODY = 0.35
"""Surroundings that differ from the background by this part of the contrast are another body."""


@dataclass(frozen=True)
class EdgeFit:
    """What the fit found.

    Attributes:
        level: signed distances in mm on the fine grid, negative inside.
        factors: fine steps per voxel along each axis.
        shift_mm: how far the surface moved from the half-way grey value.
        stretch: by how much the extent along the slices changed.
        blur_mm: standard deviation of the blur.
        shift_sd: standard deviations of shift (mm), of the logarithm of the stretch and of the
            blur.
        volume_mm3: the enclosed volume.
        levels: grey values inside and outside.
        misfit: spread of what the model leaves over, in units of the contrast.
    """

    level: Floats
    factors: Factors
    shift_mm: float
    stretch: float
    blur_mm: float
    shift_sd: tuple[float, float, float]
    volume_mm3: float
    levels: Levels
    misfit: float


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
    share = (levels.flattened(image) - levels.background) / levels.contrast
    gate = GATE_VOXELS * max(spacing[1:])
    near = _near(mask, spacing, gate)
    weight = _weights(share, mask, near, seen)
    share = np.where(near, share, np.minimum(share, 0.0))
    width = np.cbrt(6 * mask.sum() * np.prod(spacing) / np.pi)
    step = float(np.clip(width / FINE_STEPS, *FINE_LIMITS_MM))
    factors = _factors(spacing, step)
    if mask.size * int(np.prod(factors)) > max_fine:
        return None
    start = _distances(share, mask, factors, spacing)
    if start is None:
        return None
    return _Fitting(share, weight, start, factors, spacing, levels).run()


def _factors(spacing: Spacing, step: float) -> Factors:
    found = [max(1, int(np.ceil(s / step - 0.1))) for s in spacing]
    return found[0], found[1], found[2]


def _near(mask: Bools, spacing: Spacing, gate: float) -> Bools:
    """The mask and what lies at most a voxel beyond it, in its plane and along the slices."""
    from scipy.ndimage import binary_dilation, distance_transform_edt, generate_binary_structure

    in_plane = np.stack([distance_transform_edt(~m, sampling=spacing[1:]) <= gate for m in mask])
    in_plane &= mask.any(axis=(1, 2))[:, None, None]
    across = np.zeros((3, 3, 3), bool)
    across[:, 1, 1] = True
    grown = binary_dilation(in_plane, across)
    return np.asarray(grown | binary_dilation(mask, generate_binary_structure(3, 3)), dtype=bool)


def _weights(share: Floats, mask: Bools, near: Bools, seen: Bools | None) -> Floats:
    """0 for other bodies and their blurred edges, 1 elsewhere."""
    from scipy.ndimage import binary_dilation, binary_opening

    other = ~near & (np.abs(share) > OTHER_BODY)
    other = binary_opening(other, np.ones((1, 2, 2), bool))
    weight = np.ones(mask.shape)
    weight[binary_dilation(other, np.ones((1, 3, 3), bool), iterations=2)] = 0.0
    if seen is not None:
        weight[~seen] = 0.0
    return weight


def _distances(share: Floats, mask: Bools, factors: Factors, spacing: Spacing) -> Floats | None:
    """Distances from the surface of the half-way grey value, on the fine grid."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter, label, zoom

    clipped = np.clip(share, -0.5, 1.5)
    fine = zoom(clipped, factors, order=3, mode="nearest", grid_mode=True)
    fine = gaussian_filter(fine, [0.3 * f for f in factors])
    inside = fine >= 0.5  # noqa: PLR2004 - half-way
    pieces, count = label(inside)
    if count == 0:
        return None
    marked = np.repeat(np.repeat(np.repeat(mask, factors[0], 0), factors[1], 1), factors[2], 2)
    shared = np.bincount(pieces[marked & inside].ravel(), minlength=count + 1)
    if shared[1:].max(initial=0) == 0:
        return None
    inside = pieces == int(shared[1:].argmax()) + 1
    steps = [s / f for s, f in zip(spacing, factors, strict=True)]
    half = min(steps) / 2
    distance = np.where(
        inside,
        half - distance_transform_edt(inside, sampling=steps),
        distance_transform_edt(~inside, sampling=steps) - half,
    )
    width = np.cbrt(6 * inside.sum() * np.prod(steps) / np.pi)
    smooth = float(np.clip(SMOOTHING * width, *SMOOTHING_LIMITS_MM))
    return np.asarray(gaussian_filter(distance, [smooth / s for s in steps]))


class _Fitting:
    """The least-squares problem over shift, stretch and blur; grey levels are solved for."""

    def __init__(
        self,
        share: Floats,
        weight: Floats,
        start: Floats,
        factors: Factors,
        spacing: Spacing,
        levels: Levels,
    ) -> None:
        self.share, self.weight, self.start = share, weight, start
        self.factors, self.levels = factors, levels
        self.steps = [s / f for s, f in zip(spacing, factors, strict=True)]
        self.in_plane = max(spacing[1:])
        self.noise = levels.noise / abs(levels.contrast)
        inside = np.argwhere(start < 0)
        self.middle = float(inside[:, 0].mean())

    def level(self, shift: float, stretch: float) -> Floats:
        """The distances, after moving and stretching the surface."""
        rows = self.start.shape[0]
        z = self.middle + (np.arange(rows) - self.middle) / stretch
        low = np.clip(np.floor(z).astype(int), 0, rows - 1)
        high = np.clip(low + 1, 0, rows - 1)
        part = np.clip(z - low, 0, 1)[:, None, None]
        return np.asarray(self.start[low] * (1 - part) + self.start[high] * part - shift)

    def filled(self, level: Floats) -> Floats:
        """How much of each fine voxel lies inside."""
        return np.asarray(np.clip(0.5 - level / float(np.mean(self.steps)), 0, 1))

    def shown(self, level: Floats, blur_mm: float) -> Floats:
        """How much of each voxel the scanner shows as filled."""
        from scipy.ndimage import gaussian_filter

        widths = [blur_mm / s for s in self.steps]
        fine = gaussian_filter(self.filled(level), widths, mode="nearest", truncate=3.0)
        kz, ky, kx = self.factors
        nz, ny, nx = self.share.shape
        blocks = fine.reshape(nz, kz, ny, ky, nx, kx)
        return np.asarray(blocks.mean(axis=(1, 3, 5)))

    def residuals(self, p: Floats) -> Floats:
        """What the model leaves over, in units of noise, and how far it left what is likely."""
        shift, stretch, blur_mm = _unpacked(p)
        shown = self.shown(self.level(shift, stretch), blur_mm)
        left = self._left_over(shown)[0] / max(self.noise, 0.01)
        likely = [shift / (0.7 * self.in_plane), p[1] / STRETCH_DOUBT, p[2] / BLUR_DOUBT]
        return np.concatenate([left.ravel(), likely])

    def _left_over(self, shown: Floats) -> tuple[Floats, float, float]:
        """Solve for both grey levels; returns what is left over and the two."""
        w = self.weight
        total = w.sum()
        mean_shown, mean_share = (w * shown).sum() / total, (w * self.share).sum() / total
        centred = shown - mean_shown
        spread = (w * centred**2).sum()
        gain = (w * centred * (self.share - mean_share)).sum() / max(spread, 1e-12)
        offset = mean_share - gain * mean_shown
        return np.sqrt(w) * (offset + gain * shown - self.share), float(offset), float(gain)

    def run(self) -> EdgeFit | None:
        """Solve."""
        from scipy.optimize import least_squares

        solved = least_squares(
            self.residuals, np.zeros(3), diff_step=0.02, x_scale=(0.3, 0.2, 0.3),
            bounds=([-2.0, -0.9, -1.5], [2.0, 0.9, 1.5]), max_nfev=15, ftol=1e-4, xtol=1e-3,
        )  # fmt: skip
        shift, stretch, blur_mm = _unpacked(solved.x)
        level = self.level(shift, stretch)
        left, _, gain = self._left_over(self.shown(level, blur_mm))
        if gain <= 0:
            return None
        misfit = float(np.sqrt((left**2).sum() / max(self.weight.sum(), 1)))
        scale = max(1.0, misfit / max(self.noise, 0.01))
        covariance = np.linalg.pinv(solved.jac.T @ solved.jac)
        sd = np.sqrt(np.maximum(np.diag(covariance), 0)) * scale
        return EdgeFit(
            level=level,
            factors=self.factors,
            shift_mm=shift,
            stretch=stretch,
            blur_mm=blur_mm,
            shift_sd=(float(sd[0]), float(sd[1]), float(sd[2])),
            volume_mm3=float(self.filled(level).sum() * np.prod(self.steps)),
            levels=self.levels,
            misfit=misfit,
        )


def _unpacked(p: Floats) -> tuple[float, float, float]:
    return float(p[0]), float(np.exp(p[1])), float(BLUR_MM * np.exp(p[2]))
