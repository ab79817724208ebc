"""The one place where tools are run: contract, time limit, retries, typed outcome."""

import time
import traceback
from collections.abc import Iterable
from concurrent.futures import TimeoutError as FutureTimeoutError
from multiprocessing import get_context
from multiprocessing.connection import Connection

from dxtrace.clinical import Case, Finding, Outcome, Source, ToolCall
from dxtrace.clinical.base import Frozen
from expert_models import RetryableError, ToolRefusal
from tools.tool import BUILT_IN, Tool, ToolFunction

ATTEMPTS = 2
KILL_GRACE_S = 0.2


_Ending = tuple[Outcome, str, tuple[Finding, ...]]


class ToolRun(Frozen):
    """A finished call: how it ended, and what it found if it went well.

    Attributes:
        call: name, outcome, seconds, reason.
        findings: only for the outcome ``ok``; no other outcome says anything about the patient.
        order: position of the call in the plan.
    """

    call: ToolCall
    findings: tuple[Finding, ...] = ()
    order: int = 0


def run_tool(tool: Tool, case: Case, *, order: int = 0) -> ToolRun:
    """Run a tool on a case. Whatever happens becomes a typed outcome.

    Args:
        tool: the tool.
        case: the case.
        order: position of the call in the plan.
    """
    started = time.perf_counter()
    refusal = tool.applicable(case)
    ending: _Ending = (Outcome.NOT_APPLICABLE, refusal or "", ())
    outcome, reason, findings = ending if refusal is not None else _attempt(tool, case)
    seconds = round(time.perf_counter() - started, 4)
    call = ToolCall(name=tool.card.name, outcome=outcome, seconds=seconds, reason=reason)
    return ToolRun(call=call, findings=findings, order=order)


def _attempt(tool: Tool, case: Case) -> _Ending:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            findings = tuple(_call(tool, case))
            return _validated(tool, findings)
        except RetryableError as error:
            if attempt == ATTEMPTS:
                return Outcome.FAILED, f"{error} (tried {ATTEMPTS} times)", ()
        except ToolRefusal as refusal:
            return Outcome.ABSTAINED, str(refusal), ()
        except FutureTimeoutError:
            return Outcome.TIMED_OUT, f"killed after its limit of {tool.card.timeout_s} s", ()
        except ImportError as error:
            return Outcome.UNAVAILABLE, f"not installed: {error}", ()
        except Exception as error:  # noqa: BLE001  # a broken expert must not stop the case
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{place.name}, line {place.lineno}"
            return Outcome.FAILED, f"{type(error).__name__}: {error} ({where})", ()
    raise AssertionError("unreachable")  # pragma: no cover


def _validated(tool: Tool, findings: tuple[Finding, ...]) -> _Ending:
    """Refuse what is no finding and what the card does not promise; weigh experts as tools."""
    strange = next((f for f in findings if not isinstance(f, Finding)), None)
    if strange is not None:
        return Outcome.FAILED, f"expected findings, got {type(strange).__name__}", ()
    produces = tool.card.produces
    if "*" not in produces:
        foreign = sorted({f.concept for f in findings} - set(produces))
        if foreign:
            return (
                Outcome.FAILED,
                f"reported {', '.join(foreign)}, which its card does not name",
                (),
            )
    if tool.origin != BUILT_IN:
        # Only our own readers may speak for the report or the record.
        findings = tuple(f.model_copy(update={"source": Source.TOOL}) for f in findings)
    return Outcome.OK, "", findings


def _call(tool: Tool, case: Case) -> Iterable[Finding]:
    if not tool.card.isolated:
        return tool.function(case)
    return _call_isolated(tool.function, case, tool.card.timeout_s)


def _call_isolated(function: ToolFunction, case: Case, limit_s: float | None) -> list[Finding]:
    """Run in a process of its own, killed at the limit."""
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(sender, function, case), daemon=True)
    process.start()
    sender.close()
    try:
        if not receiver.poll(limit_s):
            raise FutureTimeoutError
        result = receiver.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"its process ended with exit code {process.exitcode}") from None
    finally:
        process.kill()
        process.join(KILL_GRACE_S)
        receiver.close()
    if isinstance(result, BaseException):
        raise result
    return list(result)


def _child(sender: Connection, function: ToolFunction, case: Case) -> None:
    try:
        sender.send(list(function(case)))
    except Exception as error:  # noqa: BLE001  # goes back to the parent, which types it
        sender.send(error)
