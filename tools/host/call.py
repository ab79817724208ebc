"""A call that waits for its answer."""

from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field

from tools.ending import CANCELLED, Ending, Kind
from tools.host.packing import pack_ending
from tools.host.request import Request


@dataclass(eq=False, slots=True)
class Call:
    """A request on its way through the host.

    Attributes:
        request: what is asked.
        answer: its packed ending, once it is there.
        alone: not to be handed over with others again, as together they did not end well.
    """

    request: Request
    answer: "Future[bytes]" = field(default_factory=Future)
    alone: bool = False

    def settle(self, packed: bytes) -> None:
        """Give the answer; the first one stands."""
        with suppress(InvalidStateError):
            self.answer.set_result(packed)

    def end(self, kind: Kind, reason: str) -> None:
        """Give an ending that the host makes."""
        self.settle(pack_ending(Ending(kind, reason)))

    def cancel(self) -> None:
        """Give the ending of a call that nobody waits for any more."""
        self.end("broken", CANCELLED)
