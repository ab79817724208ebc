"""Turns of a conversation: what was wanted, the steps that were taken, what came of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.chat.record import Action
from apps.chat.refusals import disk_words
from dxtrace.atomic_write import write_atomically
from dxtrace.clinical import Case, Correction, Result
from graphs.checkpoints import state_serializer
from graphs.state import PendingQuestion

_OWNER_ONLY = 0o600
_CASE = "case.bin"


@dataclass(frozen=True, eq=False)
class Turn:
    """One turn.

    Attributes:
        action: what the visitor did.
        words: the question, or the reply.
        corrections: what was corrected.
        steps: what the graph did, in order, as its listener was told.
        result: what came of it; None if nothing could.
        pending: what the graph asks now.
        error: why nothing came of it.
        stopped: whether the visitor stopped it.
        seconds: how long it took.
        reply_to: the question that a reply answers.
    """

    action: Action
    words: str = ""
    corrections: tuple[Correction, ...] = ()
    steps: tuple[dict[str, Any], ...] = ()
    result: Result | None = None
    pending: PendingQuestion | None = None
    error: str = ""
    stopped: bool = False
    seconds: float = 0.0
    reply_to: str = ""


def lost_turn(turn: Turn, error: Exception) -> Turn:
    """A turn that could not be kept: what came of it is not shown, as it will not stay."""
    words = disk_words(error) if isinstance(error, OSError) else f"{type(error).__name__}."
    return dataclasses.replace(
        turn, result=None, pending=None, error=f"This could not be kept. {words}"
    )


def write_turn(folder: Path, number: int, turn: Turn) -> None:
    """Keep a turn.

    Args:
        folder: the session's folder.
        number: its place, from 0.
        turn: the turn.
    """
    fields = {f.name: getattr(turn, f.name) for f in dataclasses.fields(turn)}
    _write(_turn_file(folder, number), fields)


def read_turns(folder: Path, count: int) -> list[Turn]:
    """The turns that were kept, the oldest first; one that cannot be read says so.

    Args:
        folder: the session's folder.
        count: how many there are.
    """
    return [_read_turn(_turn_file(folder, number)) for number in range(count)]


def _read_turn(path: Path) -> Turn:
    try:
        return Turn(**_read(path))
    except (OSError, TypeError, ValueError):
        return Turn("question", error="what was said here cannot be read any more")


def write_case(folder: Path, case: Case, notes: tuple[str, ...]) -> None:
    """Keep the case as it was read."""
    _write(folder / _CASE, {"case": case, "notes": notes})


def read_kept_case(folder: Path) -> tuple[Case, tuple[str, ...]] | None:
    """The case as it was read, and what was noted; None if there is none yet."""
    try:
        kept = _read(folder / _CASE)
        return kept["case"], tuple(kept["notes"])
    except (OSError, TypeError, ValueError, KeyError):
        return None


def _turn_file(folder: Path, number: int) -> Path:
    return folder / f"turn-{number:04d}.bin"


def _write(path: Path, fields: dict[str, Any]) -> None:
    kind, data = state_serializer().dumps_typed(fields)
    write_atomically(path, kind.encode() + b"\n" + data, mode=_OWNER_ONLY)


def _read(path: Path) -> dict[str, Any]:
    kind, _, data = path.read_bytes().partition(b"\n")
    fields = state_serializer().loads_typed((kind.decode(), data))
    if not isinstance(fields, dict):
        raise TypeError(f"expected what was kept as fields, got {type(fields).__name__}")
    return fields
