"""Other processes, as tests look at them: any of them may begin or end at any moment."""

import time
from collections.abc import Callable

import psutil
import pytest

LIMIT_S = 300.0  # only a test that fails waits that long


def wait_until(true: Callable[[], object], what: str) -> None:
    """Wait for what another process or thread does; the test fails if it never happens."""
    deadline = time.monotonic() + LIMIT_S
    while not true():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {LIMIT_S:g} s in vain: {what}")
        time.sleep(0.01)


def has_ended(number: int) -> bool:
    """Whether a process is gone, or has ended and only is not waited for yet."""
    try:
        return psutil.Process(number).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def running_experts(name: str) -> list[psutil.Process]:
    """The processes of an expert that this process has started and that still are there."""
    children = psutil.Process().children(recursive=True)
    return [p for p in children if _last_word(p) == f"dxtrace-expert-{name}"]


def _last_word(process: psutil.Process) -> str:
    """The last word of a process' command line; nothing for one that has just ended."""
    try:
        words = process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):  # a zombie is a NoSuchProcess
        return ""
    return words[-1] if words else ""
