"""Slices as radiologists look at them: head or front up, the patient's right on the left.

Source: DICOM PS3.3 C.7.6.2.1.1, patient coordinates run to the left (x), back (y) and head (z).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dxtrace.clinical.volume import Mask, Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

Plane = Literal["axial", "coronal", "sagittal", "stored"]
_VOLUME_AXES = 3
_OPPOSITE = {"L": "R", "A": "P", "P": "A"}
_FEWEST_SLICES = 8
"""Fewer say nothing when they are cut across."""
_FRONTAL_VIEWS = ("pa", "ap")
_AXIS_OF: dict[Plane, int] = {"axial": 0, "coronal": 1, "sagittal": 2, "stored": 0}
_COUNTED_FROM: dict[Plane, str] = {
    "axial": " from the head", "coronal": " from the front", "sagittal": " from the right",
}  # fmt: skip
_EQUAL = 1e-9
_PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
_PROJECTIONS = ("CR", "DX", "MG", "RG", "RF", "XA")


@dataclass(frozen=True)
class Grid:
    """An image turned so that its axes run to the feet, the back and the left, as far as known.

    Attributes:
        voxels: axes (feet, back, left), or (row, column) for a single image; a last axis of 3 for
            colour.
        spacing_mm: along these axes, or None.
        is_placed: whether the directions are known.
        native: the plane that was acquired.
        side_note: how the sides are known, in words.
        order: the array's axes in the order of the grid.
        flips: which axes of the grid run the other way.
        flat_edges: letters for the left and right edge of a single image.
    """

    voxels: NDArray[Any]
    spacing_mm: tuple[float, ...] | None
    is_placed: bool
    native: Plane
    side_note: str
    order: tuple[int, ...]
    flips: tuple[bool, ...]
    flat_edges: tuple[str, str] | None = None

    @classmethod
    def of(cls, volume: Volume) -> Grid:
        """Turn an image into the nearest such grid; nothing is interpolated."""
        axes = len(volume.spatial_shape)
        spacing = volume.geometry.voxel_spacing_mm
        if axes < _VOLUME_AXES:
            return cls._flat(volume, spacing)
        affine = volume.geometry.affine
        if affine is None:
            kept, still = tuple(range(axes)), (False,) * axes
            note = "side unknown"
            return cls(volume.voxels, spacing, False, "stored", note, kept, still)
        steps = np.array(affine, float)[:3, :3]
        order, flips = _nearest_axes(steps)
        lengths = np.linalg.norm(steps, axis=0)
        voxels = _turned(volume.voxels, order, flips)
        native = _PLANES[order.index(0)]
        mm = tuple(float(lengths[a]) for a in order) if spacing is not None else None
        return cls(voxels, mm, True, native, "", order, flips)

    @classmethod
    def _flat(cls, volume: Volume, spacing: tuple[float, ...] | None) -> Grid:
        """A single image, mirrored if it shows the patient's right on the right."""
        kept, still = (0, 1), (False, False)
        toward = _columns_run_to(volume)
        if toward == "R":
            turned = np.flip(volume.voxels, 1)
            return cls(turned, spacing, True, "stored", "", kept, (False, True), ("R", "L"))
        if toward in _OPPOSITE:
            edges = (_OPPOSITE[toward], toward)
            return cls(volume.voxels, spacing, True, "stored", "", kept, still, edges)
        if (volume.view or "").lower() in _FRONTAL_VIEWS:
            note = f"sides by the convention of {(volume.view or '').upper()} views"
            return cls(volume.voxels, spacing, True, "stored", note, kept, still, ("R", "L"))
        note = "" if volume.is_colour else "side unknown"
        return cls(volume.voxels, spacing, False, "stored", note, kept, still)

    @property
    def is_volume(self) -> bool:
        """Whether there is more than one slice to choose from."""
        return len(self.order) == _VOLUME_AXES

    def turn(self, mask: Mask) -> NDArray[np.bool_]:
        """A mask on this grid."""
        return np.asarray(_turned(mask.voxels, self.order, self.flips))

    def planes(self) -> tuple[Plane, ...]:
        """The planes to show: as acquired, and one across it."""
        if not self.is_volume or not self.is_placed:
            return ("stored",)
        across: Plane = "coronal" if self.native == "axial" else "axial"
        thin = self.voxels.shape[_AXIS_OF[self.native]] < _FEWEST_SLICES
        return (self.native,) if thin else (self.native, across)

    def cut(self, array: NDArray[Any], plane: Plane, index: int) -> NDArray[Any]:
        """A slice of an array on this grid, rows downwards; nothing is copied."""
        if not self.is_volume:
            return array
        return np.asarray(array[(slice(None),) * _AXIS_OF[plane] + (index,)])

    def key_slice(self, marks: Sequence[NDArray[np.bool_]], plane: Plane) -> int:
        """The slice that shows most of each mark, large or small; the middle one of equals."""
        if not self.is_volume:
            return 0
        across = tuple(a for a in range(_VOLUME_AXES) if a != _AXIS_OF[plane])
        areas = [mark.sum(axis=across) for mark in marks]
        shares = np.sum([area / area.max() for area in areas], axis=0)
        best = np.flatnonzero(shares >= shares.max() - _EQUAL)
        return int(best[len(best) // 2])

    def slice_count(self, plane: Plane) -> int:
        """Number of slices of a plane; a single image is one."""
        return int(self.voxels.shape[_AXIS_OF[plane]]) if self.is_volume else 1

    def slice_words(self, plane: Plane, index: int) -> str:
        """``axial slice 12 of 96 from the head``: counted from 1."""
        name = "slice" if plane == "stored" else f"{plane} slice"
        return f"{name} {index + 1} of {self.slice_count(plane)}{_COUNTED_FROM.get(plane, '')}"

    def slice_label(self, plane: Plane, index: int) -> str:
        """The same in short: ``axial 12/96``."""
        name = "slice" if plane == "stored" else plane
        return f"{name} {index + 1}/{self.slice_count(plane)}"

    def pixel_mm(self, plane: Plane) -> tuple[float, float] | None:
        """Spacing of rows and columns of a slice in mm, or None if it is unknown."""
        if self.spacing_mm is None:
            return None
        if not self.is_volume:
            return self.spacing_mm[-2], self.spacing_mm[-1]
        rest = [self.spacing_mm[a] for a in range(_VOLUME_AXES) if a != _AXIS_OF[plane]]
        return rest[0], rest[1]

    def edges(self, plane: Plane) -> tuple[str, str] | None:
        """Letters for the left and the right edge of a slice, or None if they are unknown."""
        if not self.is_placed or not self.is_volume:
            return self.flat_edges
        return ("A", "P") if plane == "sagittal" else ("R", "L")


def _columns_run_to(volume: Volume) -> str:
    """Where the patient lies to the right of a single image, as its header says; or nothing."""
    flat_axes = 2
    orientation = volume.geometry.orientation or ""
    return orientation[1] if len(orientation) == flat_axes else ""


def is_projection(volume: Volume) -> bool:
    """Whether millimetres are those of the detector, which magnifies the patient."""
    return volume.modality in _PROJECTIONS


def _nearest_axes(steps: NDArray[np.float64]) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """Array axes nearest to feet, back, left, and whether each runs against that."""
    directions = steps / np.linalg.norm(steps, axis=0)
    wanted = np.array([[0, 0, -1], [0, 1, 0], [1, 0, 0]], float)
    match = wanted @ directions
    order: list[int] = []
    for direction in range(_VOLUME_AXES):
        weights = np.abs(match[direction]).copy()
        weights[order] = -1
        order.append(int(np.argmax(weights)))
    flips = tuple(bool(match[d, a] < 0) for d, a in enumerate(order))
    return tuple(order), flips


def _turned(array: NDArray[Any], order: tuple[int, ...], flips: tuple[bool, ...]) -> NDArray[Any]:
    further = tuple(range(len(order), array.ndim))
    turned = array.transpose((*order, *further))
    against = tuple(axis for axis, flip in enumerate(flips) if flip)
    return np.asarray(np.flip(turned, against)) if against else turned
