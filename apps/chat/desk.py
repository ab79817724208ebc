"""What all conversations share: workbenches, the line that reviews wait in, what is in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from apps.chat.conversation import Conversation
from apps.chat.rooms import Rooms
from apps.chat.waiting_line import WaitingLine
from apps.chat.warming import review_made_up_case
from graphs.workbench import PATHWAY, Workbench, default_workbench
from tools import Cancellation

if TYPE_CHECKING:
    from apps.chat.options import ChatOptions
    from apps.chat.sessions import Session

_MOST_IN_MEMORY = 64
_MOST_BENCHES = 8


@dataclass
class Desk:
    """What conversations need of the server.

    Attributes:
        options: how the page is served.
        line: where reviews wait and run.
        rooms: how much sessions hold.
    """

    options: ChatOptions
    line: WaitingLine = field(init=False)
    rooms: Rooms = field(init=False)
    _open: OrderedDict[str, Conversation] = field(default_factory=OrderedDict)
    _benches: OrderedDict[frozenset[str], Workbench] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _warming: Cancellation = field(default_factory=Cancellation)

    def __post_init__(self) -> None:
        self.line = WaitingLine(self.options.workers)
        self.rooms = Rooms(self.options.max_upload_bytes)

    def warm_up(self) -> None:
        """Build what every review needs, so that the first one takes no longer than others."""
        bench = default_workbench()
        for name in {PATHWAY, self.options.planner}:
            bench.planner(name)
        self.line.join(partial(review_made_up_case, bench, self._warming))

    def bench(self, without: frozenset[str]) -> Workbench:
        """The workbench without some experts.

        Args:
            without: their names.
        """
        if not without:
            return default_workbench()
        with self._lock:
            if without not in self._benches:
                self._benches[without] = default_workbench().without(without)
            self._benches.move_to_end(without)
            while len(self._benches) > _MOST_BENCHES:
                self._benches.popitem(last=False)
            return self._benches[without]

    def conversation(self, session: Session) -> Conversation:
        """The conversation of a session, from memory or from its folder.

        Raises:
            NoSessionError: if the session was removed.
        """
        with self._lock:
            known = self._open.get(session.id)
            if known is None:
                known = self._open[session.id] = Conversation(session, self)
            self._open.move_to_end(session.id)
            idle = [i for i, c in self._open.items() if not c.is_in_use and i != session.id]
            for name in idle[: max(0, len(self._open) - _MOST_IN_MEMORY)]:
                del self._open[name]
        return known

    def forget(self, session: Session) -> None:
        """Stop and forget the conversation of a session that is removed."""
        with self._lock:
            known = self._open.pop(session.id, None)
        self.rooms.recount(session)
        if known is not None:
            known.stop()

    def is_busy(self, session: Session) -> bool:
        """Whether a session is at work, or looked at, just now."""
        with self._lock:
            known = self._open.get(session.id)
        return known is not None and known.is_in_use

    @property
    def is_idle(self) -> bool:
        """Whether nothing is read or reviewed just now."""
        with self._lock:
            return not any(c.running or c.is_reading for c in self._open.values())

    def close(self) -> None:
        """Call off what runs; what has not begun never does."""
        with self._lock:
            open_now = list(self._open.values())
        self._warming.cancel()
        self.line.close()
        for conversation in open_now:
            conversation.interrupt()
