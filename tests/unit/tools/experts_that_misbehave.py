"""Experts that hang, crash or leave their process; importable, so that processes can be spawned."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import NoReturn

from dxtrace.atomic_write import write_atomically
from dxtrace.clinical import Case, Finding, Presence
from expert_models import RetryableError, ToolRefusal


def hang(case: Case) -> NoReturn:
    """Never returns."""
    del case
    while True:
        threading.Event().wait()


def die(case: Case) -> NoReturn:
    """Ends the process without a word, as a crash in native code does."""
    del case
    os._exit(9)


def refuse(case: Case) -> NoReturn:
    """Says why it cannot answer."""
    raise ToolRefusal(f"the image of {case.id} is upside down")


def stumble(case: Case) -> NoReturn:
    """A bug."""
    raise ZeroDivisionError(case.id)


def retry(case: Case) -> NoReturn:
    """Something passing that does not pass."""
    raise RetryableError(f"busy with {case.id}")


def work(case: Case) -> list[Finding]:
    """One finding that names the process it was found in."""
    return [
        Finding(id="f", concept="gas", presence=Presence.PRESENT, text=f"{case.id} {os.getpid()}")
    ]


def leave(case: Case) -> NoReturn:
    """Ends the program, as a command-line tool that is imported may do."""
    raise SystemExit(f"no licence for {case.id}")


class Cancelled(BaseException):
    """No Exception, as asyncio.CancelledError is none."""


def cancel(case: Case) -> NoReturn:
    """Raises what an ``except Exception`` does not catch."""
    raise Cancelled(case.id)


def interrupt(case: Case) -> NoReturn:
    """Raises what the user's Ctrl-C raises."""
    raise KeyboardInterrupt(case.id)


class TwoPartError(Exception):
    """Cannot be unpickled: it wants two arguments."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} {two}")


def stumble_twice(case: Case) -> NoReturn:
    """Raises what does not survive a pipe."""
    raise TwoPartError(case.id, "twice")


def talk(case: Case) -> list[Finding]:
    """Writes to standard output in two ways."""
    print("printed by", case.id, flush=True)  # noqa: T201
    os.write(1, b"written below Python\n")
    return work(case)


def leave_a_child(case: Case) -> NoReturn:
    """Starts a process, writes its number to the file that the report names, and hangs."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    write_atomically(Path(case.reports[0].text), str(child.pid))
    hang(case)
