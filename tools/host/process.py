"""One expert's process, as the host holds it."""

import contextlib
import os
import pickle
import signal
import threading
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.connection import wait

from tools.host.worker import NUMBER_BYTES, work

_KILL_WAIT_S = 5.0


class ProcessEndedError(Exception):
    """The process is gone."""


class ExpertProcess:
    """A process that answers calls of one expert.

    One thread asks and takes answers; any thread may kill.

    Args:
        name: the expert's name.
        function: its function, packed.
    """

    def __init__(self, name: str, function: bytes) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=work, args=(theirs, function), name=f"dxtrace-expert-{name}"
        )
        self._lock = threading.Lock()
        self._is_buried = False
        with theirs:
            self._process.start()

    @property
    def has_ended(self) -> bool:
        """Whether it has ended by itself or was killed."""
        return bool(wait([self._process.sentinel], 0))

    def ask(self, given: Sequence[bytes]) -> None:
        """Hand calls over.

        Raises:
            ProcessEndedError: if the process is gone.
        """
        try:
            self._pipe.send_bytes(pickle.dumps(list(given)))
        except OSError as error:
            raise ProcessEndedError from error

    def take_answer(self) -> tuple[int, bytes]:
        """Wait for the next answer: the number of the call in what was asked, and its ending.

        Raises:
            ProcessEndedError: if the process ends before.
        """
        try:
            if self._pipe not in wait([self._pipe, self._process.sentinel]):
                raise ProcessEndedError
            message = self._pipe.recv_bytes()
        except (EOFError, OSError) as error:
            raise ProcessEndedError from error
        return int.from_bytes(message[:NUMBER_BYTES]), message[NUMBER_BYTES:]

    def kill(self) -> None:
        """Kill it and the processes that it has started."""
        with self._lock:
            if self._is_buried:
                return
            self._kill_group()
            self._process.kill()

    def bury(self) -> str:
        """Kill it, wait until it has given its memory back, and say how it ended."""
        with self._lock:
            if not self._is_buried:
                ended_itself = self.has_ended
                self._kill_group()
                if not ended_itself:
                    self._process.kill()
                self._process.join(_KILL_WAIT_S)
                self._pipe.close()
                self._is_buried = True
        code = self._process.exitcode
        if code is not None and code < 0:
            how = signal.Signals(-code).name
            hint = " (out of memory?)" if -code == signal.SIGKILL else ""
            return f"its process was killed by {how}{hint}"
        return f"its process ended with exit code {code}"

    def _kill_group(self) -> None:
        # Not yet waited for, its number still is its own.
        process = self._process.pid
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if process is not None and os.getpgid(process) == process:
                os.killpg(process, signal.SIGKILL)
