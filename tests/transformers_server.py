"""``transformers serve`` as a process of its own, until a block ends."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.conftest import ROOT, command_environment

SCRIPT = Path(__file__).parent / "serve_with_transformers.py"
LONGEST_START_S = 600


@contextmanager
def transformers_server(folder: Path) -> Iterator[str]:
    """Serve models by their folders; a request names one (``--planner URL#FOLDER``).

    Args:
        folder: where the server works and writes its log.

    Yields:
        The base URL.
    """
    port, log = _free_port(), folder / "server.log"
    environment = {
        **command_environment(), "PYTHONPATH": str(ROOT), "HF_HUB_CACHE": str(folder),
        "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, SCRIPT, str(port)], stdout=out, stderr=out, env=environment, cwd=folder
        )
    try:
        until = time.monotonic() + LONGEST_START_S
        while not _answers(f"http://127.0.0.1:{port}/health"):
            assert server.poll() is None, log.read_text(errors="replace")[-3000:]
            assert time.monotonic() < until, log.read_text(errors="replace")[-3000:]
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as reply:  # noqa: S310  # our own server
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False
