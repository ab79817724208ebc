"""Conditions as solver formulas.

Everything that decides is Boolean or linear arithmetic over exact rationals: a choice is one
Boolean for each value (exactly one of them holds), a lesion's facts carry the lesion's index,
definitions are written out where they are used. That keeps proofs short and every unsatisfiable
core readable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import z3

from dxtrace.knowledge.expression import Expression
from dxtrace.knowledge.symbols import Symbol, SymbolTable

Choice = dict[str, z3.BoolRef]
Encoded = TypeVar("Encoded")


@dataclass(frozen=True)
class Binding:
    """Which lesion is meant.

    Attributes:
        lesions: current lesion index of each lesion concept that is bound.
        variables: list variable to (concept, lesion index).
    """

    lesions: Mapping[str, int] = field(default_factory=dict)
    variables: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def with_variable(self, name: str, concept: str, index: int) -> Binding:
        """The binding inside a list form: the variable and the concept mean this lesion."""
        return Binding({**self.lesions, concept: index}, {**self.variables, name: (concept, index)})


CASE = Binding()


def instance_name(name: str, concept: str | None, index: int | None) -> str:
    """The solver's name of a fact: ``pulmonary_nodule#1.composition``."""
    if concept is None or index is None:
        return name
    head, _, rest = name.partition(".")
    return f"{head}#{index}.{rest}" if head == concept else f"{name}@{concept}#{index}"


def possible_lesion(part: Symbol) -> Choice:
    """What a lesion that may not be one adds to an output over lesions: any value, or none."""
    return {value: z3.Bool(f"possible:{part.name}={value}") for value in part.values}


