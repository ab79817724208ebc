"""The weights store: a private folder, filled only when the user asks for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from dxtrace.atomic_write import write_atomically
from dxtrace.clinical.base import Frozen
from dxtrace.file_hash import read_sha256
from dxtrace.user_folders import cache_folder
from expert_models.card import WeightsFile
from expert_models.runtime.checksums import file_sha256
from expert_models.runtime.download import Fetch, FetchError, Progress

if TYPE_CHECKING:
    from expert_models.families import ExpertEntry

VARIABLE = "DXTRACE_WEIGHTS"


class _Record(Frozen):
    url: str
    sha256: str


_RECORDS = TypeAdapter(dict[str, _Record])


@dataclass(frozen=True)
class PullRequest:
    """How an entry's files are to be fetched.

    Attributes:
        sha256: path to the hash that the user states for it.
        accept: take files without a stated hash as they come, and remember what came.
        mirror: a folder that has the files; None for their addresses.
        progress: told of the bytes of the file on its way.
        pause_s: seconds between tries after a broken connection.
    """

    sha256: Mapping[str, str] = field(default_factory=dict)
    accept: bool = False
    mirror: Path | None = None
    progress: Callable[[WeightsFile], Progress] = lambda _file: lambda _here, _all: None
    pause_s: float = 2.0


@dataclass(frozen=True)
class PulledFile:
    """A file that is in the store now.

    Attributes:
        path: its path below the folder of its expert.
        sha256: what it was found to be.
        size_bytes: its size.
        fetched: whether it was fetched just now; False if it was here.
        accepted: whether the user took it without a hash to compare with.
    """

    path: str
    sha256: str
    size_bytes: int
    fetched: bool
    accepted: bool


class WeightsStore:
    """Files of weights by entry. Nothing is fetched but by :meth:`pull`.

    Args:
        root: its folder; made when it is first needed, for this user only.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def default(cls) -> WeightsStore:
        """The store of the environment variable ``DXTRACE_WEIGHTS``, or of the user."""
        named = os.environ.get(VARIABLE)
        return cls(Path(named).expanduser() if named else cache_folder() / "weights")

    def folder(self, entry: ExpertEntry) -> Path:
        """Where the files of an entry lie, or would."""
        return entry.folder or self.root / entry.name

    def missing(self, entry: ExpertEntry) -> tuple[str, ...]:
        """Paths of the entry's files that are not here, or cannot be told from others."""
        folder, accepted = self.folder(entry), self._accepted(entry)
        return tuple(
            f.path for f in entry.files
            if not (folder / f.path).is_file()
            or (entry.folder is None and not (f.sha256 or f.path in accepted))
        )  # fmt: skip

    def with_hashes(self, entry: ExpertEntry) -> ExpertEntry:
        """The entry with a SHA-256 for every file: stated, accepted, or as found in its own folder.

        Raises:
            ValueError: if a file, or the folder of its own, is not here.
        """
        if entry.folder is not None and not entry.folder.is_dir():
            raise ValueError(f"{entry.name}: folder: expected a folder, got none at {entry.folder}")
        lacking = self.missing(entry)
        if lacking:
            raise ValueError(f"{entry.name}: {lacking[0]} is not here: dxtrace experts pull")
        accepted = self._accepted(entry)
        files = tuple(
            f if f.sha256 else f.model_copy(update={
                "sha256": accepted.get(f.path) or file_sha256(self.folder(entry) / f.path)
            })
            for f in entry.files
        )  # fmt: skip
        return entry.model_copy(update={"files": files})

    def pull(self, entry: ExpertEntry, request: PullRequest) -> tuple[PulledFile, ...]:
        """Fetch the files of an entry that are not here; each has its name only once it is whole.

        Two pulls of one entry wait for each other. What was fetched of a file that then fails is
        removed; files that were finished before stay.

        Args:
            entry: the entry.
            request: how.

        Raises:
            FetchError: if a file cannot be had or is not what it must be; nothing is fetched if a
                file has no hash and none is to be accepted.
        """
        if entry.folder is not None:
            raise FetchError(f"{entry.name} has a folder of its own: nothing is fetched into it")
        expected = self._expected(entry, request)
        try:
            with self._held(entry) as parts:
                pull = partial(self._pull_file, entry, expected, request, parts)
                return tuple(map(pull, entry.files))
        except OSError as error:
            raise FetchError(f"cannot write in {self.root}: {error.strerror or error}") from None

    def _expected(self, entry: ExpertEntry, request: PullRequest) -> dict[str, str]:
        known = {f.path: f for f in entry.files}
        strange = sorted(set(request.sha256) - set(known))
        if strange:
            raise FetchError(f"{entry.name} has no file {strange[0]}; it has {', '.join(known)}")
        expected = self._accepted(entry) | dict(request.sha256)
        for path, file in known.items():
            if file.sha256 and request.sha256.get(path, file.sha256) != file.sha256:
                raise FetchError(f"{path}: the entry states another SHA-256: {file.sha256}")
            if file.sha256:
                expected[path] = file.sha256
            elif path not in expected and not request.accept:
                raise FetchError(
                    f"{path}: its publisher states no SHA-256: give it (--sha256 {path}=HEX), or "
                    f"take the file as it comes (--accept)"
                )
        return expected

    def _pull_file(
        self,
        entry: ExpertEntry,
        expected: Mapping[str, str],
        request: PullRequest,
        parts: Path,
        file: WeightsFile,
    ) -> PulledFile:
        target, wanted = self.folder(entry) / file.path, expected.get(file.path)
        if target.is_file() and wanted is not None and file_sha256(target) == wanted:
            self._remember(entry, file, wanted)
            return PulledFile(file.path, wanted, target.stat().st_size, False, accepted=False)
        part = parts / "part"
        try:
            Fetch(
                _address(entry, file, request.mirror), part, file.size_bytes,
                request.progress(file), request.pause_s,
            ).run()  # fmt: skip
            found = read_sha256(part)
            if wanted is not None and found != wanted:
                raise FetchError(
                    f"{file.path}: expected SHA-256 {wanted}, got {found}: it is not kept"
                )
            target.parent.mkdir(parents=True, exist_ok=True)
            # A link in the folder must not lead the file to another place.
            if not target.parent.resolve().is_relative_to(self.root.resolve()):
                raise FetchError(f"{file.path}: {target.parent} leads out of the store")
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        self._remember(entry, file, found)
        return PulledFile(file.path, found, target.stat().st_size, True, accepted=wanted is None)

    @contextmanager
    def _held(self, entry: ExpertEntry) -> Iterator[Path]:
        """A folder for parts, held until the end; what a killed pull left there is removed."""
        import fcntl  # not everywhere; who pulls nothing needs none

        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        parts = self.root / ".parts" / entry.name
        parts.mkdir(parents=True, exist_ok=True)
        with (self.root / f".{entry.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left in parts.iterdir():
                left.unlink()
            yield parts

    # -- hashes that the user stated or accepted ------------------------------------------------

    def _record(self, entry: ExpertEntry) -> Path:
        return self.root / ".accepted" / f"{entry.name}.json"

    def _accepted(self, entry: ExpertEntry) -> dict[str, str]:
        """Path to SHA-256 of what was accepted from the addresses that the entry has now."""
        addresses = {f.path: f.url for f in entry.files}
        found = self._records(entry).items()
        return {p: r.sha256 for p, r in found if addresses.get(p) == r.url}

    def _records(self, entry: ExpertEntry) -> dict[str, _Record]:
        path = self._record(entry)
        try:
            return _RECORDS.validate_json(path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            raise FetchError(f"{path} is damaged, remove it and pull again: {error}") from None

    def _remember(self, entry: ExpertEntry, file: WeightsFile, sha256: str) -> None:
        if file.sha256:
            return
        path = self._record(entry)
        path.parent.mkdir(exist_ok=True)
        known = self._records(entry)
        record = _Record(url=file.url, sha256=sha256)
        if known.get(file.path) != record:
            text = _RECORDS.dump_json(known | {file.path: record}, indent=1).decode()
            write_atomically(path, text)


def _address(entry: ExpertEntry, file: WeightsFile, mirror: Path | None) -> str:
    if mirror is None:
        if not file.url:
            raise FetchError(f"{file.path}: {entry.name} states no address: give --from FOLDER")
        return file.url
    places = (mirror / entry.name / file.path, mirror / file.path)
    found = next((p for p in places if p.is_file()), None)
    if found is None:
        raise FetchError(f"{file.path} is not in {mirror}")
    return found.resolve().as_uri()


__all__ = ["FetchError", "PullRequest", "PulledFile", "WeightsStore"]
