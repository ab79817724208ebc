"""Experts for ``expert_runtime``, in a module that is quickly imported."""

import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from dxtrace.clinical import Case, Finding, Presence
from expert_models import ModelCard

LIMIT_S = 2.0
_ROOM_BYTES = 2**30


class Expert:
    """Takes a while to load, and does what it is told.

    Args:
        name: its name.
        does: ``work`` for so many seconds; or one of ``hang``, ``crash``, ``take_memory``.
        seconds: how long a call takes.
        load_s: how long the first one takes besides.
    """

    def __init__(self, name: str, does: str, seconds: float = 0.0, load_s: float = 0.0) -> None:
        self.card = ModelCard(
            name=name, accepts=("report",), produces=("*",), isolated=True,
            timeout_s=LIMIT_S if does == "hang" else 60, memory_mb=100,
        )  # fmt: skip
        self._does, self._seconds, self._load_s = does, seconds, load_s

    def run(self, case: Case) -> list[Finding]:
        """As told."""
        time.sleep(self._load_s)
        self._load_s = 0.0
        if self._does == "hang":
            threading.Event().wait()
        if self._does == "crash":
            os.abort()
        if self._does == "take_memory":
            _take_memory()
        time.sleep(self._seconds)
        return [Finding(id=case.id, concept="cardiomegaly", presence=Presence.ABSENT)]


def _take_memory() -> None:
    """Take more than the system gives: here, what a limit of the process allows."""
    resource.setrlimit(resource.RLIMIT_AS, (_ROOM_BYTES, _ROOM_BYTES))
    try:
        bytearray(2 * _ROOM_BYTES)
    except MemoryError:  # where the system kills, it does so like this
        os.kill(os.getpid(), signal.SIGKILL)
