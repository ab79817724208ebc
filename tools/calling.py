"""Running a tool's function where it does no harm: in a thread, or a process that is killed."""

import contextlib
import contextvars
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import Literal

from dxtrace.clinical import Case, Finding
from expert_models import Arguments, ExpertOutput, RetryableError, ToolRefusal
from tools.tool import BUILT_IN, NO_ARGUMENTS, Tool, ToolFunction, call_function

KILL_WAIT_S = 0.5

_Given = tuple[Case, Arguments]
Kind = Literal["ok", "again", "refused", "missing", "broken", "late"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How one call of a function ended.

    Attributes:
        kind: *ok*; *again* (it may work when tried again); *refused*; *missing* (a library is);
            *broken*; *late*.
        reason: why, unless it went well.
        found: what it returned, its findings listed; not yet checked to be findings and masks.
    """

    kind: Kind
    reason: str = ""
    found: ExpertOutput = field(default_factory=ExpertOutput)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a function is defined: what a new process needs to find it.

    The decorator ``expert_tool`` leaves a :class:`Tool` under the function's name, so the function
    itself cannot be pickled.
    """

    module: str
    name: str

    def resolve(self) -> ToolFunction:
        found: object = import_module(self.module)
        for part in self.name.split("."):
            found = getattr(found, part)
        function = found.function if isinstance(found, Tool) else found
        if not callable(function):
            raise TypeError(f"{self.module}.{self.name} is no function")
        return function


def call_tool(tool: Tool, case: Case, arguments: Arguments = NO_ARGUMENTS) -> Ending:
    """Call a tool once.

    Our own tools run here. Others run in a thread, so that nothing they raise can be taken for an
    interrupt by the user and a late one can be left behind; *isolated* ones run in a process.
    """
    if tool.card.isolated:
        return _call_in_process(tool.function, (case, arguments), tool.card.timeout_s)
    if tool.origin == BUILT_IN:
        return _ending_of(tool.function, case, arguments)
    return _call_in_thread(tool.function, (case, arguments), tool.card.timeout_s)


def _ending_of(function: ToolFunction, case: Case, arguments: Arguments) -> Ending:
    """Call a function; whatever it raises becomes an ending."""
    try:
        return Ending("ok", found=_listed(call_function(function, case, arguments)))
    except RetryableError as error:
        return Ending("again", str(error))
    except ToolRefusal as refusal:
        return Ending("refused", str(refusal))
    except ImportError as error:
        return Ending("missing", f"not installed: {error}")
    except Exception as error:  # noqa: BLE001  # a broken expert must not stop the case
        return _broken(error)


def _listed(given: Iterable[Finding] | ExpertOutput) -> ExpertOutput:
    """What a function returned, with everything that it still had to compute."""
    if not isinstance(given, ExpertOutput):
        return ExpertOutput(tuple(given))
    notes = (given.notes,) if isinstance(given.notes, str) else given.notes
    return ExpertOutput(
        tuple(given.findings),
        tuple(given.masks),
        tuple(map(str, notes)),
        tuple(given.passages),
        tuple(given.similar),
    )


def _broken(error: BaseException) -> Ending:
    places = traceback.extract_tb(error.__traceback__)
    where = f" ({places[-1].name}, line {places[-1].lineno})" if places else ""
    return Ending("broken", f"{type(error).__name__}: {error}{where}")


def _ending_of_anything(function: ToolFunction, case: Case, arguments: Arguments) -> Ending:
    """As :func:`_ending_of`; ``sys.exit`` and the like end the call, not the process."""
    try:
        return _ending_of(function, case, arguments)
    except BaseException as error:  # noqa: BLE001  # never in the main thread: no interrupt by the user comes here
        return _broken(error)


# -- in a thread ---------------------------------------------------------------------------------


def _call_in_thread(function: ToolFunction, given: _Given, limit_s: float | None) -> Ending:
    endings: list[Ending] = []
    context = contextvars.copy_context()

    def work() -> None:
        endings.append(context.run(_ending_of_anything, function, *given))

    thread = threading.Thread(target=work, name="dxtrace-tool", daemon=True)
    thread.start()
    thread.join(limit_s)
    if not endings:
        return Ending(
            "late",
            f"given up after its limit of {limit_s} s; it may still be running "
            f"(only an isolated expert is killed)",
        )
    return endings[0]


# -- in a process of its own -----------------------------------------------------------------------


def _call_in_process(function: ToolFunction, given: _Given, limit_s: float | None) -> Ending:
    """Run in a process of its own; it and what it has started are killed at the limit."""
    try:
        callee = _portable(function)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        reason = "an isolated expert must be defined at the top of a module or a class"
        return Ending("broken", f"{reason}: {error}")
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(sender, callee, given), daemon=True)
    with receiver:
        process.start()
        sender.close()
        try:
            happened = wait([receiver, process.sentinel], limit_s)
            if not happened:
                return Ending("late", f"killed after its limit of {limit_s} s")
            if receiver.poll():
                ending: Ending = receiver.recv()
                return ending
            process.join()
            return Ending("broken", f"its process ended with exit code {process.exitcode}")
        except (EOFError, OSError):
            process.join(KILL_WAIT_S)
            return Ending("broken", f"its process ended with exit code {process.exitcode}")
        finally:
            _kill(process.pid)
            process.kill()
            process.join(KILL_WAIT_S)


def _portable(function: ToolFunction) -> "_Place | ToolFunction":
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    is_method = getattr(function, "__self__", None) is not None
    if module and name and not is_method:
        place = _Place(module, name)
        with contextlib.suppress(Exception):
            if place.resolve() is function:
                return place
    pickle.dumps(function)
    return function


def _kill(process: int | None) -> None:
    """Kill the process group that an isolated call leads: it and its own processes."""
    if process is None or not hasattr(os, "killpg"):
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(process) == process:
            os.killpg(process, signal.SIGKILL)


def _child(
    sender: Connection, callee: _Place | ToolFunction, given: _Given
) -> None:  # pragma: no cover - runs in another process
    os.setpgid(0, 0)
    _end_with_parent()
    # What an expert prints is no result.
    sys.stdout.flush()
    os.dup2(2, 1)
    ending = _ending_of_resolved(callee, given)
    try:
        sender.send(ending)
    except Exception as error:  # noqa: BLE001  # findings that cannot be sent are none
        sender.send(_broken(error))


def _ending_of_resolved(callee: _Place | ToolFunction, given: _Given) -> Ending:
    try:
        function = callee.resolve() if isinstance(callee, _Place) else callee
    except BaseException as error:  # noqa: BLE001  # importing an expert may do anything
        return _broken(error)
    return _ending_of_anything(function, *given)


def _end_with_parent() -> None:
    """Nothing is left running when our process is killed."""
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
