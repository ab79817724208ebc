"""The host: knows the residents, shares the memory among them, takes calls."""

import threading

from tools.host.call import Call
from tools.host.request import Request
from tools.host.resident import Resident


class ExpertHost:
    """Experts in processes of their own, as many as fit into memory.

    An expert's process is started at its first call and stays. When another one does not fit, the
    idle one that was used least recently is ended. An expert that does not fit at all runs alone.

    Args:
        memory_mb: what the cards of the experts that run may ask for together, in MiB.
        idle_s: an expert that nobody calls for so long is ended.
    """

    def __init__(self, memory_mb: int, idle_s: float) -> None:
        self.changed = threading.Condition(threading.RLock())
        self._memory_mb, self._idle_s = memory_mb, idle_s
        self._residents: dict[tuple[str, str], Resident] = {}

    def submit(self, request: Request) -> Call:
        """Take a call; its answer comes when it is its turn."""
        call = Call(request)
        with self.changed:
            resident = self._residents.get(request.expert)
            if resident is None:
                resident = Resident(request, self, self._idle_s)
                self._residents[request.expert] = resident
            resident.add(call)
        return call

    def cancel(self, call: Call) -> None:
        """Call a call off; its process is killed if it has begun."""
        with self.changed:
            resident = self._residents.get(call.request.expert)
            if resident is not None:
                resident.cancel(call)
            call.cancel()

    def running(self) -> tuple[str, ...]:
        """The names of the experts that have a process now, the least recently used first."""
        with self.changed:
            living = [r for r in self._residents.values() if r.has_process]
            return tuple(r.name for r in sorted(living, key=lambda r: r.last_used))

    def close(self) -> None:
        """End every expert and wait until their processes are gone."""
        with self.changed:
            for resident in self._residents.values():
                resident.close()
            self.changed.wait_for(lambda: not self._residents)

    # -- for residents, with the lock held ---------------------------------------------------------

    def wait_for_room(self, resident: Resident) -> None:
        """Wait until the resident's process fits in, or nobody wants it any more."""
        while resident.is_wanted:
            others = [r for r in self._residents.values() if r.has_process and r is not resident]
            used = sum(r.memory_mb for r in others)
            if not others or used + resident.memory_mb <= self._memory_mb:
                return
            idle = [r for r in others if r.is_idle]
            if idle:
                min(idle, key=lambda r: r.last_used).end_process()
            else:
                self.changed.wait()

    def leave(self, resident: Resident) -> None:
        """Forget a resident."""
        del self._residents[resident.expert]
        self.changed.notify_all()
