"""Streams that end in time: at a limit or when nobody reads on, the connection is closed.

A server that sees its connection closed stops working on the answer. That takes more than a read
timeout, which starts anew with every byte; so requests run on an event loop of their own, where
they can be cancelled wherever they wait.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Final, TypeVar

Item = TypeVar("Item")
Stopping = Callable[[Callable[[], None]], AbstractContextManager[None]]
"""Takes what is to be called when nobody waits any more, for as long as its block lasts."""


class OutOfTimeError(Exception):
    """The limit was reached."""


class StoppedError(Exception):
    """Nobody waits for it any more."""


class _End:
    """What ends a queue."""


_END: Final = _End()


@lru_cache(maxsize=1)
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="planner models", daemon=True).start()
    return loop


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_loop.cache_clear)  # its thread stays with the parent


def stream_within(
    source: Callable[[], AsyncIterator[Item]], limit_s: float, stopping: Stopping | None = None
) -> Iterator[Item]:
    """The items of an asynchronous source, as they come.

    Args:
        source: makes the source; called on the loop.
        limit_s: seconds until the last item; 0 or less: no time is left.
        stopping: ends it sooner, from any thread; without it only reading no further does.

    Raises:
        OutOfTimeError: if it has not ended by then.
        StoppedError: if it was ended before.
        Exception: whatever the source raises.
    """
    items: queue.SimpleQueue[Item | _End] = queue.SimpleQueue()

    async def pump() -> None:
        try:
            async with asyncio.timeout(limit_s) as limit:
                async for item in source():
                    items.put(item)
        except TimeoutError as error:
            if limit.expired():
                raise OutOfTimeError from error
            raise
        finally:
            items.put(_END)

    running = asyncio.run_coroutine_threadsafe(pump(), _loop())

    def stop() -> None:
        running.cancel()
        items.put(_END)  # what had not begun says nothing itself

    try:
        with stopping(stop) if stopping else nullcontext():
            while not isinstance(item := items.get(), _End):
                yield item
            running.result()
    except CancelledError as error:
        raise StoppedError from error
    finally:
        running.cancel()
