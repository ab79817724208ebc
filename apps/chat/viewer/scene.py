"""A series as a viewer shows it: turned to the patient's axes, with planes, letters and windows.

Nothing is interpolated: voxels stay what intake read, only the order of axes changes. So an index
in the picture is an index of the array that tools take, and the facts say which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dxtrace.clinical.case import Geometry
from dxtrace.clinical.volume import Volume
from dxtrace.reporting.planes import Grid, Plane, is_projection
from dxtrace.reporting.windows import CT_WINDOWS, Window, ct_window, plain_window
from expert_models.slice_pictures import brightness_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_VOLUME_AXES = 3
_AXIS_OF: dict[Plane, int] = {"axial": 0, "coronal": 1, "sagittal": 2, "stored": 0}
_LETTERS = (("L", "R"), ("P", "A"), ("S", "I"))
_SLANTED = 0.35
"""From about 20 degrees off an axis, a letter alone would say too much: a second one is added."""


@dataclass(frozen=True)
class Scene:
    """A series, turned.

    Attributes:
        volume: as intake reads it.
        grid: the same, turned; its axes run to the feet, the back and the left as far as known.
    """

    volume: Volume
    grid: Grid

    @classmethod
    def of(cls, volume: Volume) -> Scene:
        """Turn a volume."""
        return cls(volume, Grid.of(volume))

    @property
    def voxels(self) -> NDArray[Any]:
        """Axes (slice, row, column), of a single image with one slice; a last axis for colour."""
        return self.as_stack(self.grid.voxels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows and columns of :attr:`voxels`."""
        slices, rows, columns = self.voxels.shape[:_VOLUME_AXES]
        return int(slices), int(rows), int(columns)

    def as_stack(self, array: NDArray[Any]) -> NDArray[Any]:
        """An array on the grid with a slice axis, also of a single image."""
        return array if self.grid.is_volume else array[np.newaxis]

    def shown(self) -> NDArray[Any]:
        """The voxels as they are sent: as they are, colours from 0 to 255."""
        voxels = self.voxels
        if self.volume.is_colour and voxels.dtype != np.uint8:
            return plain_window(self.volume, voxels).apply(voxels)
        return voxels

    def geometry(self) -> Geometry:
        """Where the turned voxels lie; an affine in their order, or None."""
        affine = self.volume.geometry.affine
        spacing = self.grid.spacing_mm
        if affine is None:
            return Geometry(voxel_spacing_mm=spacing)
        turn = np.eye(4)
        kept = len(self.grid.order)
        turn[:kept, :kept] = 0.0
        for axis, (source, flip) in enumerate(zip(self.grid.order, self.grid.flips, strict=True)):
            turn[source, axis] = -1.0 if flip else 1.0
            turn[source, 3] = self.volume.spatial_shape[source] - 1 if flip else 0.0
        turned = np.array(affine, float) @ turn
        a, b, c, d = (tuple(float(x) for x in row) for row in turned)
        return Geometry(voxel_spacing_mm=spacing, affine=(a, b, c, d))


def describe_scene(scene: Scene) -> dict[str, Any]:
    """What a viewer must know of a series beside its pixels, as JSON data."""
    volume, grid = scene.volume, scene.grid
    return {
        "series": volume.series,
        "shape": scene.shape,
        "arrayShape": volume.spatial_shape,
        "order": grid.order,
        "flips": grid.flips,
        "planes": [_describe_plane(scene, plane) for plane in _planes(grid)],
        "native": grid.native,
        "spacingMm": _spacing(scene),
        "isColour": volume.is_colour,
        "unit": "HU" if volume.unit == "HU" else "",
        "notes": [*volume.notes, *_notes(scene)],
        "windows": _windows(volume, grid),
        "window": _first_window(volume, grid),
    }


def _planes(grid: Grid) -> tuple[Plane, ...]:
    placed = grid.is_volume and grid.is_placed
    return ("axial", "coronal", "sagittal") if placed else ("stored",)


def _describe_plane(scene: Scene, plane: Plane) -> dict[str, Any]:
    grid = scene.grid
    pixel = grid.pixel_mm(plane)
    words = "slice" if plane == "stored" else f"{plane} slice"
    counted = grid.slice_words(plane, 0).partition(f" of {grid.slice_count(plane)}")[2]
    return {
        "name": plane,
        "words": words if grid.is_volume else "image",
        "axis": _AXIS_OF[plane],
        "count": grid.slice_count(plane),
        "counted": counted,
        "pixelMm": pixel,
        "edges": _edges(scene, plane),
    }


def _spacing(scene: Scene) -> list[float] | None:
    """Along slice, row and column in mm; a single image's slices are taken as 1 mm apart."""
    spacing = scene.grid.spacing_mm
    if spacing is None:
        return None
    return [1.0] * (_VOLUME_AXES - len(spacing)) + [float(mm) for mm in spacing]


def _edges(scene: Scene, plane: Plane) -> dict[str, str] | None:
    """Letters for the four edges of a slice, as far as they are known."""
    grid = scene.grid
    if not grid.is_volume or not grid.is_placed:
        sides = grid.edges(plane)
        return None if sides is None else {"left": sides[0], "right": sides[1]}
    affine = np.array(scene.geometry().affine, float)
    row_axis, column_axis = (a for a in range(_VOLUME_AXES) if a != _AXIS_OF[plane])
    down, right = affine[:3, row_axis], affine[:3, column_axis]
    return {
        "left": edge_letters(-right), "right": edge_letters(right),
        "top": edge_letters(-down), "bottom": edge_letters(down),
    }  # fmt: skip


def edge_letters(direction: NDArray[np.float64]) -> str:
    """The letters of a direction, the strongest first; more than one where it runs aslant.

    Args:
        direction: (3,) in LPS. Letters: L and R, P and A, S and I.

    Source: DICOM PS3.3 C.7.6.1.1.1 (patient orientation, primary direction first).
    """
    cosines = direction / (np.linalg.norm(direction) or 1.0)
    order = sorted(range(3), key=lambda n: -abs(cosines[n]))
    told = [n for n in order if abs(cosines[n]) >= _SLANTED]
    return "".join(_LETTERS[n][0 if cosines[n] > 0 else 1] for n in told)


def _notes(scene: Scene) -> list[str]:
    grid, volume = scene.grid, scene.volume
    notes = [grid.side_note] if grid.side_note else []
    if grid.spacing_mm is None and not any("millimetre" in note for note in volume.notes):
        notes.append("spacing unknown: lengths are in pixels, none in millimetres")
    if grid.spacing_mm is not None and is_projection(volume):
        notes.append("millimetres are those at the detector")
    return notes


def _windows(volume: Volume, grid: Grid) -> list[dict[str, Any]]:
    """The windows to choose from."""
    if volume.is_colour:
        return []
    if volume.unit == "HU":
        presets = [_window(name, name.replace("_", " "), ct_window(name)) for name in CT_WINDOWS]
        own = [Window(c - w / 2, c + w / 2) for c, w in volume.windows[:1]]
        return [*presets, *(_window("file", "as the file says", window) for window in own)]
    words = "as the file says" if volume.windows else "whole range"
    return [_window("plain", words, plain_window(volume, grid.voxels))]


def _first_window(volume: Volume, grid: Grid) -> dict[str, float]:
    if volume.unit == "HU":
        shown = brightness_of(volume)
        return {"low": shown.low, "high": shown.high}
    plain = plain_window(volume, grid.voxels)
    return {"low": plain.low, "high": plain.high}


def _window(key: str, words: str, window: Window) -> dict[str, Any]:
    return {"key": key, "words": words, "low": window.low, "high": window.high}
