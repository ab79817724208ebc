"""SHA-256 of files, remembered by size and times so that gigabytes are not read at each start."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dxtrace.atomic_write import write_atomically
from dxtrace.file_hash import read_sha256
from dxtrace.user_folders import cache_folder
from expert_models.card import WeightsFile
from expert_models.errors import ToolRefusal

_LARGEST_MEMORY = 16 * 1024 * 1024
_Stamp = tuple[int, int, int]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits; read in full only if it is not remembered.

    A file counts as the one that was read while its size and the times of its last change are the
    same. A memory that is damaged or cannot be written costs another reading, nothing else.

    Raises:
        OSError: if the file cannot be read.
    """
    name, before = str(path.resolve()), _stamp(path)
    remembered = _remembered().get(name)
    if isinstance(remembered, list) and remembered[:-1] == list(before):
        return str(remembered[-1])
    found = read_sha256(path)
    if _stamp(path) == before:
        _remember(name, [*before, found])
    return found


def _memory() -> Path:
    return cache_folder() / "hashes.json"


def _remembered() -> dict[str, Any]:
    try:
        if _memory().stat().st_size > _LARGEST_MEMORY:
            return {}
        found = json.loads(_memory().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _remember(name: str, record: list[int | str]) -> None:
    # Of two processes that remember at once, one may lose its record; it reads the file again.
    known = {n: r for n, r in _remembered().items() if Path(n).exists()} | {name: record}
    with contextlib.suppress(OSError):
        _memory().parent.mkdir(parents=True, exist_ok=True)
        write_atomically(_memory(), json.dumps(known))


def check_weights(folder: Path, expected: Mapping[str, str]) -> None:
    """Compare files of weights with what they must be.

    Args:
        folder: where they lie.
        expected: path below the folder to SHA-256.

    Raises:
        ToolRefusal: if one is missing or another file.
    """
    for name, sha256 in expected.items():
        path = folder / name
        if not path.is_file():
            raise ToolRefusal(f"the weights {name} in {folder.name} are not here")
        found = file_sha256(path)
        if found != sha256:
            raise ToolRefusal(
                f"the weights {name} in {folder.name} are not the ones expected: "
                f"SHA-256 {found[:12]}..., expected {sha256[:12]}..."
            )


def hashes_of(files: Iterable[WeightsFile]) -> dict[str, str]:
    """Path to SHA-256, for the files that state one."""
    return {file.path: file.sha256 for file in files if file.sha256}


def _stamp(file: Path) -> _Stamp:
    status = file.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
