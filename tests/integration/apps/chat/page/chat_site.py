"""The chat page in a process of its own, as a user starts it."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.integration.conftest import ROOT, command_environment
from tests.processes import wait_until

SAID = "DxTrace is at "


class ChatSite:
    """A server of the page that can be killed and started again at the same address.

    Args:
        folder: for its sessions and its log.
        options: further options of the command.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder, self._options = folder, options
        self._port = "0"
        self._process: subprocess.Popen[bytes] | None = None
        self.address = ""

    @property
    def state(self) -> Path:
        """The folder of the sessions."""
        return self._folder / "state"

    @property
    def log(self) -> str:
        """Everything that the server has said."""
        return "".join(p.read_text() for p in (self._out, self._err) if p.is_file())

    @property
    def _out(self) -> Path:
        return self._folder / "out.txt"

    @property
    def _err(self) -> Path:
        return self._folder / "err.txt"

    def start(self) -> "ChatSite":
        command = [
            sys.executable, "-m", "dxtrace", "chat", "--port", self._port,
            "--state", str(self.state), *self._options,
        ]  # fmt: skip
        with self._out.open("wb") as out, self._err.open("ab") as err:
            self._process = subprocess.Popen(
                command, stdout=out, stderr=err, cwd=ROOT, env=command_environment(),
                start_new_session=True,
            )  # fmt: skip
        wait_until(lambda: SAID in self._out.read_text() or self.ended, "the page is served")
        self.address = self._out.read_text().partition(SAID)[2].split(" ")[0]
        assert self.address, self.log
        self._port = self.address.rstrip("/").rpartition(":")[2]
        return self

    @property
    def ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            with suppress(ProcessLookupError):  # it may have ended as it was told to
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def interrupt(self) -> int:
        """As Ctrl-C does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait()
