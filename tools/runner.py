"""The one place where tools are run: contract, time limit, retries, typed outcome."""

import time

from dxtrace.clinical import Case, Finding, Outcome, Source, ToolCall
from dxtrace.clinical.base import Frozen
from tools.calling import Kind, call_tool
from tools.tool import BUILT_IN, Tool

ATTEMPTS = 2
_OUTCOMES: dict[Kind, Outcome] = {
    "again": Outcome.FAILED,
    "refused": Outcome.ABSTAINED,
    "missing": Outcome.UNAVAILABLE,
    "broken": Outcome.FAILED,
    "late": Outcome.TIMED_OUT,
}

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
    ending = call_tool(tool, case)
    for _ in range(1, ATTEMPTS):
        if ending.kind == "again":
            ending = call_tool(tool, case)
    if ending.kind == "ok":
        return _validated(tool, ending.found.findings)
    tried = f" (tried {ATTEMPTS} times)" if ending.kind == "again" else ""
    return _OUTCOMES[ending.kind], f"{ending.reason}{tried}", ()


def _validated(tool: Tool, findings: tuple[Finding, ...]) -> _Ending:
    """Refuse what is no finding and what the card does not promise; weigh experts as tools."""
    strange = [type(f).__name__ for f in findings if not isinstance(f, Finding)]
    if strange:
        return Outcome.FAILED, f"expected findings, got {strange[0]}", ()
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
