"""What runs in an expert's process: calls in, endings out, until the host is gone."""

import contextlib
import os
import pickle
import select
import signal
import sys
import threading
from collections.abc import Iterator
from functools import partial
from multiprocessing import spawn
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from dxtrace.clinical import Case
from expert_models import Arguments
from tools.ending import Ending, broken, ending_of_anything
from tools.host.packing import pack_ending
from tools.host.request import run_many_of, unpack_function
from tools.host.scratch import remove_scratch
from tools.tool import ToolFunction

NUMBER_BYTES = 4
_MORE_LIKELY_KILLED = "500"

importing_main = threading.Event()
"""Set while a worker imports the user's script, which must not start workers then."""

Given = tuple[Case, Arguments]


def main(number: int) -> None:  # pragma: no cover - runs in another process
    """Entry point of an expert's process.

    Each message holds where the expert is found, and the calls that wait together; each answer is
    the number of a call in its message, and its ending.

    Args:
        number: the file descriptor of the pipe to the host.
    """
    pipe: Connection[bytes, bytes] = Connection(number)
    _settle(number)
    function: ToolFunction | None = None
    with contextlib.suppress(EOFError, OSError):
        while True:
            main_module, packed, calls = pickle.loads(pipe.recv_bytes())  # noqa: S301 - of the host that started us
            given = [pickle.loads(call) for call in calls]  # noqa: S301 - the same
            try:
                if function is None:
                    _import_main(main_module)
                    function = unpack_function(packed)
                endings = _endings(function, given)
            except BaseException as error:  # noqa: BLE001  # importing an expert may do anything
                endings = iter([_not_imported(error)] * len(given))
            for position, ending in enumerate(endings):
                pipe.send_bytes(position.to_bytes(NUMBER_BYTES) + pack_ending(ending))
            _forget_images()


def _forget_images() -> None:
    """Keep the images of an examination and of the one before it: others are seldom seen again."""
    if "dxtrace.intake.imaging" in sys.modules:
        from dxtrace.intake.imaging import forget_volumes

        forget_volumes(but_last=2)


def _import_main(main_module: dict[str, Any]) -> None:
    """Import the script that an expert is defined in; nothing if it is defined elsewhere."""
    importing_main.set()
    spawn.prepare(main_module)
    importing_main.clear()


def _settle(number: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_host, args=(number,), daemon=True).start()
    with contextlib.suppress(OSError):
        # When memory runs out, an expert goes before the process that asks it.
        Path("/proc/self/oom_score_adj").write_text(_MORE_LIKELY_KILLED, encoding="ascii")


def _end_with_host(number: int) -> None:
    """Nothing is left running when the host is killed: its end of the pipe closes then."""
    hung_up = select.poll()
    hung_up.register(number, 0)
    hung_up.poll()
    remove_scratch(Path(os.environ["TMPDIR"]))  # the host's own, made for this process
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
