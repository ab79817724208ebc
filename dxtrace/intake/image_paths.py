"""Images by reference: paths are resolved and checked, no pixel is read."""

from pathlib import Path

from dxtrace.clinical import Image, Series
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.file_kind import refuse_odd_file
from dxtrace.intake.limits import IntakeLimits

IMAGE_SUFFIXES = (".dcm", ".dicom", ".nii", ".nii.gz", ".png", ".jpg", ".jpeg", ".tif", ".tiff")


# DICOM files often have no suffix; part 10 of the standard puts this at byte 128.
_DICOM_MAGIC = b"DICM"
_DICOM_PREAMBLE = 128


def is_image(path: Path) -> bool:
    """Whether a file is an image that a case may refer to, by its name or as DICOM."""
    return path.is_file() and (path.name.lower().endswith(IMAGE_SUFFIXES) or _is_dicom(path))


def _is_dicom(path: Path) -> bool:
    if path.suffix:
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
        raise IntakeError(
            f"expected a path inside {root}, got {given!r}, which leads to {resolved} "
            f"(name a wider folder with --data-root)",
            field=field,
        )
    if not exists:
        raise IntakeError(f"expected an existing file or folder, got {given!r}", field=field)
    refuse_odd_file(resolved, field=field)
    return resolved


def list_images(path: Path, *, field: str) -> tuple[Image, ...]:
    """The images that a path stands for: one file, or the image files of a folder.

    Raises:
        IntakeError: if a folder holds no image.
    """
    if path.is_file():
        return (Image(path=path),)
    found = sorted(p for p in path.rglob("*") if is_image(p) and not p.name.startswith("."))
    if not found:
        raise IntakeError(f"expected images in the folder {path}, got none", field=field)
    return tuple(Image(path=p) for p in found)


def read_series(
    paths: tuple[str, ...], base: Path, limits: IntakeLimits, *, field: str
) -> tuple[Series, ...]:
    """One series for each path that a case names.

    Raises:
        IntakeError: as :func:`resolve_inside` and :func:`list_images`.
    """
    series = []
    for number, given in enumerate(paths):
        name = f"{field}[{number}]"
        path = resolve_inside(given, base, limits, field=name)
        series.append(Series(id=name, images=list_images(path, field=name)))
    return tuple(series)
