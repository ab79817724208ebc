"""Where a network runs, and what is done when memory does not suffice there."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from expert_models.errors import ToolRefusal

VARIABLE = "DXTRACE_DEVICE"
SHARES = (1, 2, 4, 8)
"""What a call's batch or tiles are divided by, one after another, when memory does not suffice."""
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d{1,2})?")
_MEBIBYTE = 1024 * 1024

Found = TypeVar("Found")


def torch_device(asked: str | None = None, *, memory_mb: int | None = None) -> Any:
    """The device for a network.

    Args:
        asked: as torch writes it, such as ``cpu`` or ``cuda:1``. If None, the environment variable
            ``DXTRACE_DEVICE`` decides: ``cpu``, ``cuda``, ``cuda:N``, ``mps``, or ``auto``: the GPU
            with the most free memory, if that suffices, else the processor.
        memory_mb: what a call needs, in MiB, if it is known.

    Raises:
        ValueError: if the variable says anything else, or asks for a device that is not here.
    """
    import torch

    if asked:
        return torch.device(asked)
    wanted = _wanted()
    if wanted == "auto":
        return torch.device(_automatic(memory_mb))
    _check_here(wanted)
    return torch.device(wanted)


def _wanted() -> str:
    wanted = os.environ.get(VARIABLE, "").strip().lower() or "auto"
    if not _DEVICE.fullmatch(wanted):
        raise ValueError(f"{VARIABLE}: expected auto, cpu, cuda, cuda:N or mps, got {wanted!r}")
    return wanted


def _check_here(wanted: str) -> None:
    import torch

    kind, _, number = wanted.partition(":")
    count = torch.cuda.device_count() if kind == "cuda" else 1
    here = kind == "cpu" or (kind == "cuda" and int(number or 0) < count)
    if not here and not (kind == "mps" and torch.backends.mps.is_available()):
        raise ValueError(f"{VARIABLE}: there is no device {wanted} here")


def _automatic(memory_mb: int | None) -> str:
    import torch

    free = {n: torch.cuda.mem_get_info(n)[0] for n in range(torch.cuda.device_count())}
    if free:
        best = max(free, key=lambda n: free[n])
        if free[best] >= (memory_mb or 0) * _MEBIBYTE:
            return f"cuda:{best}"
        return "cpu"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def describe_devices() -> str:
    """What is here and what would be used, in a line; without torch it says so."""
    if importlib.util.find_spec("torch") is None:
        return "unknown without torch"
    import torch

    cards = [
        f"cuda:{n} {torch.cuda.get_device_name(n)}, "
        f"{torch.cuda.mem_get_info(n)[0] // _MEBIBYTE:,} MiB free"
        for n in range(torch.cuda.device_count())
    ]
    try:
        chosen = str(torch_device())
    except ValueError as error:
        chosen = str(error)
    return f"{'; '.join(cards) or 'no GPU'}; an expert would run on: {chosen}"


def mixed_precision(device: Any) -> contextlib.AbstractContextManager[Any]:
    """Half precision where it is safe, on a CUDA GPU; elsewhere nothing changes."""
    import torch

    if torch.device(device).type != "cuda":
        return contextlib.nullcontext()
    precision: contextlib.AbstractContextManager[Any] = torch.autocast("cuda", dtype=torch.float16)
    return precision


@dataclass(frozen=True)
class Managed:
    """What came out of a call within the memory that there is.

    Attributes:
        found: what the call gave.
        notes: what had to be done to get it; a result says so.
    """

    found: Any
    notes: tuple[str, ...] = ()


def within_memory(
    work: Callable[[Any, int], Found], device: Any, *, parts: int = SHARES[-1]
) -> Managed:
    """Do work on a device; when its memory does not suffice, in smaller parts, then on the CPU.

    Args:
        work: called with the device and with what to divide batches or tiles by (1 at first). It
            moves the model to the device itself.
        device: a torch device.
        parts: into how many parts the work can be divided at most.

    Returns:
        What the work gave, with notes.

    Raises:
        ToolRefusal: if no memory suffices.
    """
    import torch

    for where, share in _attempts(torch.device(device), parts):
        try:
            found = work(where, share)
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
        else:
            return Managed(found, _notes(torch.device(device), where, share))
        # Outside the handler, where the error no longer holds the frames and their tensors.
        _empty(where)
    raise ToolRefusal(f"the memory does not suffice, on {device} or the processor")


def _attempts(device: Any, parts: int) -> Iterator[tuple[Any, int]]:
    import torch

    shares = [share for share in SHARES if share <= max(parts, 1)]
    yield from ((device, share) for share in shares)
    if device.type != "cpu":
        yield torch.device("cpu"), shares[-1]


def _is_out_of_memory(error: RuntimeError) -> bool:
    import torch

    # MPS and the processor's allocator say it in words only.
    words = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or any(
        text in words for text in ("out of memory", "can't allocate memory")
    )


def _notes(asked: Any, where: Any, share: int) -> tuple[str, ...]:
    if where != asked:
        return (f"the memory of {asked} did not suffice: it ran on the processor",)
    if share > 1:
        return (f"the memory of {asked} did not suffice at once: it ran in parts of 1/{share}",)
    return ()


def _empty(device: Any) -> None:
    import gc

    import torch

    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
