"""A radiograph as the network sees it, and what the network says back on the radiograph's grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = 256
# Letters, metal and black corners hold the extremes of a radiograph and say nothing about it.
PERCENTILES = (0.5, 99.5)
_SMALLEST_SPAN = 1e-6
# JPEG stores colours apart and coarsely: a grey picture comes back with a tinge. Arrows and letters
# in colour take little of the area.
_TINGE = 0.06
_COLOURED_PART = 0.05


def normalised(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pixels between their 0.5th and 99.5th percentile, as 0 to 1.

    Args:
        pixels: (row, column).
    """
    low, high = np.percentile(pixels, PERCENTILES)
    scaled = np.clip((pixels - low) / max(float(high - low), _SMALLEST_SPAN), 0, 1)
    changed: NDArray[np.float32] = scaled.astype(np.float32)
    return changed


def is_nearly_grey(pixels: NDArray[np.float32]) -> bool:
    """Whether a picture in colours is a grey one with a tinge, or with coloured marks on it.

    Args:
        pixels: (row, column, 3).
    """
    spread = np.ptp(pixels, axis=-1) / max(float(np.ptp(pixels)), _SMALLEST_SPAN)
    return bool(np.mean(spread > _TINGE) <= _COLOURED_PART)


def letterboxed(plane: NDArray[np.float32], size: int = SIZE) -> NDArray[np.float32]:
    """A plane in the middle of a black square, its sides in proportion.

    Args:
        plane: (row, column).
        size: rows and columns of the square.
    """
    rows, columns, top, left = _place(plane.shape, size)
    small = Image.fromarray(plane).resize((columns, rows), Image.Resampling.BOX)
    square = np.zeros((size, size), np.float32)
    square[top : top + rows, left : left + columns] = np.asarray(small)
    return square


def unletterboxed(square: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """The part of a square that a plane of ``shape`` took, on that plane's own grid."""
    rows, columns, top, left = _place(shape, square.shape[0])
    part = np.ascontiguousarray(square[top : top + rows, left : left + columns], np.float32)
    whole = Image.fromarray(part).resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(whole)


def _place(shape: tuple[int, ...], size: int) -> tuple[int, int, int, int]:
    """Rows, columns, top and left of a plane in a square."""
    height, width = shape
    scale = size / max(height, width)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    return rows, columns, (size - rows) // 2, (size - columns) // 2


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels; ``bottom`` and ``right`` are the first row and column outside."""

    top: int
    bottom: int
    left: int
    right: int

    def cut(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """The rectangle of a plane."""
        return np.ascontiguousarray(plane[self.top : self.bottom, self.left : self.right])


def box_around(mask: NDArray[np.bool_], margin: float) -> Box:
    """The rectangle around a mask, wider on every side by ``margin`` of its longer side."""
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    extra = round(margin * max(np.ptp(rows), np.ptp(columns)))
    return Box(
        top=max(0, int(rows[0]) - extra),
        bottom=min(mask.shape[0], int(rows[-1]) + 1 + extra),
        left=max(0, int(columns[0]) - extra),
        right=min(mask.shape[1], int(columns[-1]) + 1 + extra),
    )
