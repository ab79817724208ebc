"""Grey values to brightness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dxtrace.clinical.volume import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

AIR_BELOW_HU = -500.0
"""Half-way between air (-1000 HU by the definition of the scale) and soft tissue (about 0)."""
CtWindow = Literal["lung", "soft_tissue", "bone", "brain"]
CT_WINDOWS: dict[CtWindow, tuple[float, float]] = {
    "lung": (-600.0, 1500.0),
    "soft_tissue": (40.0, 400.0),
    "bone": (400.0, 1800.0),
    "brain": (40.0, 80.0),
}
"""Centre and width in HU, as radiologists commonly set them."""
_DARKEST, _BRIGHTEST = 0.5, 99.5
"""Percentiles of images without a recommended window: single odd pixels do not darken the rest."""
_REACH = 4
_ENOUGH = 4_000_000
_STRIP = 8_000_000
"""Pixels whose brightness is worked out at a time: the memory that it takes stays small."""
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
        if pixels.size <= _STRIP or len(pixels) == 1:
            return self._applied(pixels)
        shown = np.empty(pixels.shape, np.uint8)
        rows = max(1, _STRIP * len(pixels) // pixels.size)
        for first in range(0, len(pixels), rows):
            shown[first : first + rows] = self._applied(pixels[first : first + rows])
        return shown

    def _applied(self, pixels: NDArray[Any]) -> NDArray[np.uint8]:
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
    if volume.unit == "HU" and not volume.is_colour:
        lung = float(np.median(_surroundings(voxels, marked))) < AIR_BELOW_HU
        return ct_window("lung" if lung else "soft_tissue")
    return plain_window(volume, voxels)


def ct_window(name: CtWindow) -> Window:
    """A window of CT by its name."""
    return _around(*CT_WINDOWS[name], f"{name.replace('_', '-')} window, ", "HU")


def plain_window(volume: Volume, voxels: NDArray[Any]) -> Window:
    """The window of an image that is no CT: of the file, else what its grey values span.

    Args:
        volume: says whether it is coloured, and recommended windows.
        voxels: its pixels; of very many, some.
    """
    if volume.is_colour:
        is_finite = np.isfinite(voxels) if voxels.dtype.kind == "f" else True
        highest = np.max(voxels, initial=1, where=is_finite)
        brightest = 255.0 if voxels.dtype == np.uint8 else float(highest)
        return Window(0.0, brightest)
    if volume.windows:
        return _around(*volume.windows[0], "window of the file, ", "")
    some = voxels[tuple(slice(None, None, _step(voxels)) for _ in range(voxels.ndim))]
    finite = some[np.isfinite(some)]
    if not finite.size:
        return Window(0.0, 1.0)
    low, high = np.percentile(finite.astype(np.float32), [_DARKEST, _BRIGHTEST])
    return Window(float(low), float(high), "")


def _step(voxels: NDArray[Any]) -> int:
    """Every how many pixels along each axis are enough to know the span."""
    return max(1, int((voxels.size / _ENOUGH) ** (1 / voxels.ndim)))


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
