"""The library of graphs, usearch: imported here and nowhere else."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import Any


def graph_class() -> Any:
    """The class of the library's graphs.

    Its Linux wheel carries a C++ runtime of its own. Of what decides how numbers are written, the
    loader keeps one copy in a process (symbols of the binding ``STB_GNU_UNIQUE``): that of whoever
    sets it up first. After usearch's, the libraries that share the system's runtime can write no
    number: z3 gives ``/`` for a fraction, and torch's compiler, which counts up names, never ends.
    """
    _set_up_shared_runtime()
    from usearch.index import Index

    return Index


def _set_up_shared_runtime() -> None:
    """Let the system's C++ runtime set up its locale: ``std::locale::classic()``."""
    with suppress(OSError, AttributeError):  # no GNU runtime: nothing is shared
        classic = ctypes.CDLL("libstdc++.so.6")["_ZNSt6locale7classicEv"]
        classic.restype = ctypes.c_void_p
        classic()
