"""Whether what the network marked can be the two lungs of a frontal chest radiograph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from expert_models.lung_segmenter.lungs import Lungs

# Anatomy, with room for illness: two lungs side by side, at about one height, neither a crumb of
# the other. A lateral view shows one field, a CT slice two dark fields without apex and base.
_SMALLEST_LUNG = 0.02  # of the picture
_SMALLER_TO_LARGER = 0.22
_COMMON_ROWS = 0.55
_TALLER_THAN_WIDE = 0.8
_MOST_DOUBT = 0.25
_FEWEST_PIXELS = 64


def why_not_frontal(lungs: Lungs) -> str | None:
    """Why the picture is taken for something else, or None if it looks like a frontal view.

    Args:
        lungs: what was marked.
    """
    right, left = lungs.right, lungs.left
    if min(right.shape) < _FEWEST_PIXELS:
        return f"expected at least {_FEWEST_PIXELS} rows and columns, got {right.shape}"
    shares = sorted((float(right.mean()), float(left.mean())))
    if shares[0] < _SMALLEST_LUNG:
        found = "one lung" if shares[1] >= _SMALLEST_LUNG else "no lung"
        return f"{found} found: no frontal chest radiograph, or not one that can be read"
    checks = (
        (shares[0] / shares[1] >= _SMALLER_TO_LARGER, "one field is a crumb of the other"),
        (_columns(right) < _columns(left), "the fields do not lie side by side"),
        (_common_rows(right, left) >= _COMMON_ROWS, "the fields do not lie at one height"),
        (min(_tallness(right), _tallness(left)) >= _TALLER_THAN_WIDE, "the fields lie flat"),
        (lungs.doubt <= _MOST_DOUBT, "the network is undecided on too much of it"),
    )
    failed = next((words for holds, words in checks if not holds), None)
    return None if failed is None else f"no frontal chest radiograph: {failed}"


def _columns(mask: NDArray[np.bool_]) -> float:
    return float(np.nonzero(mask.any(axis=0))[0].mean())


def _common_rows(right: NDArray[np.bool_], left: NDArray[np.bool_]) -> float:
    """Rows that both have, as a share of the shorter one's."""
    a, b = right.any(axis=1), left.any(axis=1)
    return float((a & b).sum() / max(1, min(a.sum(), b.sum())))


def _tallness(mask: NDArray[np.bool_]) -> float:
    return float(mask.any(axis=1).sum() / max(1, mask.any(axis=0).sum()))
