"""Lung masks out of a radiograph's pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from expert_models.lung_segmenter.pixels import (
    Box,
    box_around,
    letterboxed,
    normalised,
    unletterboxed,
)

ON = 0.5
# Around the lungs found at first sight, of their longer side: what the second look shows.
MARGIN = 0.08
_FEWEST_PIXELS = 32
_NOTHING = 0.002  # of the picture


class Probabilities(Protocol):
    """What a network offers; see :class:`~expert_models.lung_segmenter.network.LungNetwork`."""

    def probabilities(self, squares: NDArray[np.float32]) -> NDArray[np.float32]:
        """(batch, row, column) to (batch, 2, row, column)."""
        ...


@dataclass(frozen=True, eq=False)
class Lungs:
    """Lungs on a radiograph. Patient's right is where the picture's left is.

    Attributes:
        right: (row, column), boolean.
        left: (row, column), boolean.
        probabilities: (2, 256, 256): the first look at the whole picture, in its letterbox.
        doubt: share of the marked area where the network was undecided.
    """

    right: NDArray[np.bool_]
    left: NDArray[np.bool_]
    probabilities: NDArray[np.float32]
    doubt: float


def segment(pixels: NDArray[np.float32], network: Probabilities) -> Lungs:
    """Mark both lungs: a look at the whole picture, then a closer one at what it showed.

    Args:
        pixels: (row, column), bright is dense.
        network: gives the probabilities.
    """
    shape = (pixels.shape[0], pixels.shape[1])
    square = letterboxed(normalised(pixels))
    first = network.probabilities(square[None])[0]
    field = _on_grid(first, shape)
    seen = _cleaned(first)
    if seen.any(axis=(1, 2)).all():
        field = _with_closer_look(pixels, seen, field, network)
    right, left = _cleaned(field)
    marked = field.max(axis=0)[right | left]
    doubt = float(np.mean(marked < 0.8)) if marked.size else 1.0  # noqa: PLR2004  # undecided
    return Lungs(right, left, first, doubt)


def _with_closer_look(
    pixels: NDArray[np.float32],
    seen: NDArray[np.bool_],
    field: NDArray[np.float32],
    network: Probabilities,
) -> NDArray[np.float32]:
    shape = (pixels.shape[0], pixels.shape[1])
    either = unletterboxed(np.asarray(seen.any(axis=0), np.float32), shape) > ON
    if not either.any():
        return field
    box = box_around(either, MARGIN)
    longer = max(box.bottom - box.top, box.right - box.left)
    if longer < _FEWEST_PIXELS:
        return field
    closer = _look(pixels, box, network)
    merged = field.copy()
    inside = merged[:, box.top : box.bottom, box.left : box.right]
    merged[:, box.top : box.bottom, box.left : box.right] = (inside + closer) / 2
    return merged


def _look(pixels: NDArray[np.float32], box: Box, network: Probabilities) -> NDArray[np.float32]:
    part = box.cut(pixels)
    found = network.probabilities(letterboxed(normalised(part))[None])[0]
    return _on_grid(found, (part.shape[0], part.shape[1]))


def _on_grid(sides: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Both sides' squares on the grid of what they show."""
    return np.stack([unletterboxed(sides[0], shape), unletterboxed(sides[1], shape)])


def _cleaned(field: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Each side's largest part without holes; where both claim a pixel the surer one has it."""
    sides = np.stack([(field[i] > ON) & (field[i] >= field[1 - i]) for i in (0, 1)])
    return np.stack([_largest(side) for side in sides])


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    labels, count = ndimage.label(mask)
    if not count:
        return mask
    sizes = np.bincount(labels.ravel())[1:]
    if sizes.max() < _NOTHING * mask.size:
        return np.zeros_like(mask)
    filled: NDArray[np.bool_] = ndimage.binary_fill_holes(labels == int(sizes.argmax()) + 1)
    return filled
