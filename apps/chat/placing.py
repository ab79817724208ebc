"""Where a file that is brought is put: under a safe name, and never in the place of another."""

import filecmp
import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from apps.chat.refusals import UploadError

_UNSAFE = re.compile(r"[^\w.() +-]")
_LONGEST_NAME = 120
_LONGEST_NAME_BYTES = 200
"""File systems take 255 bytes; a number may have to be added."""
_LONGEST_SUFFIX = 15
_DEEPEST = 12
_MOST_ALIKE = 1000


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a file was put.

    Attributes:
        path: where it is.
        is_new: whether it was not there before with the same content.
        is_renamed: whether another file has the name that it came with.
    """

    path: Path
    is_new: bool = True
    is_renamed: bool = False


def safe_name(given: str) -> PurePosixPath:
    """A relative path that cannot leave the folder it is put in.

    Args:
        given: what the browser calls the file; a folder's files come with their path in it.

    Raises:
        UploadError: if nothing is left of it.
    """
    parts = [_safe_part(p) for p in given.replace("\\", "/").split("/")]
    kept = [p for p in parts if p][-_DEEPEST:]
    if not kept:
        raise UploadError("expected a file with a name")
    return PurePosixPath(*kept)


def _safe_part(part: str) -> str:
    plain = _UNSAFE.sub("_", unicodedata.normalize("NFC", part)).lstrip(".").strip()
    if len(plain) <= _LONGEST_NAME and len(plain.encode()) <= _LONGEST_NAME_BYTES:
        return plain
    # What tells long names apart often stands at their end: a hash of the whole keeps that.
    whole = hashlib.sha256(plain.encode()).hexdigest()[:12]
    ending = _ending(plain)
    room = _LONGEST_NAME_BYTES - len(whole) - len(ending.encode()) - 1
    beginning = plain[: _LONGEST_NAME - len(whole) - _LONGEST_SUFFIX - 1].encode()[:room]
    return f"{beginning.decode(errors='ignore')}~{whole}{ending}"


def make_folders(folder: Path, name: PurePosixPath) -> Path:
    """Make the folders that a name has in it.

    Args:
        folder: an existing folder; it is not made, as somebody may have removed it on purpose.
        name: a relative path.

    Returns:
        The folder of the file.

    Raises:
        UploadError: if a file has the name of a folder.
        FileNotFoundError: if the folder is gone.
    """
    place = folder
    for part in name.parts[:-1]:
        place /= part
        try:
            place.mkdir(mode=0o700)
        except FileExistsError:
            if not place.is_dir():
                raise UploadError(f"{part}: a file and a folder have the same name") from None
    return place


def put_in_place(file: Path, folder: Path, name: PurePosixPath) -> Placed:
    """Move a file to its name; beside one of the same name, unless that is the same.

    Args:
        file: the file, on the same file system.
        folder: where names begin.
        name: a safe name.

    Raises:
        UploadError: if a file has the name of a folder, or too many have the same name.
        FileNotFoundError: if the folder is gone.
    """
    place = make_folders(folder, name)
    for number in range(1, _MOST_ALIKE):
        path = place / _numbered(name.name, number)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            if path.is_file() and filecmp.cmp(file, path, shallow=False):
                file.unlink()
                return Placed(path, is_new=False)
            continue
        file.replace(path)
        return Placed(path, is_renamed=number > 1)
    raise UploadError(f"{name.name}: more than {_MOST_ALIKE:,} files have the same name")


def _numbered(name: str, number: int) -> str:
    ending = _ending(name)
    return name if number == 1 else f"{name[: len(name) - len(ending)]} ({number}){ending}"


def _ending(name: str) -> str:
    """What says of which type a file is: ``.dcm``, ``.nii.gz``."""
    suffixes = PurePosixPath(name).suffixes
    told = suffixes[-2:] if name.lower().endswith(".gz") else suffixes[-1:]
    ending = "".join(told)
    return ending if len(ending.encode()) <= _LONGEST_SUFFIX else ""
