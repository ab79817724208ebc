"""An expert stays: one process, one call after the other; what goes wrong costs one call."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from dxtrace.clinical import Outcome
from expert_models import Arguments
from tests.processes import LIMIT_S, wait_until
from tests.unit.tools.host.resident_experts import Resident, Together, case_of, said
from tools import Cancellation, Tool, ToolRun, run_tool
from tools.host.host import ExpertHost
from tools.host.packing import unpack_ending
from tools.host.request import make_request
from tools.host.scratch import make_scratch


def tool(kind: type[Resident] = Resident, **card: Any) -> Tool:
    expert = kind(**card)
    return Tool(expert.card, expert.run, "somebody")


def hasty(patient: Tool) -> Tool:
    """The same expert, in the same process, with a short limit: for calls that hang."""
    return Tool(patient.card.model_copy(update={"timeout_s": 1.0}), patient.function, "somebody")


@pytest.fixture
def host() -> Iterator[ExpertHost]:
    """A host with room for two experts of 500 MiB."""
    host = ExpertHost(1000, idle_s=600)
    yield host
    host.close()


def call(host: ExpertHost, name: str, words: str = "look", **card: Any) -> Any:
    """Hand a call in; the answer is a future."""
    one = tool(**{"name": name, "memory_mb": 500, **card})
    return host.submit(make_request(one, case_of(words), Arguments()))


def process_of(run: ToolRun) -> int:
    assert run.call.outcome is Outcome.OK, run.call.reason
    return int(said(run.findings)["process"])


def wait_until_running(host: ExpertHost, *names: str) -> None:
    with host.changed:
        assert host.changed.wait_for(lambda: set(names) <= set(host.running()), timeout=LIMIT_S)


def test_the_second_call_finds_the_expert_as_the_first_left_it() -> None:
    expert = tool(name="stays")
    first, second = (run_tool(expert, case_of("look")) for _ in range(2))
    assert process_of(first) == process_of(second)
    assert said(second.findings)["calls"] == "2"


def test_experts_of_one_name_and_different_settings_are_different_experts() -> None:
    runs = [run_tool(tool(name="two", version=v), case_of("look")) for v in ("1", "2")]
    assert len({process_of(run) for run in runs}) == 2


@pytest.mark.parametrize(
    ("order", "outcome", "reason"),
    [
        ("die", Outcome.FAILED, "exit code 9"),
        ("out-of-memory", Outcome.FAILED, "killed by SIGKILL (out of memory?)"),
        ("hang", Outcome.TIMED_OUT, "killed after its limit of 1.0 s"),
    ],
)
def test_what_ends_the_process_costs_one_call(order: str, outcome: Outcome, reason: str) -> None:
    expert = tool(name="ends")
    before = process_of(run_tool(expert, case_of("look")))
    ended = run_tool(hasty(expert) if order == "hang" else expert, case_of(order))
    assert (ended.call.outcome, ended.findings) == (outcome, ())
    assert reason in ended.call.reason
    after = run_tool(expert, case_of("look"))
    assert process_of(after) != before
    assert said(after.findings)["calls"] == "1"


def test_calls_of_several_threads_are_answered_one_after_the_other() -> None:
    expert = tool(name="shared")
    with ThreadPoolExecutor(4) as threads:
        runs = list(threads.map(lambda n: run_tool(expert, case_of(f"look {n}")), range(8)))
    assert [said(run.findings)["word"] for run in runs] == [str(n) for n in range(8)]
    assert len({process_of(run) for run in runs}) == 1
    assert sorted(int(said(run.findings)["calls"]) for run in runs) == list(range(1, 9))


def test_a_case_larger_than_a_pipe_reaches_an_expert_and_one_that_hangs_is_killed() -> None:
    words = "hang " + "x" * 5_000_000
    expert = tool(name="large")
    assert run_tool(expert, case_of(f"look {words}")).call.outcome is Outcome.OK
    assert run_tool(hasty(expert), case_of(words)).call.outcome is Outcome.TIMED_OUT


# -- memory ------------------------------------------------------------------------------------


def test_the_one_used_least_recently_makes_room(host: ExpertHost) -> None:
    for name in ("one", "two", "one", "three"):
        unpack_ending(call(host, name).answer.result())
    assert host.running() == ("one", "three")


def test_one_that_is_busy_is_waited_for(host: ExpertHost, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("one", "two")}
    busy = {name: call(host, name, f"until {file}") for name, file in files.items()}
    wait_until_running(host, *files)
    third = call(host, "three")
    assert not third.answer.done()
    assert "three" not in host.running()
    files["two"].touch()
    assert unpack_ending(third.answer.result()).kind == "ok"
    assert host.running() == ("one", "three")
    assert not busy["one"].answer.done()
    files["one"].touch()
    assert unpack_ending(busy["one"].answer.result()).kind == "ok"


def test_one_that_is_too_large_runs_alone(host: ExpertHost) -> None:
    call(host, "small").answer.result()
    assert unpack_ending(call(host, "huge", memory_mb=5000).answer.result()).kind == "ok"
    assert host.running() == ("huge",)


def test_one_that_nobody_calls_is_ended() -> None:
    host = ExpertHost(1000, idle_s=0.05)
    call(host, "one").answer.result()
    with host.changed:
        assert host.changed.wait_for(lambda: host.running() == (), timeout=LIMIT_S)
    assert unpack_ending(call(host, "one").answer.result()).kind == "ok"
    host.close()


# -- together ----------------------------------------------------------------------------------


def together(host: ExpertHost, tmp_path: Path, *words: str) -> list[Any]:
    """The endings of calls that wait together, while the expert is busy with another."""
    file = tmp_path / "go"
    busy = call(host, "many", f"until {file}", kind=Together)
    wait_until_running(host, "many")
    waiting = [call(host, "many", w, kind=Together) for w in words]
    file.touch()
    assert unpack_ending(busy.answer.result()).kind == "ok"
    return [unpack_ending(one.answer.result()) for one in waiting]


def test_calls_that_wait_together_are_handed_over_together(
    host: ExpertHost, tmp_path: Path
) -> None:
    endings = together(host, tmp_path, "look a", "refuse upside-down", "look c")
    assert [e.kind for e in endings] == ["ok", "refused", "ok"]
    assert endings[1].reason == "upside-down"
    assert [said(e.found.findings)["word"] for e in (endings[0], endings[2])] == ["a", "c"]
    assert {said(endings[n].found.findings)["together"] for n in (0, 2)} == {"3"}


@pytest.mark.parametrize(("order", "kinds"), [("fail", {"ok"}), ("die", {"ok", "broken"})])
def test_one_bad_case_costs_no_other(
    host: ExpertHost, tmp_path: Path, order: str, kinds: set[str]
) -> None:
    endings = together(host, tmp_path, "look a", f"{order} b", "look c")
    assert [e.kind for e in (endings[0], endings[2])] == ["ok", "ok"]
    assert {e.kind for e in endings} == kinds
    assert {said(e.found.findings)["together"] for e in endings if e.kind == "ok"} == {"1"}


# -- stopping ----------------------------------------------------------------------------------


def test_a_cancelled_call_ends_and_so_does_its_process(tmp_path: Path) -> None:
    cancellation = Cancellation()
    expert = tool(name="cancelled")
    process = psutil.Process(process_of(run_tool(expert, case_of("look"))))
    with ThreadPoolExecutor(1) as threads:
        begun = tmp_path / "begun"
        case = case_of(f"touch {begun}")
        running = threads.submit(run_tool, expert, case, cancellation=cancellation)
        wait_until(begun.exists, "the call begins")
        cancellation.cancel()
        run = running.result()
    assert (run.call.outcome, run.call.reason) == (Outcome.FAILED, "cancelled")
    assert run_tool(expert, case_of("look"), cancellation=cancellation).call.reason == "cancelled"
    process.wait(LIMIT_S)


def test_an_interrupt_of_the_user_ends_the_call(tmp_path: Path) -> None:
    expert = tool(name="interrupted")
    process = psutil.Process(process_of(run_tool(expert, case_of("look"))))
    begun = tmp_path / "begun"

    def interrupt() -> None:
        wait_until(begun.exists, "the call begins")
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run_tool(expert, case_of(f"touch {begun}"))
    process.wait(LIMIT_S)


def test_a_cancelled_call_that_waits_costs_nobody_else(host: ExpertHost, tmp_path: Path) -> None:
    file = tmp_path / "go"
    busy = call(host, "one", f"until {file}")
    wait_until_running(host, "one")
    waiting = call(host, "one")
    host.cancel(waiting)
    assert unpack_ending(waiting.answer.result()).reason == "cancelled"
    file.touch()
    assert unpack_ending(busy.answer.result()).kind == "ok"


def test_closing_ends_every_process_and_every_call(host: ExpertHost) -> None:
    busy = call(host, "one", "hang")
    wait_until_running(host, "one")
    host.close()
    assert unpack_ending(busy.answer.result()).reason == "cancelled"
    assert host.running() == ()


def test_what_an_expert_leaves_in_temporary_files_goes_with_its_process() -> None:
    host = ExpertHost(1000, idle_s=600)
    ending = unpack_ending(call(host, "litters", "litter patient").answer.result(LIMIT_S))
    left = Path(said(ending.found.findings)["word"])
    assert left.exists()
    assert left.parent.stat().st_mode & 0o077 == 0
    host.close()
    assert not left.parent.exists()


def test_what_a_dead_program_has_left_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dead, living, fresh = (
        tmp_path / f"dxtrace-expert-{number}-{word}"
        for number, word in ((2**22 + 1, "a"), (os.getpid(), "b"), (2**22 + 1, "c"))
    )
    for folder in (dead, living, fresh):
        folder.mkdir()
        (folder / "image.nii.gz").touch()
        if folder is not fresh:
            os.utime(folder, (0, 0))
    made = make_scratch()
    assert {p.name for p in tmp_path.iterdir()} == {living.name, fresh.name, made.name}


def test_an_object_that_another_process_cannot_make_is_refused_clearly() -> None:
    expert = Resident(name="tied")
    expert.lock = threading.Lock()  # type: ignore[attr-defined]  # what cannot be pickled
    run = run_tool(Tool(expert.card, expert.run, "somebody"), case_of("look"))
    assert run.call.outcome is Outcome.FAILED
    assert "must be defined at the top of a module" in run.call.reason
