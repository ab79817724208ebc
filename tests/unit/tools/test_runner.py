"""The runner: whatever happens in a tool becomes one of six outcomes, and never a finding."""

import importlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dxtrace.clinical import (
    Case,
    Finding,
    Image,
    Observation,
    Outcome,
    Patient,
    Presence,
    Report,
    Series,
    Source,
    Study,
)
from expert_models import ModelCard, RetryableError
from tests.processes import has_ended, running_experts, wait_until
from tests.unit.tools import experts_that_misbehave as experts
from tools import Cancellation, Tool, run_tool

CASE = Case(id="c-1", reports=(Report(text="FINDINGS: Gas."),))


def tool(function: Callable[[Case], Any], **card: Any) -> Tool:
    fields = {"name": "expert", "accepts": ("report",), "produces": ("gas",), **card}
    return Tool(ModelCard(**fields), function, origin="somebody")


def gas(presence: Presence = Presence.PRESENT, **fields: Any) -> Finding:
    return Finding(id="f1", concept="gas", presence=presence, **fields)


def test_findings_come_back_with_the_time_they_took() -> None:
    run = run_tool(tool(lambda _: [gas()]), CASE, order=3)
    assert (run.call.outcome, run.call.name, run.order) == (Outcome.OK, "expert", 3)
    assert run.call.seconds >= 0
    assert [f.concept for f in run.findings] == ["gas"]


def test_nothing_found_is_ok_and_says_nothing() -> None:
    run = run_tool(tool(lambda _: []), CASE)
    assert (run.call.outcome, run.findings) == (Outcome.OK, ())


def test_what_forgets_to_return_is_told_so() -> None:
    run = run_tool(tool(lambda _: None), CASE)
    assert run.call.outcome is Outcome.FAILED
    assert "expected a list of findings or an ExpertOutput, got None" in run.call.reason


def test_a_generator_that_breaks_midway_gives_no_findings() -> None:
    def half(_: Case) -> Iterator[Finding]:
        yield gas()
        raise ValueError("pixel 7 is missing")

    run = run_tool(tool(half), CASE)
    assert run.call.outcome is Outcome.FAILED
    assert run.findings == ()
    assert "ValueError: pixel 7 is missing (half, line" in run.call.reason


@pytest.mark.parametrize(
    ("accepts", "case", "applies"),
    [
        (("report",), CASE, True),
        (("report",), Case(id="c"), False),
        (("image",), CASE, False),
        (("observation",), Case(id="c", observations=(Observation(value=2, unit="g/L"),)), True),
        (("patient",), Case(id="c", patient=Patient(age=3)), True),
        (("patient",), Case(id="c"), False),
        (("image", "report"), CASE, True),
    ],
)
def test_a_tool_applies_to_what_the_case_has(
    accepts: tuple[Any, ...], case: Case, applies: bool
) -> None:
    run = run_tool(tool(lambda _: [gas()], accepts=accepts), case)
    assert run.call.outcome is (Outcome.OK if applies else Outcome.NOT_APPLICABLE)
    if not applies:
        assert run.findings == ()
        assert "expected a case with" in run.call.reason


@pytest.mark.parametrize(
    ("modality", "tolerates", "reason"),
    [
        ("CR", (), None),
        ("CT", (), "expected CR or DX, got CT"),
        (None, (), "unknown modality"),
        (None, ("modality",), None),
    ],
)
def test_a_modality_that_the_card_does_not_name_is_not_looked_at(
    modality: str | None, tolerates: tuple[Any, ...], reason: str | None
) -> None:
    series = Series(id="s", modality=modality, images=(Image(path="x.dcm"),))
    case = Case(id="c", studies=(Study(id="st", series=(series,)),))
    looked: list[Case] = []

    def look(given: Case) -> list[Finding]:
        looked.append(given)
        return [gas()]

    card = {"accepts": ("image",), "modalities": ("CR", "DX"), "tolerates_unknown": tolerates}
    run = run_tool(tool(look, **card), case)
    assert (run.call.outcome is Outcome.NOT_APPLICABLE) == (reason is not None) == (not looked)
    assert run.call.reason == (reason or "")


def test_a_missing_library_is_unavailable() -> None:
    def needs_library(_: Case) -> list[Finding]:
        import a_library_that_nobody_has  # type: ignore[import-not-found]  # noqa: F401

        return [gas()]

    run = run_tool(tool(needs_library), CASE)
    assert run.call.outcome is Outcome.UNAVAILABLE
    assert "a_library_that_nobody_has" in run.call.reason


def test_a_refusal_is_an_abstention_with_its_reason() -> None:
    run = run_tool(tool(experts.refuse), CASE)
    assert run.call.outcome is Outcome.ABSTAINED
    assert run.call.reason == "the image of c-1 is upside down"


def test_a_passing_fault_is_tried_again() -> None:
    tries: list[int] = []

    def second_time(_: Case) -> list[Finding]:
        tries.append(1)
        if len(tries) == 1:
            raise RetryableError("busy")
        return [gas()]

    run = run_tool(tool(second_time), CASE)
    assert (run.call.outcome, len(tries)) == (Outcome.OK, 2)


def test_a_fault_that_does_not_pass_fails_after_a_second_try() -> None:
    run = run_tool(tool(experts.retry), CASE)
    assert run.call.outcome is Outcome.FAILED
    assert run.call.reason == "busy with c-1 (tried 2 times)"


def test_a_bug_is_not_tried_again() -> None:
    tries: list[int] = []

    def bug(_: Case) -> list[Finding]:
        tries.append(1)
        raise KeyError("left")

    run = run_tool(tool(bug), CASE)
    assert (run.call.outcome, len(tries)) == (Outcome.FAILED, 1)


