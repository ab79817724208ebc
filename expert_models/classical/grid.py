"""Volumes turned so that axis 0 runs to the head, axis 1 to the back, axis 2 to the left.

The classical experts reason about up, down, left and right. An array says nothing about these; its
affine does (DICOM PS3.3 C.7.6.2.1.1, patient coordinates LPS).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from expert_models.errors import ToolRefusal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dxtrace.clinical.volume import Volume

SPATIAL_AXES = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """How an array was turned, so that a mask can be turned back.

    Attributes:
        order: the source axis that became each axis.
        flips: the axes, after reordering, that were reversed.
    """

    order: tuple[int, int, int]
    flips: tuple[int, ...]

    def apply(self, array: NDArray[Any]) -> NDArray[Any]:
        """A view of the array, turned."""
        return np.flip(np.transpose(array, self.order), self.flips)

    def undo(self, array: NDArray[Any]) -> NDArray[Any]:
        """A view of a turned array, as the source has it."""
        back = tuple(int(i) for i in np.argsort(self.order))
        return np.transpose(np.flip(array, self.flips), back)

    def undo_index(self, index: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
        """The source index of a turned index; ``shape`` is the turned array's."""
        unflipped = [n - 1 - i if a in self.flips else i
                     for a, (i, n) in enumerate(zip(index, shape, strict=True))]  # fmt: skip
        return tuple(unflipped[self.order.index(axis)] for axis in range(SPATIAL_AXES))


@dataclass(frozen=True, slots=True, eq=False)
class TurnedVolume:
    """HU with known directions.

    Attributes:
        hu: axes (to the head, to the back, to the left).
        spacing_mm: spacing along these axes.
        turn: how to get back.
    """

    hu: NDArray[Any]
    spacing_mm: tuple[float, float, float]
    turn: Turn

    @property
    def voxel_mm3(self) -> float:
        """Volume of one voxel."""
        return float(np.prod(self.spacing_mm))


def turn_volume(volume: Volume) -> TurnedVolume:
    """Turn a three-dimensional volume to (head, back, left).

    Args:
        volume: axes (slice, row, column).

    Raises:
        ToolRefusal: if the volume is no three-dimensional one, or if its spacing or its
            orientation is unknown.
    """
    if volume.is_colour or volume.voxels.ndim != SPATIAL_AXES:
        raise ToolRefusal(f"expected a volume of slices, got shape {volume.voxels.shape}")
    spacing, affine = volume.geometry.voxel_spacing_mm, volume.geometry.affine
    if spacing is None or len(spacing) != SPATIAL_AXES:
        raise ToolRefusal(f"expected voxel spacing along three axes, got {spacing}")
    if affine is None:
        raise ToolRefusal("the orientation is unknown: sides and levels cannot be told apart")
    turn = _turn_of(np.asarray(affine, dtype=float)[:SPATIAL_AXES, :SPATIAL_AXES])
    turned = tuple(float(spacing[axis]) for axis in turn.order)
    return TurnedVolume(turn.apply(volume.voxels), (turned[0], turned[1], turned[2]), turn)


def _turn_of(directions: NDArray[Any]) -> Turn:
    """Columns of ``directions`` are the array axes in (left, back, head) coordinates."""
    lengths = np.linalg.norm(directions, axis=0)
    if not np.isfinite(directions).all() or (lengths == 0).any():
        raise ToolRefusal("the affine does not tell the directions of the axes")
    cosines = directions / lengths
    free, order, flips = {0, 1, 2}, [], []
    for position, anatomical in enumerate((2, 1, 0)):
        axis = max(free, key=lambda a, row=anatomical: abs(cosines[row, a]))  # type: ignore[misc]
        free.discard(axis)
        order.append(axis)
        if cosines[anatomical, axis] < 0:
            flips.append(position)
    return Turn((order[0], order[1], order[2]), tuple(flips))


def block_mean(array: NDArray[Any], factors: tuple[int, int, int]) -> NDArray[np.float32]:
    """Mean of blocks of voxels; the last, incomplete blocks are filled by repeating the edge."""
    if factors == (1, 1, 1):
        return np.ascontiguousarray(array, dtype=np.float32)
    rests = [(0, -n % f) for n, f in zip(array.shape, factors, strict=True)]
    reduced = np.pad(array, rests, mode="edge") if any(r for _, r in rests) else array
    for axis, factor in enumerate(factors):
        if factor > 1:
            # One axis at a time, so that no second full copy in floating point is needed.
            total = np.zeros(_divided(reduced.shape, axis, factor), dtype=np.float32)
            for start in range(factor):
                total += reduced[(slice(None),) * axis + (slice(start, None, factor),)]
            total /= factor
            reduced = total
    return np.ascontiguousarray(reduced, dtype=np.float32)


def _divided(shape: tuple[int, ...], axis: int, factor: int) -> tuple[int, ...]:
    return tuple(n // factor if a == axis else n for a, n in enumerate(shape))


def repeat_blocks(
    array: NDArray[Any], factors: tuple[int, int, int], shape: tuple[int, ...]
) -> NDArray[Any]:
    """The inverse of :func:`block_mean` for labels: every voxel gets its block's value."""
    repeated = array
    for axis, factor in enumerate(factors):
        if factor > 1:
            repeated = np.repeat(repeated, factor, axis=axis)
    return repeated[tuple(slice(n) for n in shape)]
