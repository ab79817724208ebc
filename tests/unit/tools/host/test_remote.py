"""Several processes share one host: over a socket with a key, as long as it is there."""

import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from pathlib import Path

import pytest

from dxtrace.clinical import Outcome
from expert_models import Arguments
from tests.processes import LIMIT_S, wait_until
from tests.unit.tools.host.resident_experts import Resident, case_of, said
from tools import Cancellation, Tool, run_tool
from tools.host import HostAddress, serve_experts, use_host_at
from tools.host.host import ExpertHost
from tools.host.request import make_request


@pytest.fixture
def host() -> Iterator[ExpertHost]:
    host = ExpertHost(1000, idle_s=600)
    yield host
    host.close()


@pytest.fixture
def address(host: ExpertHost) -> Iterator[HostAddress]:
    """The calls of this process go to the host, as those of a batch worker do."""
    with serve_experts(host) as address:
        assert address is not None
        use_host_at(address)
        yield address
        use_host_at(None)


def tool(name: str) -> Tool:
    expert = Resident(name=name)
    return Tool(expert.card, expert.run, "somebody")


@pytest.mark.usefixtures("address")
def test_calls_go_to_the_host_and_the_expert_stays_there(host: ExpertHost) -> None:
    runs = [run_tool(tool("there"), case_of("look")) for _ in range(2)]
    assert host.running() == ("there",)
    assert [said(run.findings)["calls"] for run in runs] == ["1", "2"]


def test_only_this_user_may_enter_and_only_who_knows_the_key(address: HostAddress) -> None:
    folder = Path(address.path).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert address.key.hex() not in repr(address)
    with pytest.raises(AuthenticationError):
        Client(address.path, family="AF_UNIX", authkey=os.urandom(32))
    assert run_tool(tool("there"), case_of("look")).call.outcome is Outcome.OK


def test_when_the_host_is_gone_experts_run_here(address: HostAddress) -> None:
    use_host_at(HostAddress(address.path + "-gone", address.key))
    run = run_tool(tool("here"), case_of("look"))
    assert (run.call.outcome, said(run.findings)["calls"]) == (Outcome.OK, "1")


def test_a_caller_that_goes_away_ends_its_call(address: HostAddress, host: ExpertHost) -> None:
    request = make_request(tool("left"), case_of("hang"), Arguments())
    with Client(address.path, family="AF_UNIX", authkey=address.key) as connection:
        connection.send(request)
        with host.changed:
            assert host.changed.wait_for(lambda: host.running() == ("left",), timeout=LIMIT_S)
    with host.changed:
        assert host.changed.wait_for(lambda: host.running() == (), timeout=LIMIT_S)


@pytest.mark.usefixtures("address")
def test_a_cancelled_call_ends_at_the_host(host: ExpertHost, tmp_path: Path) -> None:
    cancellation, begun = Cancellation(), tmp_path / "begun"
    case = case_of(f"touch {begun}")
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(run_tool, tool("hangs"), case, cancellation=cancellation)
        wait_until(begun.exists, "the call begins")
        cancellation.cancel()
        run = running.result()
    assert (run.call.outcome, run.call.reason) == (Outcome.FAILED, "cancelled")
    with host.changed:
        assert host.changed.wait_for(lambda: host.running() == (), timeout=LIMIT_S)


def test_what_is_no_request_ends_only_its_connection(address: HostAddress) -> None:
    with Client(address.path, family="AF_UNIX", authkey=address.key) as connection:
        connection.send_bytes(b"no pickle at all")
        with pytest.raises(EOFError):
            connection.recv_bytes()
    assert run_tool(tool("there"), case_of("look")).call.outcome is Outcome.OK
