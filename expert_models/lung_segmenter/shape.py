"""What the outlines of both lungs say about how the radiograph was taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LungShape:
    """Proportions of the two lungs; none depends on the size of a pixel.

    Attributes:
        right_share: area of the right lung, of both.
        right_width_share: width of the right lung, of both.
        height_to_width: mean height of the lungs to the width of both together.
        on_edge: sides of the picture that a lung runs into: ``top``, ``bottom``, ``left``,
            ``right``.
    """

    right_share: float
    right_width_share: float
    height_to_width: float
    on_edge: tuple[str, ...]


# A lung that only touches the frame with a corner is not cut off.
_ON_EDGE = 0.03  # of that side's length


def shape_of(right: NDArray[np.bool_], left: NDArray[np.bool_]) -> LungShape:
    """Proportions of both lungs, neither of them empty."""
    areas = float(right.sum()), float(left.sum())
    widths = _extent(right, 0), _extent(left, 0)
    either = right | left
    return LungShape(
        right_share=areas[0] / sum(areas),
        right_width_share=widths[0] / sum(widths),
        height_to_width=(_extent(right, 1) + _extent(left, 1)) / 2 / _extent(either, 0),
        on_edge=_edges(either),
    )


def _extent(mask: NDArray[np.bool_], axis: int) -> int:
    """From the first to the last column (axis 0) or row (axis 1) that the mask has."""
    places = np.nonzero(mask.any(axis=axis))[0]
    return int(places[-1] - places[0] + 1)


def _edges(mask: NDArray[np.bool_]) -> tuple[str, ...]:
    # Interpolation may leave the outermost line or two without a mark.
    depth = max(1, round(min(mask.shape) / 128))
    sides = {
        "top": mask[:depth].any(axis=0),
        "bottom": mask[-depth:].any(axis=0),
        "left": mask[:, :depth].any(axis=1),
        "right": mask[:, -depth:].any(axis=1),
    }
    return tuple(name for name, line in sides.items() if line.mean() >= _ON_EDGE)
