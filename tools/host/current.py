"""The host that this process uses: its own, or that of the process that started it."""

import contextlib
import os
import threading
from dataclasses import dataclass
from multiprocessing.util import Finalize

from dxtrace.clinical import Case
from expert_models import Arguments
from tools.cancellation import Cancellation
from tools.ending import Ending
from tools.host.host import ExpertHost
from tools.host.packing import unpack_ending
from tools.host.remote import HostAddress, HostGoneError, call_remote
from tools.host.request import NotPortableError, Request, make_request
from tools.settings import RunnerSettings
from tools.tool import Tool

_BEFORE_CHILDREN_ARE_JOINED = 100


@dataclass
class _Current:
    """What this process uses.

    Attributes:
        host: its own host, started at the first call.
        process: the process that started it; a fork has none.
        elsewhere: where a host of another process listens.
    """

    host: ExpertHost | None = None
    process: int = 0
    elsewhere: HostAddress | None = None


_current = _Current()
_lock = threading.Lock()


def own_host() -> ExpertHost:
    """The host in this process."""
    with _lock:
        if _current.host is None or _current.process != os.getpid():
            settings = RunnerSettings()
            _current.host = ExpertHost(settings.expert_memory_mb, settings.expert_idle_s)
            _current.process = os.getpid()
            Finalize(None, close_experts, exitpriority=_BEFORE_CHILDREN_ARE_JOINED)
        return _current.host


def close_experts() -> None:
    """End the experts of this process; a later call starts them anew."""
    with _lock:
        host, _current.host = _current.host, None
    if host is not None and _current.process == os.getpid():
        host.close()


def use_host_at(address: HostAddress | None) -> None:
    """Send calls to the host of another process, as long as it is there."""
    _current.elsewhere = address


def call_isolated(
    tool: Tool, case: Case, arguments: Arguments, cancellation: Cancellation | None
) -> Ending:
    """Call a tool in its process; whatever happens there becomes an ending."""
    try:
        request = make_request(tool, case, arguments)
    except NotPortableError as error:
        return Ending("broken", str(error))
    cancellation = cancellation or Cancellation()
    elsewhere = _current.elsewhere
    if elsewhere is not None:
        with contextlib.suppress(HostGoneError):
            return unpack_ending(call_remote(elsewhere, request, cancellation))
    return unpack_ending(_call_here(request, cancellation))


def _call_here(request: Request, cancellation: Cancellation) -> bytes:
    host = own_host()
    call = host.submit(request)
    try:
        with cancellation.stopping(lambda: host.cancel(call)):
            return call.answer.result()
    except BaseException:  # an interrupt by the user: the expert must not go on
        host.cancel(call)
        raise
