"""Running a tool's function where it does no harm: in a thread, or in a process of its own."""

import contextvars
import threading

from dxtrace.clinical import Case
from expert_models import Arguments
from tools.cancellation import Cancellation
from tools.ending import CANCELLED, Ending, ending_of, ending_of_anything
from tools.host import call_isolated
from tools.tool import BUILT_IN, NO_ARGUMENTS, Tool


def call_tool(
    tool: Tool,
    case: Case,
    arguments: Arguments = NO_ARGUMENTS,
    cancellation: Cancellation | None = None,
) -> Ending:
    """Call a tool once.

    Our own tools run here. Others run in a thread, so that nothing they raise can be taken for an
    interrupt by the user and a late one can be left behind; *isolated* ones run in a process.
    """
    if cancellation is not None and cancellation.is_cancelled:
        return Ending("broken", CANCELLED)
    if tool.card.isolated:
        return call_isolated(tool, case, arguments, cancellation)
    if tool.origin == BUILT_IN:
        return ending_of(tool.function, case, arguments)
    return _call_in_thread(tool, case, arguments)


def _call_in_thread(tool: Tool, case: Case, arguments: Arguments) -> Ending:
    endings: list[Ending] = []
    context = contextvars.copy_context()

    def work() -> None:
        endings.append(context.run(ending_of_anything, tool.function, case, arguments))

    thread = threading.Thread(target=work, name="dxtrace-tool", daemon=True)
    thread.start()
    thread.join(tool.card.timeout_s)
    if not endings:
        return Ending(
            "late",
            f"given up after its limit of {tool.card.timeout_s} s; it may still be running "
            f"(only an isolated expert is killed)",
        )
    return endings[0]
