"""Giving memory back while nobody works: a server runs for weeks."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

from dxtrace.intake.imaging import forget_volumes


def give_back() -> None:
    """Forget images that can be read again, and hand freed memory to the system."""
    forget_volumes()
    gc.collect()
    # What the C library has freed in pieces it keeps for itself, unless it is told.
    with suppress(OSError, AttributeError):  # another system than Linux with glibc
        ctypes.CDLL(None).malloc_trim(0)
