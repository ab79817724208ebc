"""``dxtrace experts pull``: fetch the files of an expert, having shown its licence."""

import difflib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apps.exit_status import ExitStatus, UsageError
from expert_models import WeightsFile
from expert_models.entries import catalogue_entries, configured_entries
from expert_models.families import ExpertEntry
from expert_models.runtime.store import FetchError, PulledFile, PullRequest, WeightsStore

_MEBIBYTE = 1024 * 1024
_HEX = 64


@dataclass(frozen=True, slots=True)
class PullOptions:
    """What a pull is asked to do.

    Attributes:
        sha256: hashes as ``FILE=HEX``.
        accept: take files without a stated hash.
        mirror: a folder that has the files; None for their addresses.
    """

    sha256: tuple[str, ...] = ()
    accept: bool = False
    mirror: Path | None = None


def pull_expert(name: str, options: PullOptions) -> ExitStatus:
    """Show what would be fetched and under which licence, and fetch it.

    Args:
        name: an entry of ``experts.yaml`` or of the catalogue.
        options: how.

    Returns:
        ``CASE_FAILED`` if a file could not be had or is not what it must be.

    Raises:
        UsageError: if there is no such entry, or a hash is none.
    """
    entry, store = _entry(name), WeightsStore.default()
    if not entry.files:
        raise UsageError(f"{name} names no files: there is nothing to pull")
    for line in describe(entry):
        sys.stderr.write(f"{line}\n")
    hashes = dict(_hash(text) for text in options.sha256)
    request = PullRequest(
        sha256=hashes, accept=options.accept, mirror=options.mirror, progress=_Bar
    )
    try:
        pulled = store.pull(entry, request)
    except FetchError as error:
        sys.stderr.write(f"dxtrace: {error}\n")
        return ExitStatus.CASE_FAILED
    for file in pulled:
        print(_line(file))
    print(f"{name} is in {store.folder(entry)}")
    return ExitStatus.OK


def describe(entry: ExpertEntry) -> Iterator[str]:
    """What a user should know of an entry's files before they are fetched."""
    sizes = [file.size_bytes for file in entry.files if file.size_bytes is not None]
    unknown = len(entry.files) - len(sizes)
    size = f"{sum(sizes) / _MEBIBYTE:,.1f} MiB" if sizes else "size not stated"
    more = f" and {unknown} of unknown size" if sizes and unknown else ""
    count = len(entry.files)
    yield f"{entry.name}: {count} file{'s' if count > 1 else ''}, {size}{more}"
    yield f"  licence: {entry.licence or 'not stated'}"
    for licence in sorted({file.licence for file in entry.files if file.licence}):
        names = ", ".join(f.path for f in entry.files if f.licence == licence)
        yield f"  licence of {names}: {licence}"
    if entry.source:
        yield f"  source: {entry.source}"


def _entry(name: str) -> ExpertEntry:
    own = configured_entries()
    if name in own.problems:
        raise UsageError(own.problems[name])
    known = {**catalogue_entries().entries, **own.entries}
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(known)}"
        raise UsageError(f"no entry is named {name!r}: {hint}")
    return known[name]


def _hash(text: str) -> tuple[str, str]:
    path, _, digits = text.partition("=")
    if not path or len(digits) != _HEX or set(digits.lower()) - set("0123456789abcdef"):
        raise UsageError(f"--sha256: expected FILE=HEX with {_HEX} digits, got {text!r}")
    return path, digits.lower()


def _line(file: PulledFile) -> str:
    how = "fetched" if file.fetched else "was here"
    if file.accepted:
        how = "fetched; accepted as it came, compared from now on"
    return f"{file.path}: {how}, {file.size_bytes:,} bytes, SHA-256 {file.sha256}"


class _Bar:
    """Says on standard error how far a file is, at each tenth."""

    def __init__(self, file: WeightsFile) -> None:
        self._file, self._told = file, 0

    def __call__(self, here: int, whole: int | None) -> None:
        whole = whole or self._file.size_bytes
        tenths = here * 10 // whole if whole else here // (100 * _MEBIBYTE)
        if tenths <= self._told or here < _MEBIBYTE:
            return
        self._told = tenths
        of_whole = f" of {whole / _MEBIBYTE:,.1f}" if whole else ""
        sys.stderr.write(f"  {self._file.path}: {here / _MEBIBYTE:,.1f}{of_whole} MiB\n")
        sys.stderr.flush()
