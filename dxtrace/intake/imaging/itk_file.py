"""NRRD and MetaImage files through SimpleITK; what the file does not state stays unknown."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the library's own name
from numpy.typing import NDArray

from dxtrace.clinical.case import Geometry
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.imaging.lengths import is_length
from dxtrace.intake.imaging.sources import read_source
from dxtrace.intake.imaging.stack_geometry import axis_codes
from dxtrace.intake.imaging.volumetric_header import VolumetricHeader, check_shape
from dxtrace.intake.limits import IntakeLimits

_HEAD = 65_536
_NRRD = b"NRRD"
_READERS = {".nrrd": "NrrdImageIO", ".mha": "MetaImageIO"}
_COLOUR = 3
# A header may point to another file; only voxels in the same file are read.
_ELSEWHERE = re.compile(
    rb"^(?:data ?file\s*:|elementdatafile\s*=(?!\s*local\b))", re.MULTILINE | re.IGNORECASE
)
_SPACING = re.compile(
    rb"^(?:space directions\s*:|spacings\s*:|element(?:spacing|size)\s*=)",
    re.MULTILINE | re.IGNORECASE,
)
_ROUNDING = 1e-3
"""How far direction cosines may be from right angles by rounding."""
_PLACE = re.compile(
    rb"^(?:space origin\s*:|(?:offset|origin|position)\s*=)", re.MULTILINE | re.IGNORECASE
)
# Of NRRD. ITK takes every unit for a millimetre, every space for the patient's, and a missing
# length for one.
_UNITS = re.compile(rb"^(?:space )?units\s*:(.*)", re.MULTILINE | re.IGNORECASE)
_DIRECTIONS = re.compile(rb"^space directions\s*:(.*)", re.MULTILINE | re.IGNORECASE)
_PATIENT_SPACE = re.compile(
    rb"^space\s*:\s*(?:(?:left|right)-|[lr][ap]s)", re.MULTILINE | re.IGNORECASE
)
_MM = frozenset((b"mm", b"millimeter", b"millimetre", b""))
_META_END = b"elementdatafile"


def read_itk_header(path: Path, limits: IntakeLimits) -> VolumetricHeader:
    """Shape and geometry from the header alone.

    Raises:
        IntakeError: if it is damaged, refers to another file, or is beyond the limits.
    """
    with _on_disk(path, limits) as file:
        return _describe(_reader(file), _head_of(path, limits), limits)


def load_itk(path: Path, limits: IntakeLimits) -> tuple[NDArray[Any], VolumetricHeader]:
    """Voxels in our axis order, and the header.

    Raises:
        IntakeError: as :func:`read_itk_header`, or if the voxels are damaged or cut short.
    """
    with _on_disk(path, limits) as file:
        reader = _reader(file)
        described = _describe(reader, _head_of(path, limits), limits)
        try:
            values = sitk.GetArrayFromImage(reader.Execute())
        except (RuntimeError, MemoryError):
            raise IntakeError("the voxels are damaged or cut short") from None
    shape = (*described.shape, _COLOUR) if described.samples > 1 else described.shape
    return values[..., :_COLOUR].reshape(shape) if described.samples > 1 else values.reshape(
        shape
    ), described  # fmt: skip


@contextmanager
def _on_disk(path: Path, limits: IntakeLimits) -> Iterator[Path]:
    """SimpleITK reads files: one from an archive is written out for as long as it is read."""
    if path.is_file():
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"volume{path.suffix.lower()}"
        file.write_bytes(read_source(path, limits))
        yield file


def _head_of(path: Path, limits: IntakeLimits) -> bytes:
    head = read_source(path, limits, first=_HEAD)
    if head.startswith(_NRRD):
        end = re.search(rb"\r?\n\r?\n", head)
        head = head[: end.start()] if end else head
    else:
        place = head.lower().find(_META_END)
        line_end = head.find(b"\n", place)
        head = head[:line_end] if place >= 0 and line_end >= 0 else head
    if _ELSEWHERE.search(head):
        raise IntakeError("expected header and voxels in one file, got a header that refers to one")
    return head


def _reader(file: Path) -> Any:
    library: Any = sitk
    reader = library.ImageFileReader()
    reader.SetImageIO(_READERS.get(file.suffix.lower(), "NrrdImageIO"))
    reader.SetFileName(str(file))
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        raise IntakeError("the header is damaged or cut short") from None
    return reader


def _describe(reader: Any, head: bytes, limits: IntakeLimits) -> VolumetricHeader:
    size = list(reader.GetSize())
    while len(size) > 3 and size[-1] == 1:  # noqa: PLR2004 - trailing axes of one
        size.pop()
    axes = len(size)
    samples = int(reader.GetNumberOfComponents())
    if samples not in (1, _COLOUR, _COLOUR + 1):
        raise IntakeError(f"expected 1 or 3 values a voxel, got {samples}")
    item = np.dtype(np.float64).itemsize * samples
    check_shape(tuple(reversed(size)), item, limits)
    geometry, notes = _geometry(reader, axes, head)
    return VolumetricHeader(tuple(reversed(size)), geometry, samples, notes)


def _geometry(reader: Any, axes: int, head: bytes) -> tuple[Geometry, tuple[str, ...]]:
    if not _SPACING.search(head):
        return Geometry(), ("the file states no voxel spacing: lengths are unknown",)
    spacing = np.asarray(reader.GetSpacing()[:axes], dtype=float)
    if not all(map(is_length, spacing)):
        return Geometry(), ("the voxel spacing is not valid: lengths are unknown",)
    ours = tuple(float(n) for n in spacing[::-1])
    if not _is_in_millimetres(head, axes):
        return Geometry(), ("lengths are not all stated in millimetres: they are unknown",)
    if axes < 3 or not _PLACE.search(head):  # noqa: PLR2004 - a plane
        return Geometry(voxel_spacing_mm=ours), ()
    if head.startswith(_NRRD) and not _PATIENT_SPACE.search(head):
        note = "the file does not say where it lies in the patient"
        return Geometry(voxel_spacing_mm=ours), (note,)
    total = reader.GetDimension()
    directions = np.asarray(reader.GetDirection(), dtype=float).reshape(total, total)[:3, :3]
    if np.abs(directions.T @ directions - np.eye(3)).max() > _ROUNDING:
        note = "the axes of the volume are not at right angles: its place is unknown"
        return Geometry(voxel_spacing_mm=ours), (note,)
    columns = (directions * spacing)[:, ::-1]
    origin = reader.GetOrigin()
    rows = (
        *((*map(float, columns[n]), float(origin[n])) for n in range(3)),
        (0.0, 0.0, 0.0, 1.0),
    )
    affine = tuple((r[0], r[1], r[2], r[3]) for r in rows)
    return Geometry(voxel_spacing_mm=ours, affine=affine, orientation=axis_codes(affine)), ()


def _is_in_millimetres(head: bytes, axes: int) -> bool:
    """Whether every axis of a volume has a length, and none a unit other than the millimetre."""
    directions, units = _DIRECTIONS.search(head), _UNITS.search(head)
    if directions and directions[1].count(b"(") < axes:
        return False
    quoted = re.findall(rb'"([^"]*)"', units[1]) if units else []
    return all(unit.strip().lower() in _MM for unit in quoted)
