"""NIfTI files: RAS on disk, LPS here; axes reversed, voxels never flipped or resampled."""

import gzip
import itertools
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError, ImageDataError
from nibabel.wrapstruct import WrapStructError
from numpy.typing import NDArray

from dxtrace.clinical.case import Geometry
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.imaging.dicom_dataset import DAMAGE
from dxtrace.intake.imaging.lengths import is_length
from dxtrace.intake.imaging.sources import read_source
from dxtrace.intake.imaging.stack_geometry import axis_codes
from dxtrace.intake.imaging.volumetric_header import VolumetricHeader, check_shape
from dxtrace.intake.limits import IntakeLimits

_DAMAGE = (*DAMAGE, HeaderDataError, ImageDataError, WrapStructError, gzip.BadGzipFile, zlib.error)
_GZIP = b"\x1f\x8b"
# Header and extensions; voxels that begin later would make a reader inflate for nothing.
_LATEST_START = 16_000_000
_HEAD = 4096
_MM = {"mm": 1.0, "meter": 1000.0, "micron": 0.001, "unknown": 1.0}
_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
# Shear or scale beyond rounding in what should be a rotation.
_ANGLE_TOLERANCE = 1e-3
_AT_ODDS = (
    "the file states two places in the patient that are not the same (sform and qform): the first "
    "is used; check sides and lengths"
)


def read_nifti_header(path: Path, limits: IntakeLimits) -> VolumetricHeader:
    """Shape and geometry from the header alone.

    Raises:
        IntakeError: if it is damaged, has more than three axes, or is beyond the limits.
    """
    head = read_source(path, limits, first=_HEAD)
    if head.startswith(_GZIP):
        try:
            head = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, _HEAD)
        except zlib.error:
            raise IntakeError("the gzip data are damaged") from None
    return _describe(_parse(head), limits)


def load_nifti(path: Path, limits: IntakeLimits) -> tuple[NDArray[Any], VolumetricHeader]:
    """Voxels in our axis order, scaled as the header says, and the header.

    Raises:
        IntakeError: as :func:`read_nifti_header`, or if the voxels are cut short.
    """
    described = read_nifti_header(path, limits)
    raw = read_source(path, limits)
    try:
        stream: Any = gzip.GzipFile(fileobj=BytesIO(raw)) if raw.startswith(_GZIP) else BytesIO(raw)
        header = _parse(raw[:_HEAD] if not raw.startswith(_GZIP) else stream.read(_HEAD))
        stream.seek(0)
        values = np.asarray(header.data_from_fileobj(stream))
    except IntakeError:
        raise
    except _DAMAGE:
        raise IntakeError("the voxels are damaged or cut short") from None
    if values.dtype.fields:
        values = np.stack([values[name] for name in "RGB"], axis=-1)
        axes = (*reversed(range(values.ndim - 1)), values.ndim - 1)
        values = values.transpose(axes)
        return np.ascontiguousarray(values.reshape(*described.shape, 3)), described
    values = values.T.reshape(described.shape)
    if values.dtype.itemsize > np.dtype(np.int16).itemsize and values.dtype != np.float32:
        values = _narrowed(values)
    return np.ascontiguousarray(values), described


