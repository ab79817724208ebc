"""The output folder of a batch: one writer, one line a case, safe to kill at any moment."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from apps.exit_status import UsageError
from apps.output_claims import only_run_in
from apps.reviewing import CaseOutput
from dxtrace.atomic_write import write_atomically
from tools.artifacts import remove_parts

RESULTS = "results.jsonl"
_FSYNC_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class StoredResult:
    """What resuming needs to know of a result.

    Attributes:
        id: the case's id.
        status: how it ended.
        input_sha256: hash of the manifest line it was made from.
    """

    id: str
    status: str
    input_sha256: str


class ResultStore:
    """An output folder, locked for one run.

    A result line is written only after its trace and its report, in one append; a line torn by a
    kill or a power cut is dropped at the next start and its case runs again. Lines are forced to
    disk once a second.

    Args:
        folder: the output folder; made if it is not there.

    Raises:
        UsageError: if another run or a review writes to it now, or it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            for name in ("traces", "reports"):
                (folder / name).mkdir(parents=True, exist_ok=True)
            self._lock = only_run_in(folder)
        except OSError as error:
            raise UsageError(f"cannot write to --out {folder}: {error.strerror}") from None
        self._synced_at = time.monotonic()
        self._results: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._results is not None:
            os.fsync(self._results.fileno())
            self._results.close()
        self._lock.close()

    @property
    def results_path(self) -> Path:
        """``results.jsonl``."""
        return self.folder / RESULTS

    def clean_up(self) -> list[StoredResult]:
        """Drop what a kill left half done; return the results that stand.

        A result stands if its line is whole, its id is the first of its kind, and its trace is
        there.
        """
        for part in (*self.folder.glob(".*.part"), *self.folder.glob("*/.*.part")):
            part.unlink(missing_ok=True)
        remove_parts(self.folder)
        standing = {stored.id: stored for stored, _ in self._standing_lines()}
        if sum(1 for _ in self._raw_lines()) != len(standing):
            self._rewrite(line for _, line in self._standing_lines())
        return list(standing.values())

    def drop(self, ids: set[str]) -> None:
        """Remove the results of these cases, so that they run again."""
        if ids:
            kept = (x for x in self._raw_lines() if json.loads(x)["id"] not in ids)
            self._rewrite(kept)

    def add(self, output: CaseOutput, *, input_sha256: str) -> None:
        """Write trace and report, then the result line."""
        write_atomically(self.folder / output.result["trace"], output.trace)
        write_atomically(self.folder / output.result["report"], output.report)
        if self._results is None:
            self._results = self.results_path.open("ab", buffering=0)
        line = output.to_json_line(input_sha256=input_sha256).encode()
        begin = os.fstat(self._results.fileno()).st_size
        try:
            written = self._results.write(line)
            while written < len(line):
                written += self._results.write(line[written:])
        except OSError:
            # The disk is full: half a line is worse than none.
            self._results.truncate(begin)
            raise
        if time.monotonic() - self._synced_at > _FSYNC_EVERY_S:
            os.fsync(self._results.fileno())
            self._synced_at = time.monotonic()

    def read_results(self) -> Iterator[dict[str, Any]]:
        """The results so far, in the order in which they came."""
        for line in self._raw_lines():
            yield json.loads(line)

    def _raw_lines(self) -> Iterator[bytes]:
        if self.results_path.exists():
            with self.results_path.open("rb") as stream:
                yield from stream

    def _standing_lines(self) -> Iterator[tuple[StoredResult, bytes]]:
        seen: set[str] = set()
        for line in self._raw_lines():
            stored = self._standing(line)
            if stored is not None and stored.id not in seen:
                seen.add(stored.id)
                yield stored, line

    def _standing(self, line: bytes) -> StoredResult | None:
        try:
            data = json.loads(line)
            stored = StoredResult(data["id"], data["status"], data["input_sha256"])
            trace = self.folder / data["trace"]
            whole = line.endswith(b"\n") and trace.stat().st_size > 0
        except (ValueError, KeyError, TypeError, OSError):
            return None
        return stored if whole else None

    def _rewrite(self, lines: Iterator[bytes]) -> None:
        new = self.results_path.with_suffix(".jsonl.new")
        with new.open("wb") as stream:
            stream.writelines(lines)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(self.results_path)
