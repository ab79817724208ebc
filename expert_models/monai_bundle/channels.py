"""Several series as the channels of one input, laid on one grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dxtrace.clinical import Series
from dxtrace.clinical.volume import Volume
from expert_models.errors import ToolRefusal

_SAME_PLACE = 1e-3
"""Affines may differ by this much, in mm: rounding on the way through a file."""
_LEAST_COVERED = 0.5
_AXES = 3


def choose_series(fitting: Sequence[Series], sequences: Sequence[str]) -> list[Series]:
    """One series for each sequence: of several, the one with most images.

    Args:
        fitting: series of one examination, the ones with most images first.
        sequences: such as ``t1c``, in the order of the channels.

    Raises:
        ToolRefusal: naming the sequences that are missing.
    """
    found = {name: next((s for s in fitting if s.sequence == name), None) for name in sequences}
    missing = [name.upper() for name, series in found.items() if series is None]
    if missing:
        known = sorted({s.sequence.upper() for s in fitting if s.sequence}) or [
            "none that is known"
        ]
        raise ToolRefusal(
            f"the examination has no {' and no '.join(missing)} sequence; it has {', '.join(known)}"
        )
    return [series for series in found.values() if series is not None]


def on_one_grid(volumes: Sequence[Volume]) -> tuple[list[Volume], tuple[str, ...]]:
    """All volumes on the grid of the first, interpolated linearly where theirs is another.

    Returns:
        The volumes, and notes on what was interpolated. Nothing is registered: what moved between
        two sequences stays moved.

    Raises:
        ToolRefusal: if grids differ and it is not known where they lie, or if one covers less than
            half of the first.
    """
    first = volumes[0]
    laid, notes = [first], []
    for volume in volumes[1:]:
        if _same_grid(first, volume):
            laid.append(volume)
            continue
        laid.append(_laid_on(first, volume))
        notes.append(f"{volume.series} was laid on the grid of {first.series}, not registered")
    return laid, tuple(notes)


def _same_grid(one: Volume, other: Volume) -> bool:
    import numpy as np

    here, there = one.geometry.affine, other.geometry.affine
    if one.spatial_shape != other.spatial_shape or here is None or there is None:
        return False
    return bool(np.allclose(np.array(here), np.array(there), rtol=0, atol=_SAME_PLACE))


def _laid_on(first: Volume, volume: Volume) -> Volume:
    import numpy as np
    from scipy import ndimage

    if first.geometry.affine is None or volume.geometry.affine is None:
        raise ToolRefusal(
            f"it is not known how {volume.series} lies on {first.series}: expected volumes whose "
            f"place in space is known"
        )
    # From an index of the first to an index of the other.
    across = np.linalg.inv(np.array(volume.geometry.affine)) @ np.array(first.geometry.affine)
    matrix, offset = across[:_AXES, :_AXES], across[:_AXES, _AXES]
    shape = first.spatial_shape
    covered = ndimage.affine_transform(
        np.ones(volume.spatial_shape, np.float32), matrix, offset, shape, order=0
    )
    if float(covered.mean()) < _LEAST_COVERED:
        raise ToolRefusal(f"{volume.series} covers less than half of {first.series}")
    voxels = ndimage.affine_transform(
        volume.voxels.astype(np.float32), matrix, offset, shape, order=1,
        cval=float(volume.voxels.min()),
    )  # fmt: skip
    return replace(volume, voxels=voxels, geometry=first.geometry)
