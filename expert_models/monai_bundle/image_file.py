"""A volume as the file that a bundle's ``LoadImaged`` reads, and its output back on our axes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dxtrace.clinical.volume import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PLANE, _STACK = 2, 3
_LPS_TO_RAS = (-1.0, -1.0, 1.0, 1.0)


def write_image(volume: Volume, folder: Path, name: str = "image") -> Path:
    """Write a volume: a stack as NIfTI with axes (column, row, slice), a plane as PNG.

    Args:
        volume: what to write.
        folder: where to.
        name: of the file, without suffix.

    Raises:
        ValueError: if it is neither a stack nor a plane.
    """
    dimensions = len(volume.spatial_shape)
    if dimensions == _STACK and not volume.is_colour:
        return _write_nifti(volume, folder / f"{name}.nii")
    if dimensions == _PLANE:
        return _write_png(volume, folder / f"{name}.png")
    raise ValueError(f"expected a stack or a plane of grey values, got {volume.voxels.shape}")


def file_affine(volume: Volume) -> NDArray[Any]:
    """Where the voxels of the file lie: (column, row, slice) to RAS, 4 x 4, in mm.

    A stack whose place is unknown lies at the origin, with its spacing if that is known.
    """
    import numpy as np

    affine = np.eye(4)
    if volume.geometry.affine is not None:
        affine = np.diag(_LPS_TO_RAS) @ np.asarray(volume.geometry.affine)[:, [2, 1, 0, 3]]
    elif volume.geometry.voxel_spacing_mm is not None:
        affine[:3, :3] = np.diag(volume.geometry.voxel_spacing_mm[::-1])
    return affine


def our_axes(array: NDArray[Any], *, rows_first: bool) -> NDArray[Any]:
    """Channels on the axes of the file, as (channel, slice, row, column) or (channel, row, column).

    Args:
        array: (channel, column, row, slice) or (channel, column, row), as MONAI's readers have it.
        rows_first: the bundle's reader keeps (row, column), by ``reverse_indexing: false``.
    """
    if array.ndim == _PLANE + 1 and rows_first:
        return array
    return array.transpose(0, *range(array.ndim - 1, 0, -1))


def _write_nifti(volume: Volume, path: Path) -> Path:
    import nibabel
    import numpy as np

    voxels = volume.voxels.transpose(2, 1, 0)
    affine = file_affine(volume)
    kind = np.int16 if np.issubdtype(voxels.dtype, np.integer) and _fits(voxels) else np.float32
    # Not compressed: the file lives for one call.
    nibabel.save(nibabel.Nifti1Image(voxels.astype(kind), affine), path)  # type: ignore[no-untyped-call]
    return path


def _fits(voxels: NDArray[Any]) -> bool:
    import numpy as np

    limits = np.iinfo(np.int16)
    return bool(voxels.min() >= limits.min and voxels.max() <= limits.max)


def _write_png(volume: Volume, path: Path) -> Path:
    import numpy as np
    from PIL import Image

    voxels = volume.voxels
    if volume.is_colour or voxels.dtype == np.uint8:
        Image.fromarray(voxels.astype(np.uint8)).save(path, compress_level=1)
        return path
    low, high = float(voxels.min()), float(voxels.max())
    top = np.iinfo(np.uint16).max
    whole = np.issubdtype(voxels.dtype, np.integer) and low >= 0 and high <= top
    # What is no whole number has no fixed scale: bundles for planes scale by what they find.
    scaled = voxels if whole else (voxels - low) * (top / max(high - low, 1e-12))
    Image.fromarray(scaled.astype(np.uint16)).save(path, compress_level=1)
    return path
