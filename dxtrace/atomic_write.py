"""Files that are there whole or not at all."""

import os
import tempfile
from pathlib import Path

PART_SUFFIX = ".part"
"""What a file is called that a kill left half written: ``.<random>.part``."""


def write_atomically(path: Path, content: str | bytes, *, mode: int = 0o644) -> None:
    """Write a file so that a reader, or a kill at any moment, never sees half of it.

    Args:
        path: the file; its folder is there.
        content: bytes, or text, which is written as UTF-8.
        mode: who may read it.

    Raises:
        OSError: if it cannot be written; nothing is left then.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=PART_SUFFIX)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:  # an interrupt, too, leaves no half file
        Path(temporary).unlink(missing_ok=True)
        raise
