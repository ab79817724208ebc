"""What is wrong with the fields that somebody wrote, in words that say what was expected."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

_MOST_PROBLEMS = 5
_LONGEST_VALUE = 60


def wrong_fields(error: ValidationError, model: type[BaseModel], within: str = "") -> str:
    """Say of each wrong field what was expected.

    Args:
        error: what the model found.
        model: the model.
        within: where its fields stand, such as ``options``.
    """
    found = error.errors(include_url=False, include_context=False)[:_MOST_PROBLEMS]
    return "; ".join(_said(problem, model, within) for problem in found)


def _said(problem: Any, model: type[BaseModel], within: str) -> str:
    parts = (within, *problem["loc"]) if within else problem["loc"]
    place = ".".join(map(str, parts))
    return f"{place}: {_reason(problem, model)}" if place else _reason(problem, model)


def _reason(problem: Any, model: type[BaseModel]) -> str:
    kind, message = problem["type"], str(problem["msg"])
    if kind == "missing":
        return "expected a value, got nothing"
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return _unknown(problem["loc"], model)
    shown = repr(problem["input"])
    shown = shown if len(shown) <= _LONGEST_VALUE else f"{shown[:_LONGEST_VALUE]}..."
    what = message.removeprefix("Input should be ").removeprefix("String should ")
    return f"expected {what}, got {shown}" if what != message else f"{message}, got {shown}"


def _unknown(location: tuple[int | str, ...], model: type[BaseModel]) -> str:
    if len(location) > 1:
        return "there is no such field"
    known = list(model.model_fields)
    close = difflib.get_close_matches(str(location[0]), known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(known)}"
    return f"there is no such field: {hint}"
