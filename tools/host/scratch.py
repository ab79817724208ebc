"""Temporary folders of experts' processes and of their host: private, and gone with them.

Experts and their libraries leave images in temporary files, and are killed without a chance to
clean up; what they leave behind shows patients.
"""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

_PREFIX = "dxtrace-expert-"
_LEFT_ALONE_S = 3600.0


def make_scratch() -> Path:
    """Make a folder that only this user can read, and remove what dead programs have left."""
    _remove_leftovers(Path(tempfile.gettempdir()))
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))


def remove_scratch(folder: Path) -> None:
    """Remove the folder with all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(folder: Path) -> None:
    for left in folder.glob(f"{_PREFIX}*-*"):
        with contextlib.suppress(OSError, ValueError):
            # Another container may share the folder, and count its processes differently.
            is_old = time.time() - left.stat().st_mtime > _LEFT_ALONE_S
            owner = int(left.name.removeprefix(_PREFIX).partition("-")[0])
            if is_old and left.stat().st_uid == os.getuid() and not _is_running(owner):
                remove_scratch(left)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