def _narrowed(values: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers stored or scaled to wider types: back to 16 bits where nothing is lost."""
    limits = np.iinfo(np.int16)
    if (
        values.size
        and np.isfinite(values).all()
        and values.min() >= limits.min
        and values.max() <= limits.max
    ):
        whole = values.astype(np.int16)
        if np.array_equal(whole, values):
            return whole
    with np.errstate(over="ignore"):  # what is larger becomes infinite, and is no tissue either way
        return values.astype(np.float32)


def _parse(head: bytes) -> Any:
    classes: tuple[Any, ...] = (nib.Nifti1Header, nib.Nifti2Header)
    for kind in classes:
        try:
            header = kind.from_fileobj(BytesIO(head[: kind.template_dtype.itemsize]), check=False)
            if int(header["sizeof_hdr"]) == kind.sizeof_hdr:
                return header
        except _DAMAGE:
            continue
    raise IntakeError("the NIfTI header is damaged or cut short")


def _describe(header: Any, limits: IntakeLimits) -> VolumetricHeader:
    try:
        if bytes(header["magic"]).rstrip(b"\0")[:2] == b"ni":
            raise IntakeError("expected header and voxels in one file, got a header alone")  # noqa: TRY301 - one path for every refusal
        if not 0 <= float(header["vox_offset"]) <= _LATEST_START:
            raise IntakeError("the NIfTI header is damaged: its voxels begin nowhere near")  # noqa: TRY301
        shape = tuple(int(n) for n in header.get_data_shape())
        kind = header.get_data_dtype()
        affine, stated = np.asarray(header.get_best_affine(), dtype=float), _place_is_stated(header)
        factor = _MM.get(header.get_xyzt_units()[0], 1.0)
    except IntakeError:
        raise
    except _DAMAGE:
        raise IntakeError("the NIfTI header is damaged") from None
    while len(shape) > 3 and shape[-1] == 1:  # noqa: PLR2004 - trailing axes of one
        shape = shape[:-1]
    # Scaled values may come out as 64-bit floats.
    check_shape(shape[::-1], max(kind.itemsize, 1), limits)
    samples = 3 if kind.fields else 1
    if kind.kind == "c":
        raise IntakeError("expected real values, got complex ones")
    affine = affine.copy()
    affine[:3] *= factor
    geometry, notes = _geometry(affine, len(shape), stated=stated)
    return VolumetricHeader(shape[::-1], geometry, samples, (*notes, *_at_odds(header, shape)))


def _at_odds(header: Any, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Whether the two places that a file may state are different ones."""
    if min(int(header[code]) for code in ("sform_code", "qform_code")) <= 0:
        return ()
    try:
        both = [np.asarray(form(), dtype=float) for form in (header.get_sform, header.get_qform)]
    except _DAMAGE:
        return (_AT_ODDS,)
    corners = np.array(list(itertools.product(*((0, n - 1) for n in (*shape, 1, 1)[:3]), (1,))))
    apart = np.linalg.norm((both[0] - both[1])[:3] @ corners.T, axis=0).max()
    return () if apart <= np.linalg.norm(both[0][:3, :3], axis=0).min() / 2 else (_AT_ODDS,)


def _place_is_stated(header: Any) -> bool:
    return int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0


def _geometry(
    affine: NDArray[np.float64], axes: int, *, stated: bool
) -> tuple[Geometry, tuple[str, ...]]:
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or not all(map(is_length, lengths)):
        return Geometry(), ("the voxel spacing is not valid: lengths are unknown",)
    spacing = tuple(float(n) for n in lengths[:axes][::-1])
    directions = affine[:3, :3] / lengths
    if axes < 3 or not stated:  # noqa: PLR2004 - a plane
        note = () if stated else ("the file does not say where it lies in the patient",)
        return Geometry(voxel_spacing_mm=spacing), note
    if abs(np.linalg.det(directions)) < _ANGLE_TOLERANCE:
        return Geometry(), ("the axes of the volume lie in one plane: its place is unknown",)
    notes: tuple[str, ...] = ()
    if np.abs(directions.T @ directions - np.eye(3)).max() > _ANGLE_TOLERANCE:
        notes = ("the axes of the volume are not at right angles; the affine holds the shear",)
        # As for a tilted gantry, the product of the spacings is the volume of a voxel.
        true = float(abs(np.linalg.det(affine[:3, :3])))
        spacing = (true / (spacing[1] * spacing[2]), spacing[1], spacing[2])
    lps = (_TO_LPS @ affine)[:, [2, 1, 0, 3]]
    rows = tuple((float(r[0]), float(r[1]), float(r[2]), float(r[3])) for r in lps)
    return Geometry(voxel_spacing_mm=spacing, affine=rows, orientation=axis_codes(rows)), notes
