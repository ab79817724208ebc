"""A voxel grid in patient space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dxtrace.clinical import Geometry

Floats = NDArray[np.float64]
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Grid:
    """Voxel centres at ``origin + index * spacing``; all triples are (z, y, x) in mm.

    x points to the patient's left, y to the back, z to the head, as in DICOM PS3.3 C.7.6.2.1.1.

    Attributes:
        shape: number of slices, rows, columns.
        spacing: distance of voxel centres in mm.
        origin: centre of the first voxel in mm.
    """

    shape: tuple[int, int, int]
    spacing: Triple
    origin: Triple

    @classmethod
    def around(cls, low: Floats, high: Floats, spacing: Triple, offset: Triple = (0, 0, 0)) -> Grid:
        """The grid that covers a box, moved by a fraction of a voxel (``offset``)."""
        steps = np.asarray(spacing)
        count = np.ceil((high - low) / steps).astype(int) + 1
        first = low + np.asarray(offset) * steps
        return cls(_triple_of_ints(count), spacing, _triple(first))

    def coordinates(self, factors: tuple[int, int, int] = (1, 1, 1)) -> tuple[Floats, ...]:
        """Coordinates along z, y and x, shaped to broadcast; each voxel split by ``factors``."""
        axes = []
        for axis, factor in enumerate(factors):
            steps = (np.arange(self.shape[axis] * factor) + 0.5) / factor - 0.5
            line = self.origin[axis] + steps * self.spacing[axis]
            axes.append(line.reshape([-1 if i == axis else 1 for i in range(3)]))
        return tuple(axes)

    def window(self, low: Floats, high: Floats) -> tuple[tuple[slice, slice, slice], Grid] | None:
        """The part of the grid that holds a box: its slices and its own grid; None if outside."""
        origin, steps = np.asarray(self.origin), np.asarray(self.spacing)
        first = np.maximum(np.floor((low - origin) / steps).astype(int) - 1, 0)
        last = np.minimum(np.ceil((high - origin) / steps).astype(int) + 2, self.shape)
        if np.any(last <= first):
            return None
        part = Grid(_triple_of_ints(last - first), self.spacing, _triple(origin + first * steps))
        cut = [slice(int(a), int(b)) for a, b in zip(first, last, strict=True)]
        return (cut[0], cut[1], cut[2]), part

    @property
    def geometry(self) -> Geometry:
        """The geometry as DxTrace keeps it: array indices (slice, row, column) to LPS in mm."""
        (sz, sy, sx), (oz, oy, ox) = self.spacing, self.origin
        affine = ((0, 0, sx, ox), (0, sy, 0, oy), (sz, 0, 0, oz), (0, 0, 0, 1))
        return Geometry(voxel_spacing_mm=self.spacing, affine=affine, orientation="SPL")


def _triple(values: Floats) -> Triple:
    return (float(values[0]), float(values[1]), float(values[2]))


def _triple_of_ints(values: NDArray[np.int_]) -> tuple[int, int, int]:
    return (int(values[0]), int(values[1]), int(values[2]))
