"""The body on CT: what is neither the air around it nor the table under it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from expert_models.classical.morphology import dilate, erode, largest_component

if TYPE_CHECKING:
    from numpy.typing import NDArray

AIR_FAT_MIDPOINT_HU = -500.0
"""Half-way between air (-1000 HU, by definition) and skin and fat (about 0)."""
ROOM_AIR_BELOW_HU = -930.0
"""Room air is -1000 HU; lung, even at full inspiration, keeps tissue and blood and lies higher."""
TABLE_GAP_MM = 3.0
"""Contacts with table, tubes and clothes thinner than twice this are cut."""


def segment_body(hu: NDArray[Any], spacing_mm: tuple[float, float, float]) -> NDArray[np.bool_]:
    """Mark the body with all that it encloses: lungs, airways, bowel gas.

    A lung that the field of view cuts open is told from the air around the patient by its density.

    Args:
        hu: axes (head, back, left).
        spacing_mm: spacing along these axes.

    Returns:
        a mask on the same grid; empty if there is no body.
    """
    tissue = hu > AIR_FAT_MIDPOINT_HU
    trunk = largest_component(erode(tissue, TABLE_GAP_MM, spacing_mm))
    if not trunk.any():
        return trunk
    # Grown back a little more than it was eroded: corners that the erosion rounded off return.
    trunk = tissue & dilate(trunk, TABLE_GAP_MM + max(spacing_mm), spacing_mm)
    return np.stack([_inside(t, h) for t, h in zip(trunk, hu, strict=True)])


def _inside(trunk: NDArray[np.bool_], hu: NDArray[Any]) -> NDArray[np.bool_]:
    """One slice without the air around the body."""
    labels, count = ndimage.label(~trunk)
    if not trunk.any() or not count:
        return trunk
    edges = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    outside = np.zeros(count + 1, dtype=bool)
    for label in edges[edges > 0]:
        outside[label] = float(np.median(hu[labels == label])) < ROOM_AIR_BELOW_HU
    inside: NDArray[np.bool_] = ~outside[labels]
    return inside
