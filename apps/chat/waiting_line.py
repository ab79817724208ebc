"""A bounded number of reviews at a time; whoever waits knows how many are before them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass


@dataclass(frozen=True, eq=False, slots=True)
class Place:
    """A place in the line.

    Attributes:
        work: what is done when it is its turn.
        moved: is called when it has come nearer.
    """

    work: Callable[[], object]
    moved: Callable[[], None]


class WaitingLine:
    """Work that is done in the order in which it came.

    Args:
        workers: how much is done at the same time.
    """

    def __init__(self, workers: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="review")
        self._lock = threading.Lock()
        self._waiting: list[Place] = []

    def join(self, work: Callable[[], object], moved: Callable[[], None] = lambda: None) -> Place:
        """Wait for a turn.

        Args:
            work: what is to be done.
            moved: is called, from any thread, whenever fewer are before it.
        """
        place = Place(work, moved)
        with self._lock:
            self._waiting.append(place)
            self._pool.submit(self._take, place)
        return place

    def before(self, place: Place) -> int:
        """How many wait before it; 0 also for one whose turn has come."""
        with self._lock:
            return self._waiting.index(place) if place in self._waiting else 0

    def hurry(self, place: Place) -> None:
        """Do what still waits now: it was called off, and only has to say so."""
        threading.Thread(target=self._take, args=(place,), name="called off").start()

    def close(self) -> None:
        """Let nothing begin any more; what has begun goes on."""
        with self._lock:
            self._waiting.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _take(self, place: Place) -> None:
        with self._lock:
            if place not in self._waiting:
                return
            behind = self._waiting[self._waiting.index(place) + 1 :]
            self._waiting.remove(place)
        for other in behind:
            other.moved()
        place.work()
