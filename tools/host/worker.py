"""What runs in an expert's process: calls in, endings out, until the host is gone."""

import contextlib
import os
import pickle
import signal
import sys
import threading
from collections.abc import Iterator
from functools import partial
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from dxtrace.clinical import Case
from expert_models import Arguments
from tools.ending import Ending, broken, ending_of_anything
from tools.host.packing import pack_ending
from tools.host.request import run_many_of, unpack_function
from tools.tool import ToolFunction

NUMBER_BYTES = 4
_MORE_LIKELY_KILLED = "500"

Given = tuple[Case, Arguments]


def work(
    pipe: "Connection[bytes, bytes]", packed_function: bytes
) -> None:  # pragma: no cover - runs in another process
    """Entry point of an expert's process.

    Each message holds the calls that wait together; each answer is the number of a call in its
    message, and its ending.

    Args:
        pipe: to the host.
        packed_function: the expert's function.
    """
    _settle()
    function: ToolFunction | None = None
    with contextlib.suppress(EOFError, OSError):
        while True:
            given = [pickle.loads(one) for one in pickle.loads(pipe.recv_bytes())]  # noqa: S301 - of the host that started us
            try:
                function = function or unpack_function(packed_function)
                endings = _endings(function, given)
            except BaseException as error:  # noqa: BLE001  # importing an expert may do anything
                endings = iter([_not_imported(error)] * len(given))
            for number, ending in enumerate(endings):
                pipe.send_bytes(number.to_bytes(NUMBER_BYTES) + pack_ending(ending))


def _settle() -> None:
    os.setpgid(0, 0)  # what the expert starts is killed with it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(OSError):
        # When memory runs out, an expert goes before the process that asks it.
        Path("/proc/self/oom_score_adj").write_text(_MORE_LIKELY_KILLED, encoding="ascii")
    # What an expert prints is no result.
    sys.stdout.flush()
    os.dup2(2, 1)


def _end_with_parent() -> None:
    """Nothing is left running when the host is killed."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.killpg(0, signal.SIGKILL)


def _not_imported(error: BaseException) -> Ending:
    if isinstance(error, ImportError):
        return Ending("missing", f"not installed: {error}")
    return broken(error)


def _endings(function: ToolFunction, given: list[Given]) -> Iterator[Ending]:
    """One ending for each call, in order.

    Where ``run_many`` fails, the calls are made one by one: one bad case costs no other.
    """
    outputs = _outputs_of_many(function, given) if len(given) > 1 else ()
    if len(outputs) == len(given):
        for output, (case, arguments) in zip(outputs, given, strict=True):
            yield ending_of_anything(partial(_as_if_called, output), case, arguments)
        return
    for case, arguments in given:
        yield ending_of_anything(function, case, arguments)


def _outputs_of_many(function: ToolFunction, given: list[Given]) -> tuple[Any, ...]:
    run_many: Any = run_many_of(function)
    try:
        return tuple(run_many([case for case, _ in given]))
    except BaseException:  # noqa: BLE001  # called one by one, each says what is wrong
        return ()


def _as_if_called(output: Any, case: Case) -> Any:
    del case
    if isinstance(output, Exception):
        raise output
    return output
