"""Upper, middle and lower zone: thirds of each lung's height, to say where something lies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NAMES = ("upper", "mid", "lower")


def zones_of(lung: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    """Thirds of a lung's height, from its apex to its lowest point.

    Radiographic zones are not lobes: the anterior rib ends that textbooks draw them by are not
    looked for.

    Args:
        lung: (row, column), not empty.

    Returns:
        Masks named ``upper``, ``mid`` and ``lower``; together they are the lung.
    """
    rows = np.nonzero(lung.any(axis=1))[0]
    cuts = np.linspace(rows[0], rows[-1] + 1, len(NAMES) + 1).round().astype(int)
    zones = {}
    for i, name in enumerate(NAMES):
        zone = np.zeros_like(lung)
        zone[cuts[i] : cuts[i + 1]] = lung[cuts[i] : cuts[i + 1]]
        zones[name] = zone
    return zones
