"""Slices and planes as the red, green and blue pictures that networks for photographs read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dxtrace.clinical.volume import Volume
from dxtrace.reporting.windows import CT_WINDOWS, CtWindow

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OF_BODY_PART: dict[str, CtWindow] = {"head": "brain", "chest": "lung"}
_PERCENTILES = (0.5, 99.5)
"""Of what is not background: single odd voxels do not darken the rest."""
_ENOUGH = 1_000_000
_NARROWEST = 1e-6
_PLANE = 2


@dataclass(frozen=True)
class Brightness:
    """What becomes black and what white.

    Attributes:
        low: this and less is black.
        high: this and more is white.
    """

    low: float
    high: float


def brightness_of(volume: Volume, preset: CtWindow | None = None) -> Brightness:
    """How a volume is shown, the same for all its slices.

    On CT a window by what is asked for, else by the body part, else that of soft tissue; elsewhere
    the window of the file, else what the grey values span.

    Args:
        volume: the image.
        preset: a window of CT; other images have none.
    """
    if volume.unit == "HU":
        centre, width = CT_WINDOWS[
            preset or _OF_BODY_PART.get(volume.body_part or "", "soft_tissue")
        ]
        return Brightness(centre - width / 2, centre + width / 2)
    if volume.is_colour:
        return Brightness(0.0, 255.0 if volume.voxels.dtype == np.uint8 else _largest(volume))
    if volume.windows:
        centre, width = volume.windows[0]
        return Brightness(centre - width / 2, centre + width / 2)
    return _span(volume.voxels)


def slice_count(volume: Volume) -> int:
    """Number of slices; a plane is one."""
    return 1 if len(volume.spatial_shape) == _PLANE else volume.spatial_shape[0]


def rgb_slice(volume: Volume, index: int, brightness: Brightness) -> NDArray[np.uint8]:
    """One slice as a picture.

    Args:
        volume: the image.
        index: of the slice; 0 for a plane.
        brightness: from :func:`brightness_of`.

    Returns:
        (row, column, 3): red, green and blue from 0 to 255; what is no number is black.
    """
    plane = volume.voxels if len(volume.spatial_shape) == _PLANE else volume.voxels[index]
    width = max(brightness.high - brightness.low, _NARROWEST)
    numbers = np.nan_to_num(
        plane.astype(np.float32), nan=brightness.low, posinf=brightness.high, neginf=brightness.low
    )
    grey = np.clip((numbers - brightness.low) / width, 0, 1) * 255 + 0.5
    shown = grey.astype(np.uint8)
    return shown if volume.is_colour else np.repeat(shown[..., None], 3, axis=-1)


def on_grid(plane: NDArray[Any], index: int, volume: Volume) -> NDArray[np.bool_]:
    """A mask of one slice on the grid of the whole image.

    Args:
        plane: (row, column).
        index: of the slice.
        volume: the image.
    """
    voxels = np.zeros(volume.spatial_shape, np.bool_)
    voxels[... if voxels.ndim == _PLANE else index] = plane
    return voxels


def _largest(volume: Volume) -> float:
    return float(np.max(volume.voxels, initial=1))


def _span(voxels: NDArray[Any]) -> Brightness:
    sample = voxels.ravel()[:: max(1, voxels.size // _ENOUGH)].astype(np.float32)
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return Brightness(0.0, 1.0)
    # The background of many images is exactly 0.
    inside = sample[sample != 0]
    low, high = np.percentile(inside if inside.size else sample, _PERCENTILES)
    return Brightness(float(low), float(high))
