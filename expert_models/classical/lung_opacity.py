"""How dense each zone of a lung is on a frontal radiograph, against that of the other lung.

Grey values of radiographs have no unit: exposure, processing and the patient's size shift and
stretch them. So each zone is compared with the other side, and the difference is given in units of
the spread of grey values inside both lungs of the same picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dxtrace.clinical import Laterality
from expert_models.errors import ToolRefusal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    BoolArray = NDArray[np.bool_]

Zone = Literal["upper", "middle", "lower"]
ZONES: tuple[Zone, ...] = ("upper", "middle", "lower")
SMALLEST_PIXELS = 200
"""A zone with fewer pixels has no mean worth comparing."""
ROBUST = (5.0, 95.0)


@dataclass(frozen=True, slots=True)
class ZonalOpacity:
    """One zone of one lung.

    Attributes:
        side: which lung.
        zone: third of that lung's height.
        mean: mean grey value, bright is dense.
        excess: mean over that of the other side's zone, in spreads of grey values of both lungs.
    """

    side: Laterality
    zone: Zone
    mean: float
    excess: float


def measure_zones(
    pixels: NDArray[Any], right: BoolArray, left: BoolArray
) -> tuple[ZonalOpacity, ...]:
    """Compare the zones of the lungs with each other.

    Args:
        pixels: (row, column), bright is dense (MONOCHROME2).
        right: mask of the right lung on that grid.
        left: mask of the left lung.

    Returns:
        six zones: right and left, from above.

    Raises:
        ToolRefusal: if a mask is missing, empty or not on the picture's grid, or if the lungs have
            no contrast.
    """
    for name, mask in (("right", right), ("left", left)):
        if mask.shape != pixels.shape:
            raise ToolRefusal(
                f"{name} lung: expected a mask of shape {pixels.shape}, got {mask.shape}"
            )
    means = {s: _zone_means(pixels, m) for s, m in (("right", right), ("left", left))}
    low, high = np.percentile(pixels[right | left].astype(float), ROBUST)
    if high <= low:
        raise ToolRefusal("the lungs show no contrast")
    return tuple(
        ZonalOpacity(
            Laterality(side), zone, means[side][number],
            (means[side][number] - means[other][number]) / float(high - low),
        )
        for side, other in (("right", "left"), ("left", "right"))
        for number, zone in enumerate(ZONES)
    )  # fmt: skip


def _zone_means(pixels: NDArray[Any], lung: BoolArray) -> list[float]:
    rows = np.flatnonzero(lung.any(axis=1))
    if not rows.size:
        raise ToolRefusal("a lung's mask is empty: its zones cannot be compared")
    edges = np.linspace(rows[0], rows[-1] + 1, len(ZONES) + 1).round().astype(int)
    means = []
    for top, bottom in pairwise(edges):
        values = pixels[top:bottom][lung[top:bottom]]
        if values.size < SMALLEST_PIXELS:
            raise ToolRefusal(f"a zone of a lung has only {values.size} pixels")
        means.append(float(values.astype(float).mean()))
    return means
