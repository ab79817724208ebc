"""How much each session holds, counted as it comes in: several uploads at once share the room."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from apps.chat.uploads import refuse_too_large, size_of

if TYPE_CHECKING:
    from apps.chat.sessions import Session


class Rooms:
    """The room of all sessions.

    Args:
        limit: bytes that one session may hold.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._held: dict[str, int] = {}
        self._coming: defaultdict[str, int] = defaultdict(int)

    def left(self, session: Session) -> int:
        """Bytes that may still come."""
        with self._lock:
            return self._left(session)

    @contextmanager
    def receiving(self, session: Session) -> Iterator[Callable[[int], None]]:
        """While a file comes in: a function that takes so many bytes of the room.

        It raises :class:`UploadError` where they are more than is left. What was taken is given
        back if the file does not come.
        """
        taken = 0

        def hold(size: int) -> None:
            nonlocal taken
            with self._lock:
                refuse_too_large(size, self._left(session))
                self._coming[session.id] += size
                taken += size

        came = False
        try:
            yield hold
            came = True
        finally:
            with self._lock:
                self._coming[session.id] -= taken
                if not self._coming[session.id]:
                    del self._coming[session.id]
                if came and session.id in self._held:
                    self._held[session.id] += taken

    def recount(self, session: Session) -> None:
        """Files were unpacked, moved or removed: count them again when somebody asks."""
        with self._lock:
            self._held.pop(session.id, None)

    def _left(self, session: Session) -> int:
        if session.id not in self._held:
            self._held[session.id] = size_of(session.brought) + size_of(session.arriving)
        return self.limit - self._held[session.id] - self._coming.get(session.id, 0)
