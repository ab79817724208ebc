"""A model of how a scanner shows a body's edge, fitted to the grey values.

A body of even density in even surroundings, perhaps with a core of another density, is blurred by
the scanner (a Gaussian) and averaged over each voxel. Its surface is moved, stretched along the
slices, and the blur changed until the model shows what the picture shows. A small body or a thick
slice then no longer looks too large or too small, as it does where the half-way grey value is taken
for its edge.
Sources: Prevrhal et al. 1999 (doi 10.1088/0031-9155/44/3/017) on thin structures under blur; Golub
and Pereyra 1973 (doi 10.1137/0710036) on separating the linear parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.measurement.grey_levels import Levels

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Spacing = tuple[float, float, float]
Factors = tuple[int, int, int]

BLUR_MM = 0.5
"""Standard deviation of the blur of an ordinary chest kernel (full width at half height 1.2 mm)."""

BLUR_DOUBT = 0.4
"""How far kernels differ from it: standard deviation of the logarithm."""

STRETCH_DOUBT = 0.3
"""How far the extent along the slices is in doubt at first, as a logarithm."""

SHIFT_DOUBT_VOXELS = 0.7
"""How far a surface at the half-way grey value may be off."""

SMOOTHING = 0.05
"""Roughness finer than this part of the width is noise; it would lengthen the longest axis."""

SMOOTHING_LIMITS_MM = (0.2, 0.9)


@dataclass(frozen=True)
class Problem:
    """What is to be explained.

    Attributes:
        share: grey values as parts of the contrast: 0 outside, 1 inside.
        weight: 0 where something else is shown.
        factors: fine steps per voxel along each axis.
        spacing: of the voxels in mm.
        levels: the grey values that stand for 0 and 1.
    """

    share: Floats
    weight: Floats
    factors: Factors
    spacing: Spacing
    levels: Levels

    @property
    def steps(self) -> Spacing:
        """Fine steps in mm."""
        found = [s / f for s, f in zip(self.spacing, self.factors, strict=True)]
        return found[0], found[1], found[2]

    @property
    def noise(self) -> float:
        """Noise as a part of the contrast."""
        return max(self.levels.noise / abs(self.levels.contrast), 0.01)


@dataclass(frozen=True)
class EdgeFit:
    """What the fit found.

    Attributes:
        level: signed distances in mm on the fine grid, negative inside.
        factors: fine steps per voxel along each axis.
        shift_mm: how far the surface moved from where it began.
        stretch: by how much the extent along the slices changed.
        blur_mm: standard deviation of the blur.
        covariance: of the shift (mm) and of the logarithms of stretch and blur.
        volume_mm3: the enclosed volume.
        levels: grey values inside and outside.
        misfit: spread of what the model leaves over, in units of the contrast.
        rim_share: contrast of the outer part, as a part of the whole; 1 without a core.
        rival_mm3: the volume by another model that explains the picture as well; None without one.
    """

    level: Floats
    factors: Factors
    shift_mm: float
    stretch: float
    blur_mm: float
    covariance: Floats
    volume_mm3: float
    levels: Levels
    misfit: float
    rim_share: float
    rival_mm3: float | None = None


def distances(
    share: Floats, half_way: float, mask: Bools, factors: Factors, spacing: Spacing
) -> Floats | None:
    """Distances from the surface of one grey value, on the fine grid.

    Returns:
        None if nothing in the mask is above it.
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter, label, zoom

    clipped = np.clip(share, half_way - 1, half_way + 1)
    fine = zoom(clipped, factors, order=3, mode="nearest", grid_mode=True)
    fine = gaussian_filter(fine, [0.3 * f for f in factors])
    inside = fine >= half_way
    pieces, count = label(inside)
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


def solve(problem: Problem, start: Floats | None, core: Floats | None) -> EdgeFit | None:
    """Fit the model.

    Args:
        problem: what is to be explained.
        start: distances from the surface to begin with.
        core: distances from the surface of a core, if there may be one.
    """
    return None if start is None else _Fitting(problem, start, core).run()


