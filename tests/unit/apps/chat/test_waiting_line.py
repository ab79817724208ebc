"""Reviews wait in the order in which they came, and who waits knows how many are before them."""

import threading
from collections.abc import Iterator

import pytest

from apps.chat.waiting_line import WaitingLine
from tests.processes import LIMIT_S


@pytest.fixture
def line() -> Iterator[WaitingLine]:
    """A line in which one is served at a time."""
    line = WaitingLine(1)
    yield line
    line.close()


class Work:
    """Work that ends when it is told to."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        assert self.may_end.wait(LIMIT_S)


def test_who_waits_is_told_when_fewer_are_before_them(line: WaitingLine) -> None:
    first, second, moved = Work(), Work(), threading.Event()
    at_work = line.join(first)
    assert first.begun.wait(LIMIT_S)
    next_one = line.join(second)
    last = line.join(lambda: None, moved.set)
    assert [line.before(p) for p in (at_work, next_one, last)] == [0, 0, 1]

    first.may_end.set()

    assert moved.wait(LIMIT_S)
    assert line.before(last) == 0
    second.may_end.set()


def test_what_is_called_off_does_not_wait_and_is_done_once(line: WaitingLine) -> None:
    first, done = Work(), threading.Semaphore(0)
    line.join(first)
    assert first.begun.wait(LIMIT_S)
    place = line.join(done.release)

    line.hurry(place)

    assert done.acquire(timeout=LIMIT_S)
    after = threading.Event()
    line.join(after.set)
    first.may_end.set()
    assert after.wait(LIMIT_S)
    assert not done.acquire(blocking=False)


def test_a_closed_line_begins_nothing(line: WaitingLine) -> None:
    first, never = Work(), threading.Event()
    line.join(first)
    assert first.begun.wait(LIMIT_S)
    place = line.join(never.set)

    line.close()
    first.may_end.set()
    line.hurry(place)

    assert line.before(place) == 0
    assert not never.is_set()
