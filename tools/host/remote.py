"""One host for several processes of this machine: over a local socket, with a key."""

import contextlib
import logging
import os
import pickle
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import AuthenticationError, Pipe
from multiprocessing.connection import Client, Connection, Listener, wait

from tools.cancellation import Cancellation
from tools.ending import CANCELLED, Ending
from tools.host.host import ExpertHost
from tools.host.packing import pack_ending
from tools.host.request import Request
from tools.host.scratch import make_scratch, remove_scratch

_KEY_BYTES = 32
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HostAddress:
    """Where a host listens.

    Attributes:
        path: the socket, in a folder that only this user may enter.
        key: what a caller must know.
    """

    path: str
    key: bytes = field(repr=False)


class HostGoneError(Exception):
    """Nobody answers at the address."""


# -- the side that calls -----------------------------------------------------------------------


def call_remote(address: HostAddress, request: Request, cancellation: Cancellation) -> bytes:
    """Make a call at the host of another process.

    The connection is the call: when it closes, because the caller is cancelled, interrupted or
    killed, the host calls the expert off.

    Raises:
        HostGoneError: if the host is not there, or goes.
    """
    try:
        with (
            Client(address.path, family="AF_UNIX", authkey=address.key) as connection,
            cancellation.stopping(partial(_hang_up, connection)),
        ):
            connection.send(request)
            return connection.recv_bytes()
    except (EOFError, OSError, AuthenticationError) as error:
        if cancellation.is_cancelled:
            return pack_ending(Ending("broken", CANCELLED))
        raise HostGoneError from error


def _hang_up(connection: "Connection[Request, bytes]") -> None:
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


# -- the side that answers ---------------------------------------------------------------------


@contextmanager
def serve_experts(host: ExpertHost) -> Iterator[HostAddress | None]:
    """Take calls of other processes in the background.

    Args:
        host: makes the calls.

    Yields:
        The address; None where there can be no such socket.
    """
    folder = make_scratch()
    key = os.urandom(_KEY_BYTES)
    try:
        try:
            listener = Listener(str(folder / "host"), family="AF_UNIX", authkey=key)
        except OSError as error:  # the folder for temporary files may have too long a name
            log.warning("each worker loads its own experts: %s", error)
            yield None
            return
        with listener:
            thread = threading.Thread(target=_accept, args=(listener, host), daemon=True)
            thread.start()
            yield HostAddress(str(folder / "host"), key)
    finally:
        remove_scratch(folder)


def _accept(listener: Listener, host: ExpertHost) -> None:
    while True:
        try:
            connection = listener.accept()
        except AuthenticationError:
            continue
        except (EOFError, ConnectionError):  # the caller has gone while it said who it is
            continue
        except OSError:  # closed
            return
        threading.Thread(target=_answer, args=(connection, host), daemon=True).start()


def _answer(connection: "Connection[bytes, Request]", host: ExpertHost) -> None:
    with connection, contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
        call = host.submit(connection.recv())
        done, tell = Pipe(duplex=False)
        with done, tell:
            call.answer.add_done_callback(lambda _: tell.send_bytes(b"done"))
            if done in wait([connection, done]):
                connection.send_bytes(call.answer.result())
            else:
                host.cancel(call)
