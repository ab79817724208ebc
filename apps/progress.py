"""Progress on standard error: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

_LINE_EVERY_S = 10.0
_MINUTE = 60


class Progress(Protocol):
    """Counts cases as they are done."""

    def advance(self) -> None:
        """One more is done."""


class _Lines:
    """A line now and then, for logs."""

    def __init__(self, label: str, total: int | None, done: int) -> None:
        self._label, self._total, self._done, self._at_start = label, total, done, done
        self._started = self._last = time.monotonic()
        if total is not None:
            self._print()

    def advance(self) -> None:
        self._done += 1
        if time.monotonic() - self._last >= _LINE_EVERY_S or self._done == self._total:
            self._print()

    def _print(self) -> None:
        self._last = time.monotonic()
        elapsed = self._last - self._started
        rate = (self._done - self._at_start) / elapsed if elapsed else 0.0
        of_total = f"/{self._total}" if self._total is not None else ""
        left = ""
        if rate and self._total is not None and self._done < self._total:
            left = f", about {_duration((self._total - self._done) / rate)} left"
        speed = f", {rate:.1f}/s" if rate else ""
        sys.stderr.write(f"{self._label}: {self._done}{of_total}{speed}{left}\n")
        sys.stderr.flush()


@contextmanager
def show_progress(label: str, *, total: int | None, done: int = 0) -> Iterator[Progress]:
    """Show progress while the block runs.

    Args:
        label: what is being counted.
        total: how many there are, if known.
        done: how many were done before.
    """
    if not sys.stderr.isatty():
        yield _Lines(label, total, done)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as RichProgress

    bar = RichProgress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"), TimeElapsedColumn(), TextColumn("left"),
        TimeRemainingColumn(), console=Console(stderr=True),
    )  # fmt: skip
    with bar:
        yield _Bar(bar, bar.add_task(label, total=total, completed=done, rate=""))


@contextmanager
def show_counts(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show progress of what says itself how far it is; nothing is shown before it does.

    Args:
        label: what is being counted.
    """
    with ExitStack() as stack:
        shown: list[Progress] = []
        done = 0

        def watch(now: int, total: int) -> None:
            nonlocal done
            if not shown:
                shown.append(stack.enter_context(show_progress(label, total=total)))
            for _ in range(now - done):
                shown[0].advance()
            done = now

        yield watch


class _Bar:
    def __init__(self, bar: "object", task: "object") -> None:
        self._bar, self._task, self._count, self._started = bar, task, 0, time.monotonic()

    def advance(self) -> None:
        self._count += 1
        rate = self._count / max(time.monotonic() - self._started, 1e-6)
        self._bar.update(self._task, advance=1, rate=f"{rate:.1f}/s")  # type: ignore[attr-defined]  # rich is imported late


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
