"""Grey values to brightness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dxtrace.clinical.volume import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

AIR_BELOW_HU = -500.0
"""Half-way between air (-1000 HU by the definition of the scale) and soft tissue (about 0)."""
LUNG_WINDOW = (-600.0, 1500.0)
SOFT_TISSUE_WINDOW = (40.0, 400.0)
"""Centre and width in HU, as radiologists commonly set them."""
_DARKEST, _BRIGHTEST = 0.5, 99.5
"""Percentiles of images without a recommended window: single odd pixels do not darken the rest."""
_REACH = 4
_NARROWEST = 1e-6


@dataclass(frozen=True)
class Window:
    """What becomes black and what white.

    Attributes:
        low: this and less is black.
        high: this and more is white.
        words: how it is called.
    """

    low: float
    high: float
    words: str = ""

    def apply(self, pixels: NDArray[Any]) -> NDArray[np.uint8]:
        """Brightness from 0 to 255; what is no number is black."""
        width = max(self.high - self.low, _NARROWEST)
        numbers = np.nan_to_num(
            pixels.astype(np.float32), nan=self.low, posinf=self.high, neginf=self.low
        )
        scaled = (numbers - self.low) / width
        return np.asarray(np.clip(scaled, 0, 1) * 255, dtype=np.uint8)


def choose_window(volume: Volume, voxels: NDArray[Any], marked: NDArray[np.bool_]) -> Window:
    """The window that shows what is marked.

    On CT the lung window if air surrounds what is marked, else that of soft tissue; elsewhere what
    the file recommends, else what its grey values span.

    Args:
        volume: says modality, unit and recommended windows.
        voxels: its pixels, on the grid of ``marked``.
        marked: what is to be seen.
    """
    if volume.is_colour:
        brightest = 255.0 if voxels.dtype == np.uint8 else float(np.max(voxels, initial=1))
        return Window(0.0, brightest)
    if volume.unit == "HU":
        lung = float(np.median(_surroundings(voxels, marked))) < AIR_BELOW_HU
        centre, width = LUNG_WINDOW if lung else SOFT_TISSUE_WINDOW
        return _around(centre, width, "lung window, " if lung else "soft-tissue window, ", "HU")
    if volume.windows:
        return _around(*volume.windows[0], "window of the file, ", "")
    finite = voxels[np.isfinite(voxels)]
    if not finite.size:
        return Window(0.0, 1.0)
    low, high = np.percentile(finite.astype(np.float32), [_DARKEST, _BRIGHTEST])
    return Window(float(low), float(high), "")


def _around(centre: float, width: float, words: str, unit: str) -> Window:
    low, high = centre - width / 2, centre + width / 2
    return Window(low, high, f"{words}{low:g} to {high:g} {unit}".strip())


def _surroundings(voxels: NDArray[Any], marked: NDArray[np.bool_]) -> NDArray[Any]:
    """Grey values of a box a little larger than what is marked."""
    slices = []
    for axis in range(marked.ndim):
        others = tuple(a for a in range(marked.ndim) if a != axis)
        found = np.flatnonzero(marked.any(axis=others))
        slices.append(slice(max(0, int(found[0]) - _REACH), int(found[-1]) + 1 + _REACH))
    return np.asarray(voxels[tuple(slices)])
