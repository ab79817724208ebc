"""What a path leads to: only files and folders are read, nothing that could never end."""

import stat
from pathlib import Path

from dxtrace.intake.errors import IntakeError

_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def refuse_odd_file(path: Path, *, field: str | None = None) -> None:
    """Refuse a pipe, a socket, a device or a loop of links; what is not there passes.

    Reading a pipe waits for a writer, reading a device need not end.

    Args:
        path: the path, links followed.
        field: for the message.

    Raises:
        IntakeError: saying what it is.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise IntakeError(f"cannot be looked up: {reason}", field=field) from None
    except ValueError as error:
        raise IntakeError(f"expected a path: {error}", field=field) from None
    for is_kind, name in _KINDS:
        if is_kind(mode):
            raise IntakeError(f"expected a file or a folder, got {name}", field=field)
