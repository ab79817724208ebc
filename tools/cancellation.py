"""Calling off what is under way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Cancellation:
    """A wish to stop, shared by who may have it and what is to be stopped.

    Once cancelled it stays so: a call that begins later ends at once.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal handler may come while this thread holds it
        self._stops: dict[int, Callable[[], None]] = {}
        self._last = 0
        self.is_cancelled = False

    def cancel(self) -> None:
        """Stop everything that is under way."""
        with self._lock:
            self.is_cancelled = True
            stops = list(self._stops.values())
        for stop in stops:
            stop()

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call ``stop`` if this is cancelled, before the block or in it."""
        with self._lock:
            self._last += 1
            number = self._last
            self._stops[number] = stop
            at_once = self.is_cancelled
        try:
            if at_once:
                stop()
            yield
        finally:
            with self._lock:
                del self._stops[number]
