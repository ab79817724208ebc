"""A call on its way to an expert's process: bytes that only the process reads."""

import io
import pickle
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib import import_module
from typing import Any

from pydantic import BaseModel

from dxtrace.clinical import Case
from expert_models import Arguments
from tools.tool import Tool, ToolFunction

UNSTATED_MEMORY_MB = 500
_MOST_EXPERTS = 256


class NotPortableError(ValueError):
    """A function that another process cannot find."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call.

    Attributes:
        name: the expert's name.
        function: where its function is, or the object whose method it is; pickled.
        given: case and arguments; pickled.
        limit_s: longest time that it may take; None for no limit.
        memory_mb: memory that the expert needs.
        together: whether it may be answered with other calls, by ``run_many``.
    """

    name: str
    function: bytes
    given: bytes
    limit_s: float | None
    memory_mb: int
    together: bool

    @property
    def expert(self) -> tuple[str, str]:
        """Which expert it is for: two of the same name may have different functions."""
        return self.name, sha256(self.function).hexdigest()


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
        function: object = found.function if isinstance(found, Tool) else found
        if not callable(function):
            raise TypeError(f"{self.module}.{self.name} is no function")
        return function


def make_request(tool: Tool, case: Case, arguments: Arguments) -> Request:
    """Pack a call.

    Raises:
        NotPortableError: if another process could not find the tool's function.
    """
    card = tool.card
    return Request(
        name=card.name,
        function=pack_function(tool.function),
        given=pickle.dumps((case, arguments), protocol=pickle.HIGHEST_PROTOCOL),
        limit_s=card.timeout_s,
        memory_mb=UNSTATED_MEMORY_MB if card.memory_mb is None else card.memory_mb,
        together=not arguments and run_many_of(tool.function) is not None,
    )


def run_many_of(function: ToolFunction) -> "Callable[..., object] | None":
    """``run_many`` of the expert whose ``run`` the function is, if it has that."""
    expert = getattr(function, "__self__", None)
    run_many = getattr(expert, "run_many", None)
    is_run = getattr(function, "__name__", "") == "run"
    return run_many if is_run and callable(run_many) else None


def unpack_function(packed: bytes) -> ToolFunction:
    """The function of a request, in the process that is to call it."""
    found = pickle.loads(packed)  # noqa: S301 - made by pack_function, in a process of ours
    function: ToolFunction = found.resolve() if isinstance(found, _Place) else found
    return function


def pack_function(function: ToolFunction) -> bytes:
    """Where a function is, or the object whose method it is, as bytes that also say which it is.

    Raises:
        NotPortableError: if another process could not find it.
    """
    try:
        return _packed_once(function)
    except TypeError:  # an object that cannot be hashed
        return _packed(function)


def _packed(function: ToolFunction) -> bytes:
    stream = io.BytesIO()
    try:
        _StablePickler(stream, protocol=pickle.HIGHEST_PROTOCOL).dump(_portable(function))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        reason = (
            "an isolated expert goes to a process of its own: it must be defined at the top of a "
            "module or a class, and hold no lock, open file or connection before run"
        )
        raise NotPortableError(f"{reason}: {error}") from error
    return stream.getvalue()


# An expert that notes something in itself between two calls still is the same expert.
_packed_once = lru_cache(maxsize=_MOST_EXPERTS)(_packed)


class _StablePickler(pickle.Pickler):
    """Gives the same bytes in every process: they say which expert it is."""

    def reducer_override(self, obj: Any) -> Any:
        """The order of a set of names differs between processes; a model holds one."""
        if not isinstance(obj, BaseModel):
            return NotImplemented
        state = obj.__getstate__()
        named = sorted(state["__pydantic_fields_set__"])
        return _restored, (type(obj), {**state, "__pydantic_fields_set__": named})


def _restored(kind: type[BaseModel], state: dict[Any, Any]) -> BaseModel:
    model = kind.__new__(kind)
    model.__setstate__({**state, "__pydantic_fields_set__": set(state["__pydantic_fields_set__"])})
    return model


def _portable(function: ToolFunction) -> "_Place | ToolFunction":
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    is_method = getattr(function, "__self__", None) is not None
    if module and name and not is_method:
        place = _Place(module, name)
        with suppress(Exception):
            if place.resolve() is function:
                return place
    return function
