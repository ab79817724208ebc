"""Results of calls that went well, for the next time that the same is asked."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import zipfile
import zlib
from collections import OrderedDict
from functools import cache
from pathlib import Path
from typing import Protocol

from dxtrace.atomic_write import write_atomically
from expert_models import ExpertOutput
from tools.result_file import decode_output, encode_output
from tools.settings import RunnerSettings

_SUFFIX = ".npz"
log = logging.getLogger(__name__)
_MIB = 2**20
_DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)


class ResultCache(Protocol):
    """Keeps what experts found."""

    def get(self, key: str) -> ExpertOutput | None:
        """What is kept under a key, if anything is."""
        ...

    def put(self, key: str, output: ExpertOutput) -> None:
        """Keep something, if it can be kept; the least recently used goes when there is no room."""
        ...


class MemoryCache:
    """Kept until the process ends.

    Args:
        most_bytes: room for all results together.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> ExpertOutput | None:
        """As :class:`ResultCache`."""
        with self._lock:
            content = self._kept.get(key)
            if content is None:
                return None
            self._kept.move_to_end(key)
        return decode_output(content)

    def put(self, key: str, output: ExpertOutput) -> None:
        """As :class:`ResultCache`."""
        content = encode_output(output)
        if content is None:
            return
        with self._lock:
            self._kept[key] = content
            while sum(map(len, self._kept.values())) > self._most_bytes:
                self._kept.popitem(last=False)


class FolderCache:
    """Kept in a folder that several processes may share.

    A file is there whole or not at all; one that is damaged is as if it were not there.

    Args:
        folder: made if it is not there, for this user alone.
        most_bytes: room for all results together.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder, self._most_bytes = folder, most_bytes
        self._has_warned = False

    def get(self, key: str) -> ExpertOutput | None:
        """As :class:`ResultCache`."""
        path = self._path(key)
        try:
            output = decode_output(path.read_bytes())
            os.utime(path)
        except _DAMAGE:
            return None
        return output

    def put(self, key: str, output: ExpertOutput) -> None:
        """As :class:`ResultCache`; without room on the disk nothing is kept."""
        content = encode_output(output)
        if content is None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self._path(key), content, mode=0o600)
            self._make_room()
        except OSError as error:
            if not self._has_warned:
                log.warning("results are not kept in %s: %s", self._folder, error.strerror)
            self._has_warned = True

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_SUFFIX}"

    def _make_room(self) -> None:
        found = []
        for path in self._folder.glob(f"*{_SUFFIX}"):
            with contextlib.suppress(OSError):  # another process may have removed it
                stat = path.stat()
                found.append((stat.st_mtime_ns, stat.st_size, path))
        size = sum(one for _, one, _ in found)
        for _, one, path in sorted(found):
            if size <= self._most_bytes:
                return
            path.unlink(missing_ok=True)
            size -= one


@cache
def result_cache() -> ResultCache | None:
    """The cache by the settings; None if it is turned off."""
    settings = RunnerSettings()
    most_bytes = settings.result_cache_mb * _MIB
    if not most_bytes:
        return None
    if settings.result_cache is None:
        return MemoryCache(most_bytes)
    return FolderCache(settings.result_cache, most_bytes)
