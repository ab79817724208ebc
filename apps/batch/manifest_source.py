"""Where the cases of a batch come from: a manifest file or a named corpus."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from apps.exit_status import UsageError
from dxtrace.intake import (
    IntakeError,
    IntakeLimits,
    ManifestLine,
    read_lines,
    read_manifest,
    refuse_odd_file,
)
from dxtrace.intake.indiana import CORPUS_NAME, find_archive, indiana_manifest


@dataclass(frozen=True, slots=True)
class ManifestSource:
    """A manifest that can be read several times.

    Attributes:
        name: what the user called it.
        path: the manifest file, or the archive of a corpus.
        base: folder that the paths in it start from.
        is_corpus: whether it is the built-in corpus.
    """

    name: str
    path: Path
    base: Path
    is_corpus: bool = False

    def read(self, limits: IntakeLimits) -> Iterator[ManifestLine]:
        """Stream its lines.

        Raises:
            UsageError: if it cannot be read at all.
        """
        try:
            if self.is_corpus:
                yield from read_manifest(indiana_manifest(self.path), limits)
                return
            with self.path.open("rb") as stream:
                yield from read_manifest(read_lines(stream, limits), limits)
        except OSError as error:
            raise UsageError(f"cannot read {self.path}: {error.strerror}") from None
        except IntakeError as error:
            raise UsageError(str(error)) from None

    def is_empty(self) -> bool:
        """Whether the file has no byte at all."""
        return self.path.stat().st_size == 0

    def survey(self, limits: IntakeLimits) -> "Survey":
        """Read it once through: how many cases there are, and which."""
        return Survey.of(self.read(limits))


@dataclass(frozen=True, slots=True)
class Survey:
    """A manifest at a glance.

    Attributes:
        sha256_of: case id to the hash of its line.
        sha256: hash over all lines.
    """

    sha256_of: dict[str, str]
    sha256: str

    @classmethod
    def of(cls, lines: Iterable[ManifestLine]) -> "Survey":
        """Read all lines."""
        whole = hashlib.sha256()
        hashes = {}
        for line in lines:
            hashes[line.id] = line.sha256
            whole.update(line.sha256.encode())
        return cls(sha256_of=hashes, sha256=whole.hexdigest())


def resolve_manifest(given: str) -> ManifestSource:
    """Find the manifest that the user named.

    Args:
        given: path of a ``.jsonl`` file, ``indiana``, or a ``.tgz`` archive of its form.

    Raises:
        UsageError: saying what was expected.
    """
    path = Path(given)
    if given == CORPUS_NAME and not path.exists():
        try:
            return ManifestSource(given, find_archive(), Path.cwd(), is_corpus=True)
        except IntakeError as error:
            raise UsageError(str(error)) from None
    try:
        refuse_odd_file(path)
    except IntakeError as error:
        raise UsageError(f"{given}: {error}") from None
    if not path.is_file():
        what = "a folder" if path.is_dir() else "nothing there"
        raise UsageError(f"expected a manifest (.jsonl) or '{CORPUS_NAME}', got {given!r}: {what}")
    if path.name.endswith((".tgz", ".tar.gz")):
        return ManifestSource(given, path, path.parent, is_corpus=True)
    with path.open("rb") as stream:
        opening = stream.read(2)
    if opening in {b"\xff\xfe", b"\xfe\xff"}:
        raise UsageError(
            f"expected a UTF-8 manifest, {given!r} looks like UTF-16: convert it first"
        )
    return ManifestSource(given, path, path.parent)
