"""How a command ends."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit status of every command."""

    OK = 0
    CASE_FAILED = 1
    USAGE = 2
    INTERRUPTED = 130


class UsageError(Exception):
    """Something that the user must change before the command can run (exit status 2)."""
