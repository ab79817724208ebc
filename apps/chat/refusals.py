"""Why something cannot be done now, in words for the visitor."""

import errno

_FULL = (errno.ENOSPC, errno.EDQUOT)


class NotNowError(ValueError):
    """What was asked for cannot be done; the message is for the visitor."""


class UploadError(NotNowError):
    """What is brought is refused; the message is for the visitor."""


def disk_words(error: OSError) -> str:
    """Why something could not be kept: no name of a file or folder is in it."""
    if error.errno in _FULL:
        return "The server's disk is full: nothing more can be kept until there is room."
    return f"The server could not keep this: {error.strerror or type(error).__name__}."
