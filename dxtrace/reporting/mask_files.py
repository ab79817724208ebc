"""Masks as NIfTI files.

Our arrays have the axes (slice, row, column) and LPS coordinates; NIfTI wants the fastest axis
first and RAS coordinates (NIfTI-1, ``nifti1.h``, method 3: x to the right, y to the front). So axes
are reversed, and x and y change their sign; every voxel stays at its place.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dxtrace.clinical.case import Geometry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

MASK_SUFFIX = ".nii.gz"
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_COMPRESSION = 6
_VOLUME_AXES = 3


def encode_nifti_mask(voxels: NDArray[np.bool_], geometry: Geometry, *, title: str = "") -> bytes:
    """A mask as the bytes of a ``.nii.gz`` file; equal masks give equal bytes.

    Args:
        voxels: boolean, axes (slice, row, column) or (row, column).
        geometry: of the image that it lies on. Without an affine both of NIfTI's transforms are
            marked as unknown; without a spacing so is the unit of length.
        title: goes into the header's description (79 characters).
    """
    import nibabel

    volume = voxels if voxels.ndim == _VOLUME_AXES else voxels[np.newaxis]
    affine = None if geometry.affine is None else nifti_affine(geometry, voxels.ndim)
    data = np.ascontiguousarray(volume.T, dtype=np.uint8)
    image = nibabel.Nifti1Image(data, affine)  # type: ignore[no-untyped-call]
    header: Any = image.header
    spacing = geometry.voxel_spacing_mm
    if affine is None and spacing is not None:
        header.set_zooms((*reversed(spacing), *(1.0,) * (_VOLUME_AXES - len(spacing))))
    if affine is not None:
        image.set_sform(affine, code="scanner")  # type: ignore[no-untyped-call]
    header.set_xyzt_units("mm" if spacing is not None or affine is not None else "unknown")
    header["descrip"] = title.encode("ascii", "replace")[:79]
    return gzip.compress(image.to_bytes(), compresslevel=_COMPRESSION, mtime=0)


def read_nifti_mask(path: Path) -> tuple[NDArray[np.bool_], Matrix | None]:
    """Read a mask that was written by us.

    Args:
        path: the file.

    Returns:
        The mask with axes (slice, row, column), and its affine in that order to LPS, or None if the
        file says that it is unknown.
    """
    import nibabel

    image: Any = nibabel.load(path)
    voxels = np.asarray(image.dataobj).T != 0
    if int(image.header["sform_code"]) == 0:
        return voxels, None
    affine = _LPS_TO_RAS @ np.asarray(image.affine, dtype=np.float64)
    return voxels, affine[:, [2, 1, 0, 3]]


def nifti_affine(geometry: Geometry, axes: int) -> Matrix:
    """The affine from NIfTI indices (column, row, slice) to RAS in mm.

    Args:
        geometry: with an affine.
        axes: 3 for a volume, 2 for a single image, whose third axis is its normal.
    """
    affine = np.array(geometry.affine, dtype=np.float64)
    if axes == _VOLUME_AXES:
        order = [2, 1, 0, 3]
        return np.asarray(_LPS_TO_RAS @ affine[:, order])
    column, row = affine[:3, 1], affine[:3, 0]
    flat = np.eye(4)
    flat[:3, 0], flat[:3, 1], flat[:3, 3] = column, row, affine[:3, 3]
    normal = np.cross(column, row)
    flat[:3, 2] = normal / (np.linalg.norm(normal) or 1.0)
    return np.asarray(_LPS_TO_RAS @ flat)
