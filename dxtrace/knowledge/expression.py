"""Conditions in CEL (Common Expression Language), parsed to a small tree.

Parsing is cel-python's. Its evaluator is not used: conditions are compiled to the solver and
decided there and nowhere else. The tree is plain data, so that it can be cached as JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

COMPARISONS = {
    "relation_lt": "<", "relation_le": "<=", "relation_gt": ">", "relation_ge": ">=",
    "relation_eq": "==", "relation_ne": "!=", "relation_in": "in",
}  # fmt: skip
ARITHMETIC = {
    "addition_add": "+", "addition_sub": "-", "multiplication_mul": "*", "multiplication_div": "/",
}  # fmt: skip
FUNCTIONS = {"round_half_up": (1, 2), "max": (2, 2), "min": (2, 2), "magnitude": (1, 1)}
MACRO_ARGUMENTS = 2
LIST_MACROS = ("exists", "all", "filter", "map")


@dataclass(frozen=True, slots=True)
class Expression:
    """A node: an operator and its arguments (nodes, names or constants).

    Operators: ``bool``, ``text``, ``number`` (the decimal as text), ``name`` (dotted), ``has``,
    ``not``, ``neg``, ``and``, ``or``, ``if``, ``in``, the comparisons, the arithmetic ones,
    ``call`` (function, arguments), ``list``, and over lesions ``exists``, ``all``, ``size``,
    ``sum`` (concept, variable, body).
    """

    op: str
    args: tuple[Expression | str | bool, ...]

    def to_data(self) -> list[Any]:
        """The tree as nested lists."""
        return [self.op, *[a.to_data() if isinstance(a, Expression) else a for a in self.args]]

    @classmethod
    def from_data(cls, data: list[Any]) -> Expression:
        """The tree from nested lists."""
        return cls(data[0], tuple(cls.from_data(a) if isinstance(a, list) else a for a in data[1:]))

    def names(self) -> frozenset[str]:
        """Every dotted name in it, list variables left out, list concepts included."""
        return frozenset(_names(self, ()))


def _names(node: Expression, bound: tuple[tuple[str, str], ...]) -> list[str]:
    if node.op in ("name", "has"):
        path = str(node.args[0])
        head, _, rest = path.partition(".")
        over = dict(bound).get(head)
        return [f"{over}.{rest}" if over else path]
    if node.op in ("exists", "all", "size", "sum"):
        concept, variable, body = node.args
        inner = (*bound, (str(variable), str(concept)))
        found = _names(body, inner) if isinstance(body, Expression) else []
        return [f"{concept}.present", *found]
    return [n for a in node.args if isinstance(a, Expression) for n in _names(a, bound)]


class ExpressionError(ValueError):
    """An expression that CEL or our part of it does not know."""


@cache
def _environment() -> Any:
    import celpy

    return celpy.Environment()


@cache
def parse_expression(text: str) -> Expression:
    """Parse a CEL expression.

    Raises:
        ExpressionError: with the place and what was not understood.
    """
    import celpy

    try:
        tree = _environment().compile(text)
    except celpy.CELParseError as error:
        line, column = getattr(error, "line", None), getattr(error, "column", None)
        raise ExpressionError(f"not CEL at line {line}, column {column}: {text!r}") from error
    return _build(tree)


def _build(tree: Any) -> Expression:
    kind = str(tree.data)
    children = list(tree.children)
    builder = _BUILDERS.get(kind)
    if builder is not None:
        built: Expression = builder(children)
        return built
    if len(children) == 1 and hasattr(children[0], "data"):
        return _build(children[0])
    raise ExpressionError(f"this part of CEL is not used in packs: {kind}")


def _build_chain(op: str, children: list[Any]) -> Expression:
    parts = [_build(c) for c in children]
    if len(parts) == 1:
        return parts[0]
    flat = [a for p in parts for a in (p.args if p.op == op else (p,))]
    return Expression(op, tuple(flat))


def _build_conditional(children: list[Any]) -> Expression:
    if len(children) == 1:
        return _build(children[0])
    return Expression("if", tuple(_build(c) for c in children))


def _build_infix(table: dict[str, str], children: list[Any]) -> Expression:
    if len(children) == 1:
        return _build(children[0])
    head, right = children
    return Expression(table[str(head.data)], (_build(head.children[0]), _build(right)))


def _build_unary(children: list[Any]) -> Expression:
    if len(children) == 1:
        return _build(children[0])
    op = "not" if str(children[0].data) == "unary_not" else "neg"
    return Expression(op, (_build(children[1]),))


def _build_literal(children: list[Any]) -> Expression:
    token = children[0]
    text = str(token)
    if token.type == "BOOL_LIT":
        return Expression("bool", (text == "true",))
    if token.type == "STRING_LIT":
        return Expression("text", (text[1:-1],))
    try:
        return Expression("number", (str(Decimal(text)),))
    except InvalidOperation as error:
        raise ExpressionError(f"not a number or text that packs use: {text}") from error


def _build_ident(children: list[Any]) -> Expression:
    return Expression("name", (str(children[0]),))


def _build_member(children: list[Any]) -> Expression:
    base = _build(children[0])
    if base.op != "name":
        raise ExpressionError(f"expected a name before .{children[1]}")
    return Expression("name", (f"{base.args[0]}.{children[1]}",))


def _arguments(children: list[Any]) -> list[Expression]:
    return [_build(c) for c in children[0].children] if children else []


def _build_call(children: list[Any]) -> Expression:
    function, arguments = str(children[0]), _arguments(children[1:])
    if function == "has":
        if len(arguments) != 1 or arguments[0].op != "name":
            raise ExpressionError("has() takes one name")
        return Expression("has", arguments[0].args)
    fewest, most = FUNCTIONS.get(function, (1, 0))
    if not fewest <= len(arguments) <= most:
        raise ExpressionError(f"unknown function or wrong number of arguments: {function}")
    return Expression("call", (function, *arguments))


def _build_macro(children: list[Any]) -> Expression:
    base, method = _build(children[0]), str(children[1])
    arguments = _arguments(children[2:])
    if method in LIST_MACROS and base.op == "name" and len(arguments) == MACRO_ARGUMENTS:
        variable = arguments[0]
        if variable.op != "name":
            raise ExpressionError(f"{method}() takes a variable and an expression")
        return Expression(method, (base.args[0], variable.args[0], arguments[1]))
    ending = {("size", "filter"): "size", ("sum", "map"): "sum"}.get((method, base.op))
    if ending is None or arguments:
        raise ExpressionError(f"unknown method: .{method}()")
    return Expression(ending, base.args)


def _build_list(children: list[Any]) -> Expression:
    return Expression("list", tuple(_arguments(children)))


_BUILDERS: dict[str, Any] = {
    "expr": _build_conditional,
    "conditionalor": lambda c: _build_chain("or", c),
    "conditionaland": lambda c: _build_chain("and", c),
    "relation": lambda c: _build_infix(COMPARISONS, c),
    "addition": lambda c: _build_infix(ARITHMETIC, c),
    "multiplication": lambda c: _build_infix(ARITHMETIC, c),
    "unary": _build_unary,
    "literal": _build_literal,
    "ident": _build_ident,
    "ident_arg": _build_call,
    "member_dot": _build_member,
    "member_dot_arg": _build_macro,
    "list_lit": _build_list,
    "paren_expr": lambda c: _build(c[0]),
}
