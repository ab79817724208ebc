"""Who writes to an output folder: one batch, or reviews, of each case one at a time."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from apps.exit_status import UsageError

_RUN, _REVIEWS = ".lock", ".reviewing"
_OFFSET_BYTES = 7
_WHAT_TO_DO = "wait for it, stop it, or give another --out"


def only_run_in(folder: Path) -> IO[str]:
    """Hold a folder for a batch; the lock ends with this process, however it ends.

    Returns:
        The file that holds it, to be closed.

    Raises:
        UsageError: if another batch or a review writes to it.
        OSError: if it cannot be written.
    """
    handle = (folder / _RUN).open("a+", encoding="utf-8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        writes = _what_holds(handle)
        handle.close()
        raise UsageError(f"{writes} is writing to {folder}: {_WHAT_TO_DO}") from None
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


def _what_holds(handle: IO[str]) -> str:
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.seek(0)
        return f"another run (process {handle.read().strip() or 'unknown'})"
    return "a review"


@contextmanager
def only_review_of(name: str, out: Path | None) -> Iterator[None]:
    """Hold a case, so that two reviews of it at once, or a batch, do not mix their files.

    The claim ends with this process, however it ends. All cases share one file: each has a byte of
    it, which need not be there to be locked. The batch's lock is shared by all reviews.

    Args:
        name: stem of the case's files.
        out: the output folder; without one there is nothing to mix.

    Raises:
        UsageError: if another process reviews the case into the same folder, a batch writes to it,
            or it cannot be written.
    """
    if out is None:
        yield
        return
    digest = hashlib.sha256(name.encode()).digest()
    place = int.from_bytes(digest[:_OFFSET_BYTES])
    try:
        run, reviews = (out / _RUN).open("a+", encoding="utf-8"), (out / _REVIEWS).open("ab")
    except OSError as error:
        raise UsageError(f"cannot write to --out {out}: {error.strerror}") from None
    with run, reviews:
        try:
            fcntl.flock(run, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"a batch is writing to {out}: {_WHAT_TO_DO}") from None
        try:
            fcntl.lockf(reviews, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except BlockingIOError:
            raise UsageError(
                f"another review of {name} is writing to {out}: {_WHAT_TO_DO}"
            ) from None
        yield
