"""Where bytes of images come from: files, folders, and zip archives, never unpacked to disk.

A file in an archive has a path of its own: ``scan.zip/series/1.dcm``. It is read from the archive
when somebody asks, so no patient's data is left behind in a temporary folder.
"""

import stat
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from dxtrace.intake.errors import IntakeError
from dxtrace.intake.file_kind import refuse_odd_file
from dxtrace.intake.limits import IntakeLimits

ARCHIVE_SUFFIX = ".zip"
# Small entries may compress as well as they like: an empty mask does.
_SMALL_ENTRY = 10_000_000
_ENCRYPTED = 0x1
ARCHIVE_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True)
class SourceList:
    """Files to look at.

    Attributes:
        paths: in the order of their names.
        notes: what was left out.
    """

    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def list_sources(path: Path, limits: IntakeLimits) -> SourceList:
    """The files that a path stands for: itself, those in a folder, or those in an archive.

    Raises:
        IntakeError: if there are too many, or the archive is damaged or would not end.
    """
    if path.is_dir():
        return _list_folder(path, limits)
    if path.suffix.lower() == ARCHIVE_SUFFIX:
        return _list_archive(path, limits)
    return SourceList((path,))


def read_source(path: Path, limits: IntakeLimits, *, first: int | None = None) -> bytes:
    """Read a file, or a file in an archive.

    Args:
        path: the path as :func:`list_sources` gives it.
        limits: what is accepted.
        first: read this many bytes only.

    Raises:
        IntakeError: if it is not there, too large or damaged.
    """
    if not path.exists():
        return _read_entry(path, limits, first)
    refuse_odd_file(path)
    size = path.stat().st_size
    if first is None and size > limits.max_image_bytes:
        raise IntakeError(
            f"expected a file of at most {limits.max_image_bytes:,} bytes, got {size:,}"
        )
    with path.open("rb") as stream:
        return stream.read(-1 if first is None else first)


def file_on_disk(path: Path) -> Path | None:
    """The file or the archive that holds ``path``, or None."""
    for candidate in (path, *path.parents):
        if candidate.is_file():
            return candidate
    return None


def _list_folder(path: Path, limits: IntakeLimits) -> SourceList:
    root = path.resolve()
    allowed = (limits.data_root or root).resolve()
    found: list[Path] = []
    said: list[str] = []
    links = 0
    for child in sorted(path.rglob("*")):
        if child.name.startswith(".") or not child.is_file():
            continue
        resolved = child.resolve()
        if not (resolved.is_relative_to(root) or resolved.is_relative_to(allowed)):
            links += 1
            continue
        if child.suffix.lower() == ARCHIVE_SUFFIX:
            try:
                inside = _list_archive(child, limits)
                found += inside.paths
                said += inside.notes
            except IntakeError as error:
                said.append(f"an archive was left out: {error.reason}")
            continue
        found.append(child)
        if len(found) > limits.max_image_files:
            raise IntakeError(f"expected at most {limits.max_image_files:,} files, got more")
    if links:
        said.append(f"{links} link(s) that lead out of the folder were left out")
    return SourceList(tuple(found), tuple(said))


@lru_cache(maxsize=4)
def _opened(path: Path, _mtime_ns: int, _size: int) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


def _archive(path: Path) -> zipfile.ZipFile:
    found = path.stat()
    try:
        return _opened(path, found.st_mtime_ns, found.st_size)
    except ARCHIVE_ERRORS:
        raise IntakeError("expected a zip archive, got a damaged or incomplete one") from None
    except (ValueError, OSError):
        raise IntakeError("expected a zip archive, got something else") from None


def _list_archive(path: Path, limits: IntakeLimits) -> SourceList:
    entries = _archive(path).infolist()
    if len(entries) > limits.max_image_files:
        raise IntakeError(
            f"expected an archive of at most {limits.max_image_files:,} entries, got "
            f"{len(entries):,}"
        )
    total = sum(entry.file_size for entry in entries)
    if total > limits.max_archive_bytes:
        raise IntakeError(
            f"expected an archive of at most {limits.max_archive_bytes:,} bytes once unpacked, "
            f"got {total:,}"
        )
    kept, odd, nested = [], 0, 0
    for entry in entries:
        _refuse_bomb(entry, limits)
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        if entry.is_dir() or name.name.startswith(".") or name.parts[:1] == ("__MACOSX",):
            continue
        if name.is_absolute() or ".." in name.parts or _is_link(entry):
            odd += 1
        elif name.suffix.lower() == ARCHIVE_SUFFIX:
            nested += 1
        else:
            kept.append(path / entry.filename)
    notes = [f"{odd} entr(ies) that lead out of the archive were left out"] if odd else []
    if nested:
        notes.append(f"{nested} archive(s) in an archive were left out")
    return SourceList(tuple(sorted(kept)), tuple(notes))


def _refuse_bomb(entry: zipfile.ZipInfo, limits: IntakeLimits) -> None:
    ratio = entry.file_size / max(entry.compress_size, 1)
    if entry.file_size > _SMALL_ENTRY and ratio > limits.max_archive_ratio:
        raise IntakeError(
            f"expected an archive whose entries grow at most {limits.max_archive_ratio} times, "
            f"got one that grows {ratio:.0f} times to {entry.file_size:,} bytes"
        )


@lru_cache(maxsize=4)
def _entries(archive: zipfile.ZipFile) -> dict[Path, zipfile.ZipInfo]:
    """Entries by path, which has no ``./`` and no ``//`` although names may."""
    return {Path(entry.filename): entry for entry in archive.infolist()}


def _is_link(entry: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)


def _read_entry(path: Path, limits: IntakeLimits, first: int | None) -> bytes:
    holder = file_on_disk(path)
    if holder is None:
        raise IntakeError("there is no such file")
    archive = _archive(holder)
    entry = _entries(archive).get(path.relative_to(holder))
    if entry is None:
        raise IntakeError("there is no such file in the archive")
    _refuse_bomb(entry, limits)
    if entry.flag_bits & _ENCRYPTED:
        raise IntakeError("expected an archive without a password, got an encrypted entry")
    if first is None and entry.file_size > limits.max_image_bytes:
        raise IntakeError(
            f"expected a file of at most {limits.max_image_bytes:,} bytes, got {entry.file_size:,}"
        )
    try:
        with archive.open(entry) as stream:
            return stream.read(-1 if first is None else first)
    except ARCHIVE_ERRORS:
        raise IntakeError("the archive is damaged: an entry cannot be unpacked") from None


def inflate(data: bytes, limit: int, *, window: int = -zlib.MAX_WBITS) -> bytes:
    """Inflate a deflated stream that may be hostile.

    Args:
        data: the deflated bytes; what follows the stream is ignored.
        limit: the largest number of bytes that may come out.
        window: as for :func:`zlib.decompressobj`; raw deflate by default.

    Raises:
        IntakeError: if it is damaged, cut short, or grows beyond the limit.
    """
    machine = zlib.decompressobj(window)
    try:
        out = machine.decompress(data, limit + 1)
    except zlib.error:
        raise IntakeError("the deflated data are damaged") from None
    if len(out) > limit:
        raise IntakeError(f"expected at most {limit:,} bytes once inflated, got more")
    if not machine.eof:
        raise IntakeError("the deflated data are cut short")
    return out
