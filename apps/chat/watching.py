"""Telling pages, on an event loop, that a conversation in a thread has moved on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator


class Bell:
    """Rings for everybody who listens, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def ring(self) -> None:
        """Wake everybody."""
        with self._lock:
            listeners = list(self._listeners)
        for loop, event in listeners:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    async def rings(self) -> AsyncIterator[None]:
        """Once at the beginning, then whenever it has rung since."""
        listener = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._listeners.add(listener)
        try:
            while True:
                listener[1].clear()
                yield
                await listener[1].wait()
        finally:
            with self._lock:
                self._listeners.discard(listener)
