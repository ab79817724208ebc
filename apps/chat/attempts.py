"""How often an address may give a wrong password."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

MOST_WRONG, WITHIN_S = 10, 300.0
_MOST_ADDRESSES = 10_000


class WrongPasswords:
    """Counts the wrong passwords of each address; what is older than five minutes is forgotten.

    Behind a reverse proxy all visitors have its address, so one who guesses keeps the others out:
    a proxy with a login of its own needs no password here.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str) -> int:
        """Seconds until the address may try again; 0 if it may now."""
        times = self._wrong.get(address, deque())
        while times and times[0] <= self._clock() - WITHIN_S:
            times.popleft()
        return 0 if len(times) < MOST_WRONG else int(times[0] + WITHIN_S - self._clock()) + 1

    def add(self, address: str) -> None:
        """The address gave a wrong one."""
        self._wrong.setdefault(address, deque()).append(self._clock())
        self._wrong.move_to_end(address)
        while len(self._wrong) > _MOST_ADDRESSES:
            self._wrong.popitem(last=False)

    def forget(self, address: str) -> None:
        """The address gave the right one."""
        self._wrong.pop(address, None)
