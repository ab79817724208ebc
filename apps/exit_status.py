"""How a command ends."""

import errno
from enum import IntEnum

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO})
"""What a full, failing or read-only disk says."""


class ExitStatus(IntEnum):
    """Exit status of every command."""

    OK = 0
    CASE_FAILED = 1
    USAGE = 2
    INTERRUPTED = 130


class UsageError(Exception):
    """Something that the user must change before the command can run (exit status 2)."""
