"""What an outlined blob is joined to: vessels that go on from it, and the wall.

A nodule on a vessel is thicker than the vessel. A piece of a vessel, a bend or a fork goes on into
branches about as thick as itself (by Murray's law two equal branches have 0.79 of the radius of
their parent). So thickness is compared: the largest ball that fits into the blob, with the largest
that fits into what goes on from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from expert_models.classical.nodule_outline import VESSEL_ABOVE_HU, Outline, shell_around

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from expert_models.classical.lungs import Lungs

    BoolArray = NDArray[np.bool_]

FINE_MM = (0.4, 1.0)
"""Thickness is measured in steps of an eighth of the blob's radius, within these limits."""
STEPS_PER_RADIUS = 8
NEAREST_MM = 1.0
"""Nearer than this, or half the blob's thickness, a ball would still reach into the blob."""
TOUCHING = 0.02
"""A smaller share of the surface at the wall is noise."""
TOWARDS_MIDDLE = 0.6
"""Cosine between the way to the wall and the way to the other lung: the mediastinal side."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """What a blob is joined to.

    Attributes:
        thickness: of the thickest that goes on from it inside the lung, as a part of its own.
        wall: share of its surface at wall, mediastinum or diaphragm.
        is_central: nearby it, or what goes on from it, leaves the lung for the mediastinum.
    """

    thickness: float
    wall: float
    is_central: bool

    @property
    def touches_wall(self) -> bool:
        """Whether it is joined to the wall."""
        return self.wall > TOUCHING


def find_attachment(lungs: Lungs, region: BoolArray, outline: Outline) -> Attachment:
    """Look at what lies next to a blob.

    Args:
        lungs: the lungs.
        region: where lesions are searched, on the lungs' grid.
        outline: the blob.
    """
    hu, inside = lungs.volume.hu[outline.box].astype(np.float32), region[outline.box]
    spacing = lungs.volume.spacing_mm
    shell = shell_around(outline.mask, spacing)
    at_wall = shell & ~inside & (hu > VESSEL_ABOVE_HU)
    joined = _joined(hu, inside, outline.mask, _level(outline))
    leaves = ndimage.binary_dilation(joined) & ~inside & (hu > VESSEL_ABOVE_HU)
    return Attachment(
        thickness=_thickness_beyond(hu, inside, outline, spacing),
        wall=float(at_wall.sum() / max(1, int(shell.sum()))),
        is_central=bool(leaves.any()) and _is_central(lungs, outline, leaves),
    )


def _level(outline: Outline) -> float:
    """Half-way between blob and lung; a vessel is soft tissue, even where the blob is not."""
    return max((outline.core_hu + outline.around_hu) / 2, VESSEL_ABOVE_HU)


def _joined(hu: NDArray[np.float32], inside: BoolArray, blob: BoolArray, level: float) -> BoolArray:
    """The blob and what goes on from it inside the lung."""
    labels, _ = ndimage.label(((hu > level) & inside) | blob)
    joined: BoolArray = labels == int(np.bincount(labels[blob]).argmax())
    return joined


def _thickness_beyond(
    hu: NDArray[np.float32], inside: BoolArray, outline: Outline,
    spacing: tuple[float, float, float],
) -> float:  # fmt: skip
    wanted = float(np.clip(outline.diameter_mm / 2 / STEPS_PER_RADIUS, *FINE_MM))
    factors = tuple(max(1, round(s / wanted)) for s in spacing)
    fine = tuple(s / f for s, f in zip(spacing, factors, strict=True))
    blob = _repeated(outline.mask, factors)
    smooth = ndimage.zoom(hu, factors, order=1, grid_mode=True, mode="nearest")
    joined = _joined(smooth, _repeated(inside, factors), blob, _level(outline))
    depth = ndimage.distance_transform_edt(joined, sampling=fine)
    own = float(depth[blob].max())
    away = ndimage.distance_transform_edt(~blob, sampling=fine)
    nearest = max(NEAREST_MM, own / 2)
    beyond = joined & (away > nearest) & (away <= nearest + max(2 * NEAREST_MM, own))
    return float(depth[beyond].max(initial=0.0)) / own


def _repeated(mask: BoolArray, factors: tuple[int, ...]) -> BoolArray:
    for axis, factor in enumerate(factors):
        mask = np.repeat(mask, factor, axis=axis)
    return mask


def _is_central(lungs: Lungs, outline: Outline, exits: BoolArray) -> bool:
    """Whether it leaves the lung on the side of the other one."""
    right, left = int(lungs.right[outline.box].sum()), int(lungs.left[outline.box].sum())
    towards = 1.0 if right > left else -1.0  # the last axis runs to the left
    way = (np.argwhere(exits).mean(axis=0) - np.argwhere(outline.mask).mean(axis=0)) * np.array(
        lungs.volume.spacing_mm
    )
    return bool(way[-1] * towards > TOWARDS_MIDDLE * np.linalg.norm(way))
