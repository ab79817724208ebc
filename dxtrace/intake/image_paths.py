"""Images by reference: paths are resolved and checked, headers are read, no pixel is."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dxtrace.intake.errors import IntakeError, OutsideError
from dxtrace.intake.file_kind import refuse_odd_file
from dxtrace.intake.limits import IntakeLimits

if TYPE_CHECKING:
    from dxtrace.clinical import Series
    from dxtrace.intake.case_fields import ImageFields
    from dxtrace.intake.imaging import ImageReading

IMAGE_SUFFIXES = (
    ".dcm", ".dicom", ".ima", ".nii", ".nii.gz", ".nrrd", ".mha", ".png", ".jpg", ".jpeg", ".tif",
    ".tiff",
)  # fmt: skip
ARCHIVE_SUFFIX = ".zip"

# DICOM files often have no suffix, or what follows the last dot of a UID; part 10 of the standard
# puts this at byte 128.
_DICOM_MAGIC = b"DICM"
_DICOM_PREAMBLE = 128
_TEXT_SUFFIXES = frozenset((".txt", ".json", ".jsonl", ".yaml", ".yml"))


def is_image(path: Path) -> bool:
    """Whether a case may refer to a file for images: by its name, as DICOM, or a zip archive."""
    if not path.is_file():
        return False
    return path.name.lower().endswith((*IMAGE_SUFFIXES, ARCHIVE_SUFFIX)) or _is_dicom(path)


def _is_dicom(path: Path) -> bool:
    if path.suffix.lower() in _TEXT_SUFFIXES:
        return False
    with path.open("rb") as stream:
        stream.seek(_DICOM_PREAMBLE)
        return stream.read(len(_DICOM_MAGIC)) == _DICOM_MAGIC


def resolve_inside(given: str, base: Path, limits: IntakeLimits, *, field: str) -> Path:
    """Resolve a path that a case names.

    Args:
        given: the path as written; relative paths are relative to ``base``.
        base: folder of the file that names it.
        limits: says which folder it must lie in, links resolved.
        field: for the message.

    Raises:
        IntakeError: if nothing is there, or if it lies outside.
    """
    root = (limits.data_root or base).resolve()
    if "\0" in given:
        raise IntakeError(f"expected a path, got one with a null byte: {given!r}", field=field)
    try:
        resolved = (base / given).resolve()
        exists = resolved.exists()
    except (OSError, RuntimeError) as error:
        raise IntakeError(f"cannot look up {given!r}: {error}", field=field) from None
    if not resolved.is_relative_to(root):
        raise OutsideError(
            f"expected a path inside {root}, got {given!r}, which leads to {resolved} "
            f"(name a wider folder with --data-root)",
            field=field,
        )
    if not exists:
        raise IntakeError(f"expected an existing file or folder, got {given!r}", field=field)
    refuse_odd_file(resolved, field=field)
    return resolved


def read_images(
    images: Sequence["ImageFields"],
    base: Path,
    limits: IntakeLimits,
    *,
    field: str,
    prefix: str = "series-",
) -> "ImageReading":
    """Describe the images behind each path that a case names; no pixel is read.

    What the case says of them goes before what their headers and pixels say.

    Args:
        images: files, folders or archives as written; relative paths are relative to ``base``.
        base: folder of the file that names them.
        limits: what is accepted, and from where.
        field: for the message.
        prefix: what the ids of the series begin with.

    Raises:
        IntakeError: as :func:`resolve_inside`, or if nothing behind a path can be read.
    """
    # numpy and pydicom: only a case with images needs them.
    from dxtrace.intake.imaging import describe_images
    from dxtrace.intake.imaging.reading import join_readings

    readings: list[ImageReading] = []
    count = 0
    for number, given in enumerate(images):
        name = f"{field}[{number}]"
        path = resolve_inside(given.path, base, limits, field=name)
        try:
            reading = describe_images(path, limits, prefix=prefix, first_number=count + 1)
        except IntakeError as error:
            raise error.at(field=name) from None
        readings.append(_as_stated(reading, given))
        count += len(reading.series)
    return join_readings(readings)


def _as_stated(reading: "ImageReading", stated: "ImageFields") -> "ImageReading":
    """A reading with what the case says of its images; a note where the images say otherwise."""
    said = stated.model_dump(exclude={"path"}, exclude_none=True)
    if not said:
        return reading
    notes = []
    for series in reading.series:
        first = series.images[0]
        known = {
            "modality": first.modality or series.modality,
            "body_part": first.body_part,
            "view": first.view,
            "contrast": series.contrast,
            "sequence": series.sequence,
        }
        notes += [
            f"{series.id}: {key.replace('_', ' ')}: the case says {value}, the images {known[key]}"
            for key, value in said.items()
            if known[key] not in (None, value)
        ]
    found = tuple(_stated_series(series, said) for series in reading.series)
    from dxtrace.intake.imaging.loading import MODALITY_UNKNOWN

    told = tuple(
        n for n in reading.notes if "modality" not in said or not n.endswith(MODALITY_UNKNOWN)
    )
    return replace(reading, series=found, notes=(*told, *notes))


def _stated_series(series: "Series", said: dict[str, Any]) -> "Series":
    of_series = {k: v for k, v in said.items() if k in ("modality", "contrast", "sequence")}
    of_images = {k: v for k, v in said.items() if k in ("modality", "body_part", "view")}
    images = tuple(image.model_copy(update=of_images) for image in series.images)
    return series.model_copy(update={**of_series, "images": images})
