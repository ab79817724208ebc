"""Servers of others, started at a port that is their own."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil
import pytest

from tests.processes import wait_until

_TRIES = 5
Server = subprocess.Popen[bytes]


@contextmanager
def server_at_a_port(start: Callable[[int], Server]) -> Iterator[int]:
    """The port at which a server listens until the block ends.

    Another program may take a free port before the server does: it is then started again.

    Args:
        start: starts it at a port, in a session of its own.
    """
    for _ in range(_TRIES):
        port = _free_port()
        server = start(port)
        try:
            if _listens(server, port):
                yield port
                return
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()
    pytest.fail(f"the server does not start; it ended with status {server.returncode}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _listens(server: Server, port: int) -> bool:
    """Wait until it listens; False if it has ended."""
    wait_until(lambda: server.poll() is not None or port in _ports_of(server), "it listens")
    return server.poll() is None


def _ports_of(server: Server) -> set[int]:
    """The ports at which the server's processes listen."""
    family = [psutil.Process(server.pid)]
    with suppress(psutil.NoSuchProcess):
        family += family[0].children(recursive=True)
    ports = set()
    for process in family:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            connections = process.net_connections("tcp")
            ports |= {c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN}
    return ports
