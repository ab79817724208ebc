"""Which lesion of an earlier study is which of the current one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dxtrace.clinical.volume import Mask
from tools.measurement.registration import UNMOVED, Alignment

Floats = NDArray[np.float64]
BREATHING_MM = 12.0
"""What an affine registration leaves over deep in a lung at another depth of breath."""

UNPAIRED = 1e6


@dataclass(frozen=True)
class LesionPair:
    """One lesion at two times.

    Attributes:
        current: index of the current mask; None if the lesion is gone.
        prior: index of the earlier mask; None if the lesion is new.
        distance_mm: between both centres after registration.
    """

    current: int | None
    prior: int | None
    distance_mm: float | None = None


def match_lesions(
    current: Sequence[Mask],
    prior: Sequence[Mask],
    alignment: Alignment = UNMOVED,
    *,
    reach_mm: float = BREATHING_MM,
) -> tuple[LesionPair, ...]:
    """Pair lesions of two studies: each with at most one, all distances together least.

    Two lesions can be one if their centres, laid over each other, lie no farther apart than
    ``reach_mm`` and the mean of their radii. "Gone" and "new" mean unpaired: whether the other
    study shows that place at all must be asked of the pictures.

    Raises:
        ValueError: if a mask has no position in space or is empty.
    """
    from scipy.optimize import linear_sum_assignment

    now, then = [_place(m) for m in current], [_place(m) for m in prior]
    pairs: list[LesionPair] = []
    if now and then:
        moved = alignment.to_prior(np.array([p for p, _ in now]))
        apart = np.linalg.norm(moved[:, None] - np.array([p for p, _ in then])[None], axis=2)
        radii = (np.array([r for _, r in now])[:, None] + [r for _, r in then]) / 2
        cost = np.where(apart <= reach_mm + radii, apart, UNPAIRED)
        for i, j in zip(*linear_sum_assignment(cost), strict=True):
            if cost[i, j] < UNPAIRED:
                pairs.append(LesionPair(int(i), int(j), float(apart[i, j])))
    paired_now, paired_then = {p.current for p in pairs}, {p.prior for p in pairs}
    pairs += [LesionPair(i, None) for i in range(len(now)) if i not in paired_now]
    pairs += [LesionPair(None, j) for j in range(len(then)) if j not in paired_then]
    return tuple(pairs)


def _place(mask: Mask) -> tuple[Floats, float]:
    """Centre (x, y, z) in mm and radius of the ball of the same volume."""
    geometry = mask.geometry
    where = np.argwhere(mask.voxels)
    if geometry.affine is None or geometry.voxel_spacing_mm is None:
        raise ValueError(f"{mask.name}: expected a known position in space, got none")
    if where.size == 0 or where.shape[1] != 3:  # noqa: PLR2004 - a stack
        raise ValueError(f"{mask.name}: expected a mask on a stack, marked somewhere")
    affine = np.asarray(geometry.affine, dtype=np.float64)
    centre = affine[:3, :3] @ where.mean(axis=0) + affine[:3, 3]
    volume = len(where) * float(np.prod(geometry.voxel_spacing_mm))
    return centre, float(np.cbrt(3 * volume / (4 * np.pi)))