class Encoder:
    """Compiles expressions for a given number of lesions of each concept.

    Args:
        symbols: what names stand for.
        lesion_counts: how many lesions of each lesion concept there are.
        abstract_lists: for proofs over any number of lesions: list forms become free variables,
            which is a safe over-approximation.
    """

    def __init__(
        self,
        symbols: SymbolTable,
        lesion_counts: Mapping[str, int] | None = None,
        *,
        abstract_lists: bool = False,
    ) -> None:
        self.symbols = symbols
        self.lesion_counts = dict(lesion_counts or {})
        self.abstract_lists = abstract_lists
        self.constants: dict[str, tuple[Symbol, str | None, int | None]] = {}
        self.stated_flags: dict[str, z3.BoolRef] = {}
        self.list_sizes: dict[str, z3.ArithRef] = {}
        self._definitions: dict[tuple[str, tuple[tuple[str, int], ...]], Any] = {}

    # -- facts -----------------------------------------------------------------------------

    def fact(self, symbol: Symbol, index: int | None = None) -> z3.ExprRef:
        """The constant of a Boolean or numeric fact or output."""
        name = self._register(symbol, index)
        return z3.Bool(name) if symbol.type == "boolean" else z3.Real(name)

    def choice_fact(self, symbol: Symbol, index: int | None = None) -> Choice:
        """The Booleans of a choice or multichoice, one for each value."""
        name = self._register(symbol, index)
        return {value: z3.Bool(f"{name}={value}") for value in symbol.values}

    def _register(self, symbol: Symbol, index: int | None) -> str:
        concept = symbol.lesion if index is not None else None
        name = instance_name(symbol.name, concept, index)
        self.constants.setdefault(name, (symbol, concept, index))
        return name

    def stated(self, symbol: Symbol, index: int | None) -> z3.BoolRef:
        """Whether somebody has stated the fact (``has()``)."""
        name = "has:" + instance_name(symbol.name, symbol.lesion, index)
        return self.stated_flags.setdefault(name, z3.Bool(name))

    # -- expressions -----------------------------------------------------------------------

    def boolean(self, node: Expression, binding: Binding = CASE) -> z3.BoolRef:
        """A condition as a formula."""
        op = node.op
        if op == "bool":
            return z3.BoolVal(bool(node.args[0]))
        if op == "not":
            return z3.Not(self.boolean(_child(node, 0), binding))
        if op in ("and", "or"):
            parts = [self.boolean(a, binding) for a in node.args if isinstance(a, Expression)]
            return z3.And(parts) if op == "and" else z3.Or(parts)
        if op == "if":
            condition, then, otherwise = (self.boolean(_child(node, i), binding) for i in range(3))
            return z3.If(condition, then, otherwise)
        if op == "has":
            symbol, index = self._resolve(str(node.args[0]), binding)
            return self.stated(symbol, index)
        if op == "name":
            return self._boolean_name(str(node.args[0]), binding)
        if op in ("exists", "all"):
            return self._quantifier(node, binding)
        return self._comparison(node, binding)

    def _boolean_name(self, path: str, binding: Binding) -> z3.BoolRef:
        symbol, index = self._resolve(path, binding)
        if symbol.expression is not None:
            return self._written_out(symbol, symbol.expression, binding, self.boolean)
        if symbol.kind == "side" and symbol.lesion and index is None:
            count = self.lesion_counts.get(symbol.lesion, 0)
            if self.abstract_lists:
                return z3.Bool(f"any:{symbol.name}")
            return z3.Or([self.fact(symbol, i) for i in range(1, count + 1)])
        return self.fact(symbol, index)

    def _written_out(
        self,
        symbol: Symbol,
        expression: Expression,
        binding: Binding,
        encode: Callable[[Expression, Binding], Encoded],
    ) -> Encoded:
        """A definition's formula, built once for each choice of lesions: packs nest them deeply."""
        key = (symbol.name, tuple(sorted(binding.lesions.items())))
        if key not in self._definitions:
            self._definitions[key] = encode(expression, binding)
        built: Encoded = self._definitions[key]
        return built

    def _resolve(self, path: str, binding: Binding) -> tuple[Symbol, int | None]:
        head, _, rest = path.partition(".")
        if head in binding.variables:
            concept, position = binding.variables[head]
            symbol = self.symbols.resolve(f"{concept}.{rest}", path)
            return symbol, position if symbol.lesion else None
        symbol = self.symbols.resolve(path, path)
        index = binding.lesions.get(symbol.lesion) if symbol.lesion else None
        return symbol, index

    def _comparison(self, node: Expression, binding: Binding) -> z3.BoolRef:
        left, right = _child(node, 0), _child(node, 1)
        if node.op == "in":
            return self._membership(left, right, binding)
        kind = self._kind(left, binding), self._kind(right, binding)
        if node.op in ("==", "!="):
            if "choice" in kind:
                same = self._same_choice(left, right, binding)
            elif "boolean" in kind:
                same = self.boolean(left, binding) == self.boolean(right, binding)
            else:
                same = self.number(left, binding) == self.number(right, binding)
            return same if node.op == "==" else z3.Not(same)
        a, b = self.number(left, binding), self.number(right, binding)
        return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[node.op]

    def _kind(self, node: Expression, binding: Binding) -> str:
        if node.op == "text":
            return "choice"
        if node.op == "if":
            return self._kind(_child(node, 1), binding)
        if node.op == "name":
            symbol, _ = self._resolve(str(node.args[0]), binding)
            return "number" if symbol.type in ("real", "integer") else symbol.type
        numeric = ("number", "neg", "+", "-", "*", "/", "call", "size", "sum")
        return "number" if node.op in numeric else "boolean"

    def _same_choice(self, left: Expression, right: Expression, binding: Binding) -> z3.BoolRef:
        a, b = self.choice(left, binding), self.choice(right, binding)
        return z3.Or([z3.And(a[value], b[value]) for value in a if value in b])

    def _membership(self, left: Expression, right: Expression, binding: Binding) -> z3.BoolRef:
        if right.op == "list":
            items = [a for a in right.args if isinstance(a, Expression)]
            return z3.Or(
                [self._comparison(Expression("==", (left, item)), binding) for item in items]
            )
        symbol, index = self._resolve(str(right.args[0]), binding)
        return self.choice_fact(symbol, index)[str(left.args[0])]

    def choice(self, node: Expression, binding: Binding = CASE) -> Choice:
        """A choice as the condition under which it has each value."""
        if node.op == "text":
            return {str(node.args[0]): z3.BoolVal(True)}
        if node.op == "if":
            condition = self.boolean(_child(node, 0), binding)
            then, otherwise = (self.choice(_child(node, i), binding) for i in (1, 2))
            no = z3.BoolVal(False)
            return {
                value: z3.Or(
                    z3.And(condition, then.get(value, no)),
                    z3.And(z3.Not(condition), otherwise.get(value, no)),
                )
                for value in dict.fromkeys((*then, *otherwise))
            }
        symbol, index = self._resolve(str(node.args[0]), binding)
        if symbol.expression is not None:
            return self._written_out(symbol, symbol.expression, binding, self.choice)
        return self.choice_fact(symbol, index)

    def number(self, node: Expression, binding: Binding = CASE) -> z3.ArithRef:
        """A number as an exact real."""
        op = node.op
        if op == "number":
            return z3.RealVal(str(node.args[0]))
        if op == "name":
            symbol, index = self._resolve(str(node.args[0]), binding)
            if symbol.expression is not None:
                return self._written_out(symbol, symbol.expression, binding, self.number)
            return self.fact(symbol, index)
        if op == "if":
            condition = self.boolean(_child(node, 0), binding)
            return z3.If(
                condition,
                self.number(_child(node, 1), binding),
                self.number(_child(node, 2), binding),
            )
        if op in ("size", "sum"):
            return self._aggregate(node, binding)
        parts = [self.number(a, binding) for a in node.args if isinstance(a, Expression)]
        return _arithmetic(op, str(node.args[0]), parts)

    # -- list forms ------------------------------------------------------------------------

    def _instances(self, node: Expression, binding: Binding) -> list[tuple[int, Binding]]:
        concept, variable = str(node.args[0]), str(node.args[1])
        count = self.lesion_counts.get(concept, 0)
        return [(i, binding.with_variable(variable, concept, i)) for i in range(1, count + 1)]

    def _quantifier(self, node: Expression, binding: Binding) -> z3.BoolRef:
        if self.abstract_lists:
            return z3.Bool(f"list:{node.to_data()}{_bound(binding)}")
        parts = [self.boolean(_child(node, 2), b) for _, b in self._instances(node, binding)]
        return z3.Or(parts) if node.op == "exists" else z3.And(parts)

    def _aggregate(self, node: Expression, binding: Binding) -> z3.ArithRef:
        if self.abstract_lists:
            name = f"list:{node.to_data()}{_bound(binding)}"
            size = z3.ToReal(z3.Int(name)) if node.op == "size" else z3.Real(name)
            return self.list_sizes.setdefault(name, size)
        zero = z3.RealVal(0)
        if node.op == "sum":
            parts = [self.number(_child(node, 2), b) for _, b in self._instances(node, binding)]
        else:
            parts = [
                z3.If(self.boolean(_child(node, 2), b), self._group_size(node, i), zero)
                for i, b in self._instances(node, binding)
            ]
        return z3.Sum(parts) if parts else zero

    def _group_size(self, node: Expression, index: int) -> z3.ArithRef:
        concept = self.symbols.vocabulary.concepts[str(node.args[0])]
        if concept.attribute("count") is None:
            return z3.RealVal(1)
        return self.fact(self.symbols.resolve(f"{concept.key}.count", concept.key), index)


def _child(node: Expression, position: int) -> Expression:
    child = node.args[position]
    if not isinstance(child, Expression):  # pragma: no cover - the type check comes first
        raise TypeError(f"expected an expression in {node.op!r}, got {child!r}")
    return child


def _bound(binding: Binding) -> str:
    return "".join(f"@{c}#{i}" for c, i in sorted(binding.lesions.items()))


def _arithmetic(op: str, function: str, parts: list[z3.ArithRef]) -> z3.ArithRef:
    if op == "neg":
        return -parts[0]
    if op == "call":
        return _function(function, parts)
    a, b = parts
    return {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[op]()


def _function(function: str, parts: list[z3.ArithRef]) -> z3.ArithRef:
    if function == "round_half_up":
        digits = int(parts[1].as_fraction()) if len(parts) > 1 else 0
        scale = z3.RealVal(10**digits)
        return z3.ToReal(z3.ToInt(parts[0] * scale + z3.Q(1, 2))) / scale
    if function == "magnitude":
        return parts[0]
    a, b = parts
    return z3.If(a >= b, a, b) if function == "max" else z3.If(a <= b, a, b)
