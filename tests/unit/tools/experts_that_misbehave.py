"""Experts that hang, crash or leave their process; importable, so that processes can be spawned."""

import os
import threading
from typing import NoReturn

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
