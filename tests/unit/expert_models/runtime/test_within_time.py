"""Streams that end in time."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator

import pytest

from expert_models.runtime.within_time import OutOfTimeError, StoppedError, stream_within
from tools import Cancellation


async def numbers(count: int = 3) -> AsyncIterator[int]:
    for number in range(count):
        yield number


class Endless:
    """Gives one item and then waits; says when it was stopped."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    async def items(self) -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            self.stopped.set()


def test_items_come_in_order() -> None:
    assert list(stream_within(numbers, 60)) == [0, 1, 2]


@pytest.mark.parametrize("limit_s", [0.05, 0, -1])
def test_at_the_limit_the_source_is_stopped(limit_s: float) -> None:
    source = Endless()
    with pytest.raises(OutOfTimeError):
        list(stream_within(source.items, limit_s))
    assert source.stopped.is_set() or limit_s <= 0


def test_who_reads_no_further_stops_the_source() -> None:
    source = Endless()
    stream = stream_within(source.items, 600)
    assert next(stream) == 1
    stream.close()
    assert source.stopped.wait(60)


def test_what_the_source_raises_is_raised_after_what_came() -> None:
    async def broken() -> AsyncIterator[int]:
        yield 1
        raise TimeoutError("its own")

    stream = stream_within(broken, 60)
    assert next(stream) == 1
    with pytest.raises(TimeoutError, match="its own"):
        next(stream)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_process_that_was_forked_has_a_loop_of_its_own() -> None:
    assert list(stream_within(numbers, 60)) == [0, 1, 2]
    child = os.fork()
    if child == 0:
        os._exit(0 if list(stream_within(numbers, 60)) == [0, 1, 2] else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_it_can_be_called_off_while_somebody_waits_for_the_next_item() -> None:
    source, cancellation = Endless(), Cancellation()
    stream = stream_within(source.items, 600, cancellation.stopping)
    assert next(stream) == 1

    threading.Thread(target=cancellation.cancel).start()

    with pytest.raises(StoppedError):
        next(stream)
    assert source.stopped.wait(60)


def test_what_was_called_off_before_gives_nothing() -> None:
    cancellation = Cancellation()
    cancellation.cancel()

    with pytest.raises(StoppedError):
        list(stream_within(Endless().items, 600, cancellation.stopping))
