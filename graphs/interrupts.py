"""Ctrl-C ends the experts that are at work, too."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tools import Cancellation

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def cancelled_by_signals(cancellation: Cancellation) -> Iterator[None]:
    """Cancel when a signal arrives that the program handles; it then handles it as before.

    The graph waits for calls that have begun, whatever is raised in the main thread: without this,
    a program that is interrupted would wait until the slowest expert has ended.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    handled = {number: handler for number, handler in before.items() if callable(handler)}
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def cancel(number: int, frame: FrameType | None) -> None:
        # In a thread: this one may hold any lock just now.
        threading.Thread(target=cancellation.cancel, daemon=True).start()
        handled[signal.Signals(number)](number, frame)

    for number in handled:
        signal.signal(number, cancel)
    try:
        yield
    finally:
        for number, handler in handled.items():
            signal.signal(number, handler)
