"""An expert that stays: its process, the calls that wait for it, and the thread between them."""

import threading
import time
from collections import deque
from typing import Protocol

from tools.ending import CANCELLED
from tools.host.call import Call
from tools.host.process import ExpertProcess, ProcessEndedError
from tools.host.request import Request

MOST_TOGETHER = 8


class Room(Protocol):
    """Where residents share memory and one lock.

    Attributes:
        changed: held by whoever looks at or changes a resident; notified after each change.
    """

    changed: threading.Condition

    def wait_for_room(self, resident: "Resident") -> None:
        """Wait until the resident's process fits in; others that are idle make room."""
        ...

    def leave(self, resident: "Resident") -> None:
        """The resident was idle for long: forget it."""
        ...


class Resident:
    """Serves the calls of one expert, one after the other, those that wait together in one go.

    The time limit of a call counts from its turn: starting the process is part of it, waiting
    for other calls is not. Calls that are handed over together have the sum of their limits.

    Args:
        first: a request for the expert.
        room: shared with the other residents.
        idle_s: the process ends when nobody has called for so long.
    """

    def __init__(self, first: Request, room: Room, idle_s: float) -> None:
        self.expert, self.name, self.memory_mb = first.expert, first.name, first.memory_mb
        self.last_used = 0.0
        self._function = first.function
        self._room, self._idle_s = room, idle_s
        self._waiting: deque[Call] = deque()
        self._running: list[Call] = []
        self._process: ExpertProcess | None = None
        self._is_late = False
        self._is_doomed = False
        self._is_closed = False
        threading.Thread(target=self._serve, name=f"dxtrace-{self.name}", daemon=True).start()

    # -- from any thread, with the room's lock held ------------------------------------------------

    @property
    def has_process(self) -> bool:
        """Whether it takes memory, or is about to."""
        return self._process is not None or bool(self._running)

    @property
    def is_idle(self) -> bool:
        """Whether its process could be ended without losing anything but time."""
        return self._process is not None and not self._running and not self._waiting

    @property
    def is_wanted(self) -> bool:
        """Whether calls wait for it."""
        return bool(self._waiting)

    def add(self, call: Call) -> None:
        """Let a call wait for its turn."""
        self._waiting.append(call)
        self._room.changed.notify_all()

    def cancel(self, call: Call) -> None:
        """Drop a call; if it alone is being answered, the process is killed."""
        call.cancel()
        if call in self._waiting:
            self._waiting.remove(call)
            self._room.changed.notify_all()
        elif call in self._running and all(c.answer.done() for c in self._running):
            self._kill()

    def end_process(self) -> None:
        """End an idle process and wait until it has given its memory back."""
        if self._process is not None:
            self._process.bury()
            self._process = None

    def close(self) -> None:
        """End everything; calls under way end as cancelled."""
        self._is_closed = True
        for call in (*self._waiting, *self._running):
            call.cancel()
        self._waiting.clear()
        self._kill()
        self._room.changed.notify_all()

    def _kill(self) -> None:
        self._is_doomed = True
        if self._process is not None:
            self._process.kill()

    # -- in the resident's own thread --------------------------------------------------------------

    def _serve(self) -> None:
        while (batch := self._next_batch()) is not None:
            try:
                self._run(batch)
            except Exception as error:  # noqa: BLE001  # whoever waits must get an answer
                for call in batch:
                    call.end("broken", f"its process cannot be used: {error}")
            with self._room.changed:
                if self._is_doomed:  # perhaps killed just after it had answered
                    self.end_process()
                self._running = []
                self.last_used = time.monotonic()
                self._room.changed.notify_all()

    def _next_batch(self) -> list[Call] | None:
        with self._room.changed:
            while not self._is_closed:
                self._room.changed.wait_for(
                    lambda: self._waiting or self._is_closed, timeout=self._idle_s
                )
                if not self._waiting:
                    break
                if self._process is None or self._process.has_ended:
                    self.end_process()
                    self._room.wait_for_room(self)
                if self._waiting:
                    self._is_late = self._is_doomed = False
                    self._running = self._take_together()
                    self._room.changed.notify_all()
                    return self._running
            self.end_process()
            self._room.leave(self)
            return None

    def _take_together(self) -> list[Call]:
        batch = [self._waiting.popleft()]
        while (
            self._waiting and len(batch) < MOST_TOGETHER
            and all(c.request.together and not c.alone for c in (batch[0], self._waiting[0]))
        ):  # fmt: skip
            batch.append(self._waiting.popleft())
        return batch

    def _run(self, batch: list[Call]) -> None:
        limit = batch[0].request.limit_s
        timer = threading.Timer((limit or 0.0) * len(batch), self._be_late, [batch])
        timer.daemon = True
        if limit is not None:
            timer.start()
        try:
            process = self._ready_process()
            process.ask([call.request.given for call in batch])
            for _ in batch:
                number, answer = process.take_answer()
                batch[number].settle(answer)
        except ProcessEndedError:
            self._account_for(batch)
        finally:
            timer.cancel()

    def _ready_process(self) -> ExpertProcess:
        with self._room.changed:
            if self._is_doomed:  # called off before it began
                raise ProcessEndedError
            if self._process is None:
                self._process = ExpertProcess(self.name, self._function)
            return self._process

    def _be_late(self, batch: list[Call]) -> None:
        with self._room.changed:
            if self._running is batch:
                self._is_late = True
                self._kill()

    def _account_for(self, batch: list[Call]) -> None:
        """Say how the calls ended whose process has gone; of several, each is made again alone."""
        with self._room.changed:
            how = self._process.bury() if self._process is not None else CANCELLED
            self._process = None
            left = [call for call in batch if not call.answer.done()]
            if len(batch) > 1:
                for call in left:
                    call.alone = True
                self._waiting.extendleft(reversed(left))
                return
            for call in left:
                if self._is_late:
                    call.end("late", f"killed after its limit of {call.request.limit_s} s")
                else:
                    call.end("broken", how)
