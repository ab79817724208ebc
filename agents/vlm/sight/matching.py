"""Which place of an earlier examination is the one that is shown of the current one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from agents.vlm.sight.overlap import shared_part
from agents.vlm.sight.scenes import AXES, Opened
from dxtrace.clinical.case import Geometry
from dxtrace.clinical.volume import Volume
from dxtrace.reporting.planes import Plane

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tools.measurement import Alignment

_COARSE_MM = 3.0
_TOLERANCE = 1.0
"""Voxels beyond the edge that a place may be off without being called outside."""


@dataclass(frozen=True, eq=False)
class Matching:
    """How places are matched.

    Attributes:
        alignment: where a place of the current study lies in the earlier one; None if nobody knows.
        words: how the place was found, for a reader.
    """

    alignment: Alignment | None
    words: str

    def place(
        self, now: Opened, then: Opened, plane: Plane, at: tuple[int, int, int]
    ) -> tuple[int, int, int] | None:
        """Slice, row and column of the earlier grid that fit those of the current one.

        Args:
            now: the current series.
            then: the earlier one.
            plane: the plane of both.
            at: slice, row and column as they are looked at.

        Returns:
            None if the earlier volume does not reach there.
        """
        axes = AXES[plane]
        if self.alignment is None:
            found = tuple(
                min(then.grid.voxels.shape[a] - 1, int((i + 0.5) * _share(now, then, a)))
                for a, i in zip(axes, at, strict=True)
            )
            return found[0], found[1], found[2]
        here = np.zeros(3)
        here[list(axes)] = at
        world = _world(now, here)
        there = _from_world(then, self.alignment.to_prior(world[None])[0])
        last = np.array(then.grid.voxels.shape[:3]) - 1
        if (there < -_TOLERANCE).any() or (there > last + _TOLERANCE).any():
            return None
        inside = np.clip(np.rint(there), 0, last).astype(int)
        return int(inside[axes[0]]), int(inside[axes[1]]), int(inside[axes[2]])


def match(now: Opened, then: Opened) -> Matching:
    """Lay an earlier volume over the current one; where that fails, go by the share of the way."""
    from tools.measurement import RegistrationError, register

    try:
        parts = shared_part(now, then) or (slice(None), slice(None))
        found = register(_coarse(now, parts[0]), _coarse(then, parts[1]), kind="rigid")
    except (RegistrationError, ValueError):
        return Matching(
            None,
            "the two volumes could not be laid over each other: places are as far along the prior "
            "one as along the current one, and need not be the same",
        )
    return Matching(found, "places are matched by a rigid registration of both volumes")


def _share(now: Opened, then: Opened, axis: int) -> float:
    return float(then.grid.voxels.shape[axis] / now.grid.voxels.shape[axis])


def _coarse(opened: Opened, part: slice) -> Volume:
    """Every few voxels of a part: registration needs no more, and takes no more memory.

    Args:
        opened: the volume.
        part: from head to feet.
    """
    volume, grid = opened.volume, opened.grid
    spacing, affine = volume.geometry.voxel_spacing_mm, volume.geometry.affine
    if spacing is None or affine is None or volume.is_colour:
        return volume
    steps = [max(1, int(_COARSE_MM // mm)) for mm in spacing]
    steps = [min(s, max(1, n // 16)) for s, n in zip(steps, volume.spatial_shape, strict=True)]
    low, high, _ = part.indices(grid.voxels.shape[0])
    axis = grid.order[0]
    if grid.flips[0]:
        low, high = grid.voxels.shape[0] - high, grid.voxels.shape[0] - low
    matrix = np.array(affine, float)
    matrix[:3, 3] += low * matrix[:3, axis]
    matrix[:3, :3] *= steps
    geometry = Geometry(
        voxel_spacing_mm=tuple(mm * s for mm, s in zip(spacing, steps, strict=True)),
        affine=tuple(tuple(float(v) for v in row) for row in matrix),
        orientation=volume.geometry.orientation,
    )
    spans = [
        slice(low, high, s) if a == axis else slice(None, None, s) for a, s in enumerate(steps)
    ]
    some = volume.voxels[tuple(spans)]
    return replace(volume, voxels=some, geometry=geometry)


def _world(opened: Opened, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """A place of a grid, in axes of the grid, as patient coordinates in mm."""
    grid = opened.grid
    index = np.zeros(3)
    for axis, (source, is_flipped) in enumerate(zip(grid.order, grid.flips, strict=True)):
        last = grid.voxels.shape[axis] - 1
        index[source] = last - at[axis] if is_flipped else at[axis]
    affine = np.array(opened.volume.geometry.affine, float)
    return np.asarray(affine[:3, :3] @ index + affine[:3, 3])


def _from_world(opened: Opened, point: NDArray[np.float64]) -> NDArray[np.float64]:
    grid = opened.grid
    affine = np.array(opened.volume.geometry.affine, float)
    index = np.linalg.solve(affine[:3, :3], point - affine[:3, 3])
    at = np.zeros(3)
    for axis, (source, is_flipped) in enumerate(zip(grid.order, grid.flips, strict=True)):
        last = grid.voxels.shape[axis] - 1
        at[axis] = last - index[source] if is_flipped else index[source]
    return at
