"""The masks of a result as overlays of a series: packed into few layers, with a letter and colour.

Masks may lie over each other (a nodule in a lung), and there may be a hundred of them. A layer is a
label map of masks that do not; a mask goes above all that it lies over, large ones first, so that
small ones are seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.chat.viewer.nifti_stream import compressed, nifti_parts
from apps.chat.viewer.scene import Scene
from dxtrace.clinical import Artifact
from dxtrace.clinical.volume import Mask
from dxtrace.reporting.mask_files import read_nifti_mask
from dxtrace.reporting.panels import Drawn

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_IN_A_LAYER = 255
_LETTERS = 26
_DAMAGE = (OSError, ValueError, EOFError)


@dataclass(frozen=True)
class Overlays:
    """What lies on a series.

    Attributes:
        marks: each mask as JSON data.
        layers: label maps, each a NIfTI file in gzip.
    """

    marks: tuple[dict[str, Any], ...]
    layers: tuple[bytes, ...]


@dataclass
class _Packing:
    """Layers that are being filled."""

    shape: tuple[int, ...]
    layers: list[NDArray[np.uint8]] = field(default_factory=list)
    filled: list[int] = field(default_factory=list)

    def place(self, voxels: NDArray[np.bool_], box: tuple[slice, ...]) -> tuple[int, int]:
        """Put a mask into the lowest layer above all that it lies over: the layer, the label."""
        part = voxels[box]
        under = [n for n, one in enumerate(self.layers) if one[box][part].any()]
        number = under[-1] + 1 if under else 0
        while number < len(self.layers) and self.filled[number] == MOST_IN_A_LAYER:
            number += 1
        if number == len(self.layers):
            self.layers.append(np.zeros(self.shape, np.uint8))
            self.filled.append(0)
        self.filled[number] += 1
        self.layers[number][box][part] = self.filled[number]
        return number, self.filled[number]


def build_overlays(scene: Scene, artifacts: Sequence[Artifact], files: Path) -> Overlays:
    """Read masks and pack them into layers.

    A mask that is gone, changed or of another shape is told with the reason, and not shown.

    Args:
        scene: the series, turned.
        artifacts: the masks on it; their order gives letters and colours.
        files: the folder that their paths are relative to.
    """
    packing = _Packing(scene.shape)
    marks = [_told(number, artifact) for number, artifact in enumerate(artifacts)]
    read: list[tuple[int, dict[str, Any], NDArray[np.bool_]]] = []
    for mark, artifact in zip(marks, artifacts, strict=True):
        voxels = _read(scene, artifact, files)
        if isinstance(voxels, str):
            mark["refused"] = voxels
        else:
            read.append((int(np.count_nonzero(voxels)), mark, voxels))
    for count, mark, voxels in sorted(read, key=lambda one: -one[0]):
        box = _box(voxels)
        layer, label = packing.place(voxels, box)
        ends = [[s.start, s.stop - 1] for s in box]
        at = _seen_best(scene, voxels)
        mark |= {"layer": layer, "label": label, "box": ends, "at": at, "voxels": count}
    geometry, flat = scene.geometry(), not scene.grid.is_volume
    layers = (
        b"".join(compressed(nifti_parts(layer, geometry, is_flat=flat))) for layer in packing.layers
    )
    return Overlays(tuple(marks), tuple(layers))


def _told(number: int, artifact: Artifact) -> dict[str, Any]:
    drawn = Drawn(number, np.zeros(0, np.bool_), "")
    title = artifact.title or artifact.name.replace("_", " ")
    return {
        "path": artifact.path,
        "title": title[:1].upper() + title[1:],
        "tool": artifact.tool,
        "letter": drawn.letter + (str(number // _LETTERS + 1) if number >= _LETTERS else ""),
        "colour": drawn.style[0],
        "refused": "",
    }


def _read(scene: Scene, artifact: Artifact, files: Path) -> NDArray[np.bool_] | str:
    """The mask on the scene's grid with a slice axis, or why it is not shown."""
    path = (files / artifact.path).resolve()
    if not path.is_relative_to(files.resolve()):
        return "lies outside the session"
    try:
        if hashlib.sha256(path.read_bytes()).hexdigest() != artifact.sha256:
            return "the file was changed since"
        voxels, _ = read_nifti_mask(path)
    except _DAMAGE:
        return "the file is gone or damaged"
    wanted = scene.volume.spatial_shape
    if voxels.shape == (1, *wanted):
        voxels = voxels[0]
    if voxels.shape != wanted:
        return f"does not fit its image: expected {wanted} voxels, got {voxels.shape}"
    if not voxels.any():
        return "nothing is marked"
    turned = scene.grid.turn(Mask(artifact.name, voxels))
    return scene.as_stack(turned)


def _box(voxels: NDArray[np.bool_]) -> tuple[slice, ...]:
    """The smallest box around what is marked."""
    box = []
    for axis in range(voxels.ndim):
        others = tuple(a for a in range(voxels.ndim) if a != axis)
        found = np.flatnonzero(voxels.any(axis=others))
        box.append(slice(int(found[0]), int(found[-1]) + 1))
    return tuple(box)


def _seen_best(scene: Scene, voxels: NDArray[np.bool_]) -> list[int]:
    """A marked voxel in the middle of the slice, of the plane acquired, that shows most of it."""
    grid = scene.grid
    axis = {"coronal": 1, "sagittal": 2}.get(grid.native, 0)
    flat = voxels if grid.is_volume else voxels[0]
    index = grid.key_slice([flat], grid.native)
    places = np.argwhere(np.moveaxis(voxels, axis, 0)[index])
    middle = places[np.argmin(((places - places.mean(axis=0)) ** 2).sum(axis=1))]
    at = [int(n) for n in middle]
    at.insert(axis, index)
    return at
