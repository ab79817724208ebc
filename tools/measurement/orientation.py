"""Which way the axes of an array run in the patient."""

from __future__ import annotations

from typing import Literal

import numpy as np

from dxtrace.clinical import Geometry

PlaneName = Literal["axial", "coronal", "sagittal"]
OBLIQUE_DEGREES = 25.0
"""An array axis farther than this from the body's axes names no plane."""

_NAMES: tuple[PlaneName, ...] = ("sagittal", "coronal", "axial")


def plane_names(geometry: Geometry, dimensions: int) -> tuple[PlaneName | None, ...]:
    """The plane at right angles to each array axis.

    Args:
        geometry: its affine maps array indices to LPS (DICOM PS3.3 C.7.6.2.1.1).
        dimensions: 3 for a stack of slices, 2 for a single image.

    Returns:
        One name per axis; None where nobody knows, or where the axis runs obliquely.
    """
    if geometry.affine is None or dimensions != 3:  # noqa: PLR2004 - a stack
        return (None,) * dimensions
    columns = np.asarray(geometry.affine, dtype=np.float64)[:3, :3]
    lengths = np.linalg.norm(columns, axis=0)
    if not np.isfinite(columns).all() or np.any(lengths == 0):
        return (None,) * dimensions
    along = np.abs(columns / lengths)
    limit = np.cos(np.radians(OBLIQUE_DEGREES))
    return tuple(
        _NAMES[int(c.argmax())] if c.max() >= limit else None for c in along.T
    )  # fmt: skip


def axial_axis(geometry: Geometry, dimensions: int) -> int | None:
    """The array axis at right angles to the axial plane.

    Without an affine the slices of a stack are taken for axial, as nearly all CT is; None if the
    affine says that no array axis is.
    """
    if dimensions != 3:  # noqa: PLR2004 - a stack
        return None
    if geometry.affine is None:
        return 0
    names = plane_names(geometry, dimensions)
    return names.index("axial") if "axial" in names else None
