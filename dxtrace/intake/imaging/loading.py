"""A series to a volume, kept for the next call."""

import threading
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import numpy as np

from dxtrace.clinical import Series
from dxtrace.clinical.volume import Volume
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.imaging.burned_in_text import has_text
from dxtrace.intake.imaging.dicom_dataset import DAMAGE
from dxtrace.intake.imaging.dicom_header import PROJECTIONS, read_dicom_header
from dxtrace.intake.imaging.dicom_series import build_stacks
from dxtrace.intake.imaging.dicom_volume import load_stack
from dxtrace.intake.imaging.file_format import HEAD_BYTES, FileFormat, sniff_format
from dxtrace.intake.imaging.pixel_modality import (
    body_part_of_ct,
    modality_of_picture,
    modality_of_volume,
)
from dxtrace.intake.imaging.sources import file_on_disk, read_source
from dxtrace.intake.limits import IntakeLimits

_DICOM = frozenset((FileFormat.DICOM, FileFormat.BARE_DICOM))
VolumeKey = tuple[tuple[str, int, int], ...]
MODALITY_UNKNOWN = "the modality is indeterminate: neither header nor pixels tell"
_TEXT_SEEN = "something in them looks like it"
_TEXT_NOTE = (
    f"text may be burned into the pixels: {_TEXT_SEEN}; look before images or pictures of them are "
    "passed on"
)
# Text is looked for where it is usual; slices of a CT or an MR hold none.
_WITHOUT_TEXT = frozenset(("CT", "MR", "PT", "SEG"))


class _Cache:
    """Volumes by path, time of change and size of their files; the least recently used go first."""

    def __init__(self) -> None:
        self._volumes: OrderedDict[VolumeKey, Volume] = OrderedDict()
        self._lock = threading.Lock()
        self._loading: dict[VolumeKey, threading.Lock] = {}

    def lock_for(self, key: VolumeKey) -> threading.Lock:
        """A lock that lets one thread load a volume while others wait for it."""
        with self._lock:
            return self._loading.setdefault(key, threading.Lock())

    def get(self, key: VolumeKey) -> Volume | None:
        with self._lock:
            volume = self._volumes.get(key)
            if volume is not None:
                self._volumes.move_to_end(key)
            return volume

    def put(self, key: VolumeKey, volume: Volume, most_bytes: int) -> None:
        with self._lock:
            self._loading.pop(key, None)
            self._volumes[key] = volume
            while sum(v.voxels.nbytes for v in self._volumes.values()) > most_bytes:
                self._volumes.popitem(last=False)

    def shrink(self, most: int) -> None:
        with self._lock:
            while len(self._volumes) > most:
                self._volumes.popitem(last=False)
            self._loading.clear()


_cache = _Cache()


def load_volume(series: Series, limits: IntakeLimits | None = None) -> Volume:
    """Read the pixels of a series.

    The voxels are read-only, as several experts may share them; copy what you change. They have
    axes (slice, row, column) for what has a slice axis: every volume, and a single CT or MR slice
    whose place in space is known. A radiograph or a picture has (row, column).

    Where headers are silent, modality and body part come from the pixels, if those tell; a note
    says so.

    Args:
        series: as :func:`describe_images` gives it, or any series that refers to one volume.
        limits: what is accepted.

    Raises:
        IntakeError: if files are gone, damaged, beyond the limits, or no single volume.
    """
    limits = limits or IntakeLimits()
    if not series.images:
        raise IntakeError("expected a series with images, got none")
    try:
        key = volume_key(series)
        with _cache.lock_for(key):
            volume = _cache.get(key)
            if volume is None:
                volume = _read(series, limits)
                volume.voxels.setflags(write=False)
                _cache.put(key, volume, limits.max_cached_bytes)
    except OSError as error:
        raise IntakeError(f"cannot be read: {error.strerror}") from None
    except MemoryError:
        raise IntakeError("the pixels do not fit into memory") from None
    return _as_stated(volume, series)


def forget_volumes(*, but_last: int = 0) -> None:
    """Empty the cache.

    Args:
        but_last: so many volumes, those used last, stay.
    """
    _cache.shrink(but_last)


def volume_key(series: Series) -> VolumeKey:
    """What a volume is known by: path, time of change and size of each of its files.

    Raises:
        IntakeError: if a file is gone.
        OSError: if one cannot be looked at.
    """
    key = []
    for image in series.images:
        holder = file_on_disk(image.path)
        if holder is None:
            raise IntakeError("an image file of the case is no longer there")
        found = holder.stat()
        key.append((str(image.path), found.st_mtime_ns, found.st_size))
    return tuple(key)


