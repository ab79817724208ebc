"""How a model is told what it may do, and how its words are read: tools, tokens, JSON."""

from agents.vlm.dialects.dialect import Dialect
from agents.vlm.dialects.functions import FunctionDialect
from agents.vlm.dialects.json_object import JsonDialect
from agents.vlm.dialects.tokens import TokenDialect

__all__ = ["Dialect", "dialect_named"]


def dialect_named(name: str) -> Dialect:
    """The dialect with this name.

    Raises:
        ValueError: if there is none.
    """
    dialects: dict[str, type[Dialect]] = {
        "tools": FunctionDialect, "tokens": TokenDialect, "json": JsonDialect,
    }  # fmt: skip
    if name not in dialects:
        raise ValueError(f"dialect: expected one of {', '.join(dialects)}, got {name!r}")
    return dialects[name]()
