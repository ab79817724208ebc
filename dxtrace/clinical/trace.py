"""The record of a session: ordered, append-only, each entry chained to the one before."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from dxtrace.clinical.base import Frozen

TRACE_FORMAT = "dxtrace-trace/1"
_GENESIS = "0" * 64

EntryKind = Literal[
    "input", "plan", "call", "result", "finding", "check", "revision", "question", "reply",
    "answer", "versions", "error", "correction", "suspicion", "reliance",
]  # fmt: skip


class TraceError(ValueError):
    """A trace that was changed, cut or is not one."""


class TraceEntry(Frozen):
    """One step. ``hash`` covers everything else, with the hash of the entry before.

    Attributes:
        seq: position, from 0.
        time: UTC time, ISO 8601.
        kind: what the step was.
        data: its content, JSON only.
        previous: hash of the entry before; 64 zeros for the first.
        hash: SHA-256 of the canonical JSON of the case's id and the other fields.
    """

    seq: int
    time: str
    kind: EntryKind
    data: dict[str, Any]
    previous: str
    hash: str


def _digest(
    case_id: str, seq: int, time: str, kind: str, data: dict[str, Any], previous: str
) -> str:
    fields = [case_id, seq, time, kind, data, previous]
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _expect_trace(raw: object) -> dict[str, Any]:
    if not isinstance(raw, dict) or raw.get("format") != TRACE_FORMAT:
        raise TraceError(f"expected a JSON object with format {TRACE_FORMAT!r}")
    return raw


class Trace:
    """An append-only, hash-chained list of entries.

    Args:
        case_id: the case that the trace is about.
        entries: entries of a trace that is continued; their chain is verified.

    Raises:
        TraceError: if the given entries do not form an unbroken chain.
    """

    def __init__(self, case_id: str, entries: tuple[TraceEntry, ...] = ()) -> None:
        self.case_id = case_id
        self._entries = list(entries)
        self.verify()

    @property
    def entries(self) -> tuple[TraceEntry, ...]:
        """The entries so far, oldest first."""
        return tuple(self._entries)

    @property
    def head(self) -> str:
        """Hash of the newest entry; it names the whole trace."""
        return self._entries[-1].hash if self._entries else _GENESIS

    def append(self, kind: EntryKind, data: dict[str, Any]) -> TraceEntry:
        """Add an entry; ``data`` must be JSON (it is copied through JSON, so it cannot change)."""
        copied = json.loads(json.dumps(data, ensure_ascii=False, allow_nan=False))
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        seq, previous = len(self._entries), self.head
        entry = TraceEntry(
            seq=seq, time=time, kind=kind, data=copied, previous=previous,
            hash=_digest(self.case_id, seq, time, kind, copied, previous),
        )  # fmt: skip
        self._entries.append(entry)
        return entry

    def verify(self) -> None:
        """Check the whole chain.

        Raises:
            TraceError: naming the first entry that does not fit.
        """
        previous = _GENESIS
        for position, entry in enumerate(self._entries):
            expected = _digest(self.case_id, position, entry.time, entry.kind, entry.data, previous)
            if entry.seq != position or entry.previous != previous or entry.hash != expected:
                raise TraceError(
                    f"trace {self.case_id}: entry {position} ({entry.kind}) does not match its "
                    f"hash or does not follow the entry before: the trace was changed after writing"
                )
            previous = entry.hash

    def to_json(self) -> str:
        """The trace as JSON text, one entry a line."""
        lines = ",\n".join(
            json.dumps(e.model_dump(mode="json"), ensure_ascii=False) for e in self._entries
        )
        opening = json.dumps({"format": TRACE_FORMAT, "case_id": self.case_id, "head": self.head})
        return f'{opening[:-1]}, "entries": [\n{lines}\n]}}\n'

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a trace and verify it.

        Raises:
            TraceError: if the text is not a trace, was cut, or its chain is broken.
        """
        try:
            raw = _expect_trace(json.loads(text))
            entries = tuple(TraceEntry.model_validate(e) for e in raw["entries"])
            trace = cls(str(raw["case_id"]), entries)
            stored_head = raw["head"]
        except TraceError:
            raise
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise TraceError(f"not a readable trace: {error}") from error
        if trace.head != stored_head:
            raise TraceError(f"trace {trace.case_id}: entries are missing at the end")
        return trace

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and verify a trace file.

        Raises:
            TraceError: as :meth:`from_json`, or if the file is not UTF-8 text.
        """
        try:
            return cls.from_json(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            raise TraceError(f"{path}: not a UTF-8 text file") from error