@pytest.mark.parametrize("answer", [None, 7, [None], ["gas"], [{"concept": "gas"}]])
def test_what_is_no_finding_fails(answer: Any) -> None:
    run = run_tool(tool(lambda _: answer), CASE)
    assert run.call.outcome is Outcome.FAILED
    assert run.findings == ()


def test_a_finding_that_the_card_does_not_promise_is_refused_with_all_others() -> None:
    other = gas().model_copy(update={"id": "f2", "concept": "tumour"})
    run = run_tool(tool(lambda _: [gas(), other]), CASE)
    assert run.call.outcome is Outcome.FAILED
    assert "tumour" in run.call.reason
    assert run.findings == ()
    anything = run_tool(tool(lambda _: [gas(), other], produces=("*",)), CASE)
    assert len(anything.findings) == 2


@pytest.mark.parametrize("claimed", [Source.USER, Source.STRUCTURED, Source.TOOL])
def test_an_installed_expert_weighs_as_a_tool_whatever_it_says(claimed: Source) -> None:
    run = run_tool(tool(lambda _: [gas(source=claimed)]), CASE)
    assert [f.source for f in run.findings] == [Source.TOOL]


@pytest.mark.parametrize("isolated", [False, True])
@pytest.mark.parametrize(
    ("function", "said"),
    [
        (experts.leave, "SystemExit: no licence for c-1"),
        (experts.cancel, "Cancelled: c-1"),
        (experts.interrupt, "KeyboardInterrupt: c-1"),
        (experts.stumble_twice, "TwoPartError: c-1 twice"),
    ],
)
def test_whatever_an_expert_raises_is_a_failed_tool(
    function: Callable[[Case], Any], said: str, isolated: bool
) -> None:
    run = run_tool(tool(function, isolated=isolated), CASE)
    assert run.call.outcome is Outcome.FAILED
    assert run.call.reason.startswith(said)


def test_a_late_tool_that_is_not_isolated_is_left_behind() -> None:
    run = run_tool(tool(experts.hang, timeout_s=0.2), CASE)
    assert run.call.outcome is Outcome.TIMED_OUT
    assert "given up after its limit of 0.2 s; it may still be running" in run.call.reason


# -- in a process of its own -------------------------------------------------------------------


def test_an_isolated_tool_runs_in_another_process() -> None:
    run = run_tool(tool(experts.work, isolated=True), CASE)
    assert run.call.outcome is Outcome.OK
    name, process = run.findings[0].text.split()
    assert name == "c-1"
    assert int(process) != os.getpid()


def test_a_hanging_tool_is_killed_at_its_limit() -> None:
    run = run_tool(tool(experts.hang, name="hangs", isolated=True, timeout_s=0.5), CASE)
    assert run.call.outcome is Outcome.TIMED_OUT
    assert run.call.reason == "killed after its limit of 0.5 s"
    assert run.findings == ()
    assert running_experts("hangs") == []


@pytest.mark.parametrize(
    ("function", "outcome", "reason"),
    [
        (experts.die, Outcome.FAILED, "exit code 9"),
        (experts.refuse, Outcome.ABSTAINED, "upside down"),
        (experts.stumble, Outcome.FAILED, "ZeroDivisionError: c-1"),
        (experts.retry, Outcome.FAILED, "tried 2 times"),
    ],
)
def test_an_isolated_tool_ends_as_one_in_this_process(
    function: Callable[[Case], Any], outcome: Outcome, reason: str
) -> None:
    run = run_tool(tool(function, isolated=True, timeout_s=600), CASE)
    assert run.call.outcome is outcome
    assert reason in run.call.reason


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The experts of a plug-in, registered in this process for one test only."""
    monkeypatch.setattr("tools.registry._registered", [])
    return importlib.import_module("tests.unit.tools.experts_as_plugins")


def test_a_decorated_function_runs_isolated(plugins: ModuleType) -> None:
    run = run_tool(plugins.decorated_work, CASE)
    assert run.call.outcome is Outcome.OK, run.call.reason
    assert int(run.findings[0].text.split()[1]) != os.getpid()


def test_a_decorated_function_is_killed_at_its_limit(plugins: ModuleType) -> None:
    run = run_tool(plugins.decorated_hang, CASE)
    assert run.call.outcome is Outcome.TIMED_OUT
    assert running_experts("decorated_hang") == []


def test_a_method_runs_isolated(plugins: ModuleType) -> None:
    expert = plugins.Adapter()
    assert run_tool(Tool(expert.card, expert.run, "somebody"), CASE).call.outcome is Outcome.OK


def test_a_function_that_another_process_cannot_find_is_refused_clearly() -> None:
    run = run_tool(tool(lambda _: [gas()], isolated=True), CASE)
    assert run.call.outcome is Outcome.FAILED
    assert "must be defined at the top of a module" in run.call.reason


def test_what_a_killed_tool_has_started_is_killed_too(tmp_path: Path) -> None:
    number, cancellation = tmp_path / "number", Cancellation()
    case = Case(id="c-1", reports=(Report(text=str(number)),))
    starts = tool(experts.leave_a_child, isolated=True)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(run_tool, starts, case, cancellation=cancellation)
        wait_until(number.exists, "the tool starts a process")
        cancellation.cancel()
        assert running.result().call.reason == "cancelled"
    child = int(number.read_text())
    wait_until(lambda: has_ended(child), "what the tool has started ends")


def test_what_an_isolated_tool_prints_is_no_output_of_ours(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert run_tool(tool(experts.talk, isolated=True), CASE).call.outcome is Outcome.OK
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "printed by c-1" in printed.err
    assert "written below Python" in printed.err
