"""One review of a case at a time in an output folder."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apps.exit_status import UsageError

_FILE = ".reviewing"
_OFFSET_BYTES = 7


@contextmanager
def only_review_of(name: str, out: Path | None) -> Iterator[None]:
    """Hold a case, so that two reviews of it at once do not mix their files.

    The claim ends with this process, however it ends. All cases share one file: each has a byte of
    it, which need not be there to be locked.

    Args:
        name: stem of the case's files.
        out: the output folder; without one there is nothing to mix.

    Raises:
        UsageError: if another process reviews the case into the same folder, or it cannot be
            written.
    """
    if out is None:
        yield
        return
    digest = hashlib.sha256(name.encode()).digest()
    place = int.from_bytes(digest[:_OFFSET_BYTES])
    try:
        handle = (out / _FILE).open("ab")
    except OSError as error:
        raise UsageError(f"cannot write to --out {out}: {error.strerror}") from None
    with handle:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except BlockingIOError:
            raise UsageError(
                f"another review of {name} is writing to {out}: wait for it, stop it, or give "
                f"another --out"
            ) from None
        yield
