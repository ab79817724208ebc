"""The grey values inside and outside a marked body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SHELL_MM = (1.5, 4.0)
"""Where the surroundings are looked at: beyond the blurred edge, before the next structure."""

RIM_MM = (1.2, 2.4)
"""Depth at which a body's outer part shows its own density: beyond the blur, before a core."""

MIN_DEPTH_MM = 2.6
"""A core can be told from its surroundings only in a body at least this deep."""

SECOND_LEVEL = 0.3
"""A core differs from its surroundings by at least this part of the contrast."""

MIN_CONTRAST_TO_NOISE = 2.5
"""Below this an edge cannot be told from noise."""

MIN_SHELL = 8
"""Fewer voxels of surroundings say nothing about the background."""


@dataclass(frozen=True)
class Levels:
    """Grey values of a body and its surroundings, in the picture's unit.

    Attributes:
        inside: of the body's outer part.
        background: of the surroundings.
        noise: standard deviation of the surroundings.
        core: of an inner part of another density, or None.
    """

    inside: float
    background: float
    noise: float
    core: float | None = None

    @property
    def contrast(self) -> float:
        """How much the body differs from its surroundings."""
        return self.inside - self.background

    @property
    def core_share(self) -> float:
        """The core's contrast as a multiple of the outer part's; 1 without a core."""
        return 1.0 if self.core is None else (self.core - self.background) / self.contrast


def find_levels(
    mask: Bools,
    image: Floats,
    spacing: tuple[float, float, float],
    outside_mm: Floats,
    seen: Bools | None = None,
) -> Levels | None:
    """The grey values of a body; None if it does not stand out.

    Args:
        mask: the body.
        image: grey values.
        spacing: in mm.
        outside_mm: distance to the mask.
        seen: voxels that count.
    """
    depth = _depths(mask, spacing)
    deepest = float(depth.max())
    core = float(np.median(image[depth >= 0.7 * deepest]))
    shell = (outside_mm >= SHELL_MM[0]) & (outside_mm <= SHELL_MM[1])
    if seen is not None:
        shell = (outside_mm > 0) & seen
    around = image[shell]
    if around.size < MIN_SHELL:
        return None
    background, noise = _main_level(around, core)
    rim = (depth >= RIM_MM[0]) & (depth <= RIM_MM[1])
    inside, inner = core, None
    if deepest >= MIN_DEPTH_MM and rim.any():
        outer = float(np.median(image[rim]))
        differs = (core - outer) / (outer - background) if outer != background else 0.0
        if differs > SECOND_LEVEL and abs(core - outer) > MIN_CONTRAST_TO_NOISE * noise:
            inside, inner = outer, core
    if abs(inside - background) < MIN_CONTRAST_TO_NOISE * max(noise, 1e-9):
        return None
    return Levels(inside, background, noise, inner)


def _depths(mask: Bools, spacing: tuple[float, float, float]) -> Floats:
    """Depth below the outline within each slice, in mm; slices at the ends are cut by the edge."""
    from scipy.ndimage import distance_transform_edt

    padded = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
    depth = np.stack([distance_transform_edt(m, sampling=spacing[1:]) for m in padded])
    depth = depth[:, 1:-1, 1:-1]
    used = np.flatnonzero(mask.any(axis=(1, 2)))
    if len(used) > 2:  # noqa: PLR2004 - something is left between the ends
        depth[[used[0], used[-1]]] = 0
    return np.asarray(depth)


def _main_level(around: Floats, inside: float) -> tuple[float, float]:
    """Level and spread of what most of the surroundings are, other bodies left out.

    Other bodies lie on the side of the body itself: the spread is taken on the other side.
    """
    level, kept = float(np.median(around)), around
    for _ in range(3):
        kept = kept[np.abs(kept - level) < abs(inside - level) / 2]
        if kept.size < MIN_SHELL:
            break
        level = float(np.median(kept))
    beyond = around[(around - level) * np.sign(inside - level) <= 0]
    spread = 1.4826 * float(np.median(np.abs(beyond - level))) if beyond.size else 0.0
    return level, spread