def _as_stated(volume: Volume, series: Series) -> Volume:
    """What the case says about the series goes before what its files say."""
    first = series.images[0]
    modality = first.modality or series.modality or volume.modality
    return replace(
        volume,
        series=series.id,
        modality=modality,
        body_part=first.body_part or volume.body_part,
        view=first.view or volume.view,
        notes=tuple(n for n in volume.notes if modality is None or n != MODALITY_UNKNOWN),
    )


def _read(series: Series, limits: IntakeLimits) -> Volume:
    paths = [image.path for image in series.images]
    kinds = {sniff_format(read_source(p, limits, first=HEAD_BYTES), p) for p in paths}
    if kinds <= _DICOM:
        volume = _read_dicom(paths, limits)
    elif len(paths) > 1:
        raise IntakeError(f"expected one file for a volume that is not DICOM, got {len(paths)}")
    else:
        kind = kinds.pop()
        if kind is None:
            raise IntakeError("expected an image, got something else or a damaged file")
        volume = _read_other(paths[0], kind, limits)
    return add_pixel_facts(volume)


def _read_dicom(paths: list[Path], limits: IntakeLimits) -> Volume:
    headers = [read_dicom_header(path, limits) for path in paths]
    stacks = build_stacks([header for header in headers if header is not None])
    if len(stacks) != 1 and len(headers) > 1:
        stacks = tuple(s for s in stacks if len(s.headers) == len(paths))
    if len(stacks) != 1:
        raise IntakeError("expected the slices of one volume, got none or those of several")
    return load_stack(stacks[0], limits)


def _read_other(path: Path, kind: FileFormat, limits: IntakeLimits) -> Volume:
    is_colour = False
    try:
        if kind is FileFormat.PICTURE:
            from dxtrace.intake.imaging.picture_file import load_picture

            voxels, is_colour, header = load_picture(path, limits)
        elif kind is FileFormat.NIFTI:
            from dxtrace.intake.imaging.nifti_file import load_nifti

            voxels, header = load_nifti(path, limits)
        else:
            from dxtrace.intake.imaging.itk_file import load_itk

            voxels, header = load_itk(path, limits)
    except DAMAGE as error:
        if isinstance(error, IntakeError):
            raise
        raise IntakeError("the image is damaged or cut short") from None
    return Volume(
        voxels=voxels,
        geometry=header.geometry,
        sources=(str(path),),
        notes=header.notes,
        is_colour=is_colour or (header.samples > 1 and kind is not FileFormat.PICTURE),
    )


def add_pixel_facts(volume: Volume) -> Volume:
    """Modality and body part from pixels where nothing else says them, and text in pixels.

    What was derived, and that something could not be, is added to the notes.
    """
    modality, part, unit, notes = volume.modality, volume.body_part, volume.unit, []
    is_volume = len(volume.spatial_shape) == 3  # noqa: PLR2004 - slices
    if modality is None and volume.voxels.dtype.kind != "b":
        if is_volume and not volume.is_colour:
            modality = modality_of_volume(volume.voxels)
            unit = "HU" if modality == "CT" else unit
        elif not is_volume:
            modality = modality_of_picture(volume.voxels, is_colour=volume.is_colour)
        notes.append(
            f"modality {modality}, from the pixels alone" if modality
            else MODALITY_UNKNOWN
        )  # fmt: skip
    if part is None and unit == "HU" and is_volume:
        part = body_part_of_ct(volume.voxels)
        if part:
            notes.append(f"body part {part}, from the pixels alone")
    text = volume.may_have_text
    if _may_have_text(volume, modality):
        notes.append(_TEXT_NOTE)
        text = text or _TEXT_SEEN
    return replace(
        volume, modality=modality, body_part=part, unit=unit, may_have_text=text,
        notes=(*volume.notes, *notes),
    )  # fmt: skip


def _may_have_text(volume: Volume, modality: str | None) -> bool:
    if modality in _WITHOUT_TEXT or not np.isfinite(volume.voxels.flat[0]):
        return False
    spatial = len(volume.spatial_shape)
    if spatial == 3 and modality in (None, *PROJECTIONS):  # noqa: PLR2004 - slices
        return False
    return has_text(volume.voxels[0] if spatial == 3 else volume.voxels)  # noqa: PLR2004