class _Fitting:
    """Least squares over shift, stretch, blur and the core's shift; grey levels are solved for."""

    def __init__(self, problem: Problem, start: Floats, core: Floats | None) -> None:
        self.problem, self.start, self.core = problem, start, core
        self.in_plane = max(problem.spacing[1:])

    def level(self, shift: float, stretch: float, *, of_core: bool = False) -> Floats:
        """The distances, after moving and stretching the surface."""
        start = self.core if of_core and self.core is not None else self.start
        middle = float(np.argwhere(start < 0)[:, 0].mean())
        rows = start.shape[0]
        z = middle + (np.arange(rows) - middle) / stretch
        low = np.clip(np.floor(z).astype(int), 0, rows - 1)
        high = np.clip(low + 1, 0, rows - 1)
        part = np.clip(z - low, 0, 1)[:, None, None]
        return np.asarray(start[low] * (1 - part) + start[high] * part - shift)

    def filled(self, level: Floats) -> Floats:
        """How much of each fine voxel lies inside."""
        return np.asarray(np.clip(0.5 - level / float(np.mean(self.problem.steps)), 0, 1))

    def shown(self, level: Floats, blur_mm: float) -> Floats:
        """How much of each voxel the scanner shows as filled."""
        from scipy.ndimage import gaussian_filter

        widths = [blur_mm / s for s in self.problem.steps]
        fine = gaussian_filter(self.filled(level), widths, mode="nearest", truncate=3.0)
        kz, ky, kx = self.problem.factors
        nz, ny, nx = self.problem.share.shape
        blocks = fine.reshape(nz, kz, ny, ky, nx, kx)
        return np.asarray(blocks.mean(axis=(1, 3, 5)))

    def residuals(self, p: Floats) -> Floats:
        """What the model leaves over, in units of noise, and how far it left what is likely."""
        left = self.left_over(p)[0] / self.problem.noise
        doubt = [SHIFT_DOUBT_VOXELS * self.in_plane, STRETCH_DOUBT, BLUR_DOUBT]
        if self.core is not None:
            doubt.append(SHIFT_DOUBT_VOXELS * self.in_plane)
        return np.concatenate([left.ravel(), p / doubt])

    def left_over(self, p: Floats) -> tuple[Floats, Floats]:
        """Solve for the grey levels: what is left over, and the contrast of body and core."""
        blur_mm = float(BLUR_MM * np.exp(p[2]))
        stretch = float(np.exp(p[1]))
        parts = [self.shown(self.level(float(p[0]), stretch), blur_mm)]
        if self.core is not None:
            core = self.level(float(p[3]), stretch, of_core=True)
            parts.append(self.shown(core, blur_mm))
        w = self.problem.weight
        columns = np.stack([np.ones_like(w), *parts]).reshape(len(parts) + 1, -1)
        weighted = columns * w.ravel()
        normal = weighted @ columns.T + 1e-9 * np.eye(len(columns))
        gains = np.linalg.solve(normal, weighted @ self.problem.share.ravel())
        left = (gains @ columns).reshape(w.shape) - self.problem.share
        return np.sqrt(w) * left, np.asarray(gains[1:], dtype=np.float64)

    def run(self) -> EdgeFit | None:
        """Solve."""
        from scipy.optimize import least_squares

        limits = [2.0, 0.9, 1.5] + ([1.0] if self.core is not None else [])
        solved = least_squares(
            self.residuals, np.zeros(len(limits)), diff_step=0.02, max_nfev=15, ftol=1e-4,
            x_scale=([0.3, 0.2, 0.3, 0.3])[: len(limits)], xtol=1e-3,
            bounds=([-x for x in limits], limits),
        )  # fmt: skip
        p = solved.x
        left, gains = self.left_over(p)
        if gains[0] <= 0:
            return None
        weight = self.problem.weight
        misfit = float(np.sqrt((left**2).sum() / max(weight.sum(), 1)))
        covariance = np.linalg.pinv(solved.jac.T @ solved.jac)
        scale = max(1.0, misfit / self.problem.noise)
        level = self.level(float(p[0]), float(np.exp(p[1])))
        return EdgeFit(
            level=level,
            factors=self.problem.factors,
            shift_mm=float(p[0]),
            stretch=float(np.exp(p[1])),
            blur_mm=float(BLUR_MM * np.exp(p[2])),
            covariance=covariance[:3, :3] * scale**2,
            volume_mm3=float(self.filled(level).sum() * np.prod(self.problem.steps)),
            levels=self.problem.levels,
            misfit=misfit,
            rim_share=float(gains[0] / gains.sum()),
        )
