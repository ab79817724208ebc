"""Voxels as a NIfTI file, slice by slice: a large series is never held twice.

Source: NIfTI-1 (``nifti1.h``): 348 bytes of header, 4 of extensions, then voxels, the first axis
fastest.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from dxtrace.clinical.case import Geometry
from dxtrace.reporting.mask_files import nifti_affine

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AXES = 3
_NO_EXTENSIONS = b"\0\0\0\0"
_GZIP_WINDOW = 31
_FAST = 1
_RGB = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
_AS_THEY_ARE = ("|u1", "|i1", "<i2", "<u2", "<f4")
_WIDEST_WHOLE = 2


def stored_type(dtype: np.dtype[Any], *, is_colour: bool = False) -> np.dtype[Any]:
    """The type that voxels are sent as: 8 or 16 bits where that loses nothing, else float32."""
    if is_colour:
        return np.dtype("u1")
    if dtype.kind == "b":
        return np.dtype("u1")
    little = dtype.newbyteorder("<")
    if little.str in _AS_THEY_ARE and dtype.itemsize <= _WIDEST_WHOLE:
        return little
    return np.dtype("<f4")


def nifti_length(voxels: NDArray[Any], *, is_colour: bool = False) -> int:
    """Bytes of the whole file, uncompressed."""
    return 348 + len(_NO_EXTENSIONS) + voxels.size * stored_type(
        voxels.dtype, is_colour=is_colour
    ).itemsize  # fmt: skip


def nifti_parts(
    voxels: NDArray[Any], geometry: Geometry, *, is_flat: bool = False, is_colour: bool = False
) -> Iterator[bytes]:
    """The parts of a NIfTI file.

    Args:
        voxels: axes (slice, row, column); of a colour image a last one of 3, from 0 to 255.
        geometry: where they lie, in the order of these axes (of a single image: row, column).
        is_flat: whether it is a single image.
        is_colour: whether the last axis is colour.
    """
    kind = stored_type(voxels.dtype, is_colour=is_colour)
    yield _header(voxels.shape[:_AXES], _RGB if is_colour else kind, geometry, is_flat=is_flat)
    for part in voxels:
        yield np.ascontiguousarray(part).astype(kind, copy=False).tobytes()


def compressed(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same, as gzip."""
    machine = zlib.compressobj(_FAST, zlib.DEFLATED, _GZIP_WINDOW)
    for part in parts:
        packed = machine.compress(part)
        if packed:
            yield packed
    yield machine.flush()


def _header(
    shape: tuple[int, ...], kind: np.dtype[Any], geometry: Geometry, *, is_flat: bool
) -> bytes:
    import nibabel

    header: Any = nibabel.Nifti1Header(endianness="<")  # type: ignore[no-untyped-call]
    header.set_data_dtype(kind)
    header.set_data_shape(tuple(reversed(shape)))
    spacing = geometry.voxel_spacing_mm
    if spacing is not None:
        header.set_zooms((*reversed(spacing), *(1.0,) * (_AXES - len(spacing))))
    if geometry.affine is not None:
        header.set_sform(nifti_affine(geometry, 2 if is_flat else _AXES), code="scanner")
    known = spacing is not None or geometry.affine is not None
    header.set_xyzt_units("mm" if known else "unknown")
    header["vox_offset"] = 352
    header["magic"] = b"n+1"
    return bytes(header.binaryblock) + _NO_EXTENSIONS
