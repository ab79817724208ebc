"""One expert's process, as the host holds it."""

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from multiprocessing import Pipe, spawn
from multiprocessing.connection import Connection, wait
from typing import Any

from tools.host.scratch import make_scratch, remove_scratch
from tools.host.worker import NUMBER_BYTES, importing_main

_KILL_WAIT_S = 5.0
# No process of multiprocessing: that would run the user's own script again, with all that it does.
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from tools.host.worker import main; main(int(sys.argv[1]))"
)


class ProcessEndedError(Exception):
    """The process is gone."""


class ExpertProcess:
    """A process that answers calls of one expert.

    One thread asks and takes answers; any thread may kill.

    Args:
        name: the expert's name.
        function: its function, packed.

    Raises:
        OSError: if no process can be started.
    """

    def __init__(self, name: str, function: bytes) -> None:
        if importing_main.is_set():
            raise OSError("called while its script is imported: expected if __name__ == '__main__'")
        self._function = function
        self._lock = threading.Lock()
        self._how: str | None = None
        self._scratch = make_scratch()
        self._pipe, theirs = Pipe()
        try:
            self._process = self._started(name, theirs)
        except OSError:
            remove_scratch(self._scratch)
            raise
        # Besides the pipe, which something that the expert has started may hold open.
        self._end = [os.pidfd_open(self._process.pid)] if hasattr(os, "pidfd_open") else []

    def _started(self, name: str, theirs: "Connection[bytes, bytes]") -> subprocess.Popen[bytes]:
        with theirs:
            arguments = [str(theirs.fileno()), json.dumps(sys.path), process_name(name)]
            return subprocess.Popen(  # noqa: S603 - this Python, and a program of ours
                [spawn.get_executable(), "-c", _START, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=2,  # what an expert prints is no result
                pass_fds=(theirs.fileno(),),
                env={**os.environ, "TMPDIR": str(self._scratch)},
                process_group=0,  # what it starts is killed with it
            )

    @property
    def has_ended(self) -> bool:
        """Whether it has ended by itself or was killed."""
        return bool(wait([self._pipe, *self._end], 0))  # nothing else comes when nobody asks

    def ask(self, given: Sequence[bytes]) -> None:
        """Hand calls over.

        Raises:
            ProcessEndedError: if the process is gone.
        """
        message = (main_module_for(self._function), self._function, list(given))
        try:
            self._pipe.send_bytes(pickle.dumps(message))
        except OSError as error:
            raise ProcessEndedError from error

    def take_answer(self) -> tuple[int, bytes]:
        """Wait for the next answer: the number of the call in what was asked, and its ending.

        Raises:
            ProcessEndedError: if the process ends before.
        """
        try:
            if self._pipe not in wait([self._pipe, *self._end]):
                raise ProcessEndedError
            message = self._pipe.recv_bytes()
        except (EOFError, OSError) as error:
            raise ProcessEndedError from error
        return int.from_bytes(message[:NUMBER_BYTES]), message[NUMBER_BYTES:]

    def kill(self) -> None:
        """Kill it and the processes that it has started."""
        with self._lock:
            if self._how is None:  # not waited for yet: its number still is its own
                _kill_group(self._process.pid)

    def bury(self) -> str:
        """Kill it, wait until it has given its memory back, and say how it ended."""
        with self._lock:
            if self._how is None:
                _kill_group(self._process.pid)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_KILL_WAIT_S)
                self._pipe.close()
                for number in self._end:
                    os.close(number)
                remove_scratch(self._scratch)
                self._how = _words(self._process.returncode)
            return self._how


def process_name(expert: str) -> str:
    """What the list of processes shows, as the last word of the command."""
    return f"dxtrace-expert-{expert}"


def main_module_for(function: bytes) -> dict[str, Any]:
    """Where the program's main module is, for an expert that is defined there; else nothing."""
    if b"__main__" not in function:
        return {}
    told = spawn.get_preparation_data("dxtrace-expert")
    return {key: value for key, value in told.items() if key.startswith("init_main")}


def _kill_group(process: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)


def _words(code: int | None) -> str:
    if code is None or code >= 0:
        return f"its process ended with exit code {code}"
    hint = " (out of memory?)" if -code == signal.SIGKILL else ""
    return f"its process was killed by {signal.Signals(-code).name}{hint}"
