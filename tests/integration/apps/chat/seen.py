"""What is on the screen: pixels of a screenshot, not what the page says of itself."""

from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator
from scipy import ndimage

_WHITE = 230
_COLOURED = 60
_THINNEST = 8


class Spot(NamedTuple):
    """The middle of a spot on a surface, in CSS pixels, and its size."""

    x: float
    y: float
    width: int
    height: int


def pixels_of(surface: Locator) -> NDArray[np.int16]:
    """Red, green and blue: rows, columns, 3."""
    shot = Image.open(BytesIO(surface.screenshot())).convert("RGB")
    return np.asarray(shot).astype(np.int16)


def largest_white_spot(surface: Locator) -> Spot:
    """The largest white spot: a bright lesion."""
    return _largest((pixels_of(surface) >= _WHITE).all(axis=-1))


def largest_coloured_spot(surface: Locator) -> Spot:
    """The largest spot that is not grey: a mark."""
    return _largest(np.ptp(pixels_of(surface), axis=-1) > _COLOURED)


def coloured_pixels(surface: Locator) -> int:
    """How many pixels are not grey."""
    return int(np.count_nonzero(np.ptp(pixels_of(surface), axis=-1) > _COLOURED))


def _largest(found: NDArray[np.bool_]) -> Spot:
    solid = ndimage.binary_opening(found, np.ones((_THINNEST, _THINNEST)))  # no letters, no lines
    labels, count = ndimage.label(solid)
    assert count, "nothing of that kind is on the screen"
    sizes = np.bincount(labels.ravel())[1:]
    rows, columns = np.nonzero(labels == 1 + int(np.argmax(sizes)))
    return Spot(
        float(columns.mean()), float(rows.mean()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1
    )
