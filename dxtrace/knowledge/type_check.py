"""Types, values and units of conditions, checked before anything is solved."""

from dataclasses import dataclass, field

from dxtrace.knowledge.errors import KnowledgeError
from dxtrace.knowledge.expression import Expression
from dxtrace.knowledge.suggestions import suggest
from dxtrace.knowledge.symbols import Symbol, SymbolTable


@dataclass(frozen=True, slots=True)
class ExpressionType:
    """The type of a part of an expression: boolean, number, choice, text or multichoice.

    Attributes:
        name: which of them.
        unit: a number's unit; None fits any (a constant).
        values: a choice's values.
    """

    name: str
    unit: str | None = None
    values: tuple[str, ...] = ()


BOOLEAN = ExpressionType("boolean")


@dataclass(frozen=True)
class Scope:
    """Where an expression stands.

    Attributes:
        where: file and row, for messages.
        lesion: the concept of ``for_each``, or None.
        variables: list variables and the lesion concept each runs over.
    """

    where: str
    lesion: str | None = None
    variables: dict[str, str] = field(default_factory=dict)

    def fail(self, problem: str) -> KnowledgeError:
        """The error to raise for this place."""
        return KnowledgeError(self.where, problem)


def resolve_name(table: SymbolTable, path: str, scope: Scope) -> Symbol:
    """The symbol behind a name, with list variables replaced.

    Raises:
        KnowledgeError: if unknown, or a lesion's fact used where no lesion is meant.
    """
    head, _, rest = path.partition(".")
    if head in scope.variables:
        return table.resolve(f"{scope.variables[head]}.{rest}", scope.where)
    symbol = table.resolve(path, scope.where)
    reachable = {scope.lesion, *scope.variables.values()}
    if symbol.lesion and symbol.kind != "side" and symbol.lesion not in reachable:
        raise scope.fail(
            f"{path!r} belongs to each {symbol.lesion}: "
            f"expected for_each: {symbol.lesion} or a list form"
        )
    return symbol


def infer_type(table: SymbolTable, node: Expression, scope: Scope) -> ExpressionType:
    """The type of an expression.

    Raises:
        KnowledgeError: on an unknown name or value, a type clash or a unit mismatch.
    """
    if node.op in ("bool", "has", "not", "and", "or", "exists", "all"):
        return _infer_logic(table, node, scope)
    if node.op in ("==", "!=", "<", "<=", ">", ">=", "in"):
        return _infer_comparison(table, node, scope)
    if node.op == "text":
        return ExpressionType("text", values=(str(node.args[0]),))
    if node.op == "name":
        return _symbol_type(resolve_name(table, str(node.args[0]), scope))
    if node.op == "if":
        return _infer_conditional(table, node, scope)
    return _infer_number(table, node, scope)


def _symbol_type(symbol: Symbol) -> ExpressionType:
    if symbol.type in ("real", "integer"):
        return ExpressionType("number", unit=symbol.unit)
    return ExpressionType(symbol.type, values=symbol.values)


def _parts(node: Expression) -> list[Expression]:
    return [a for a in node.args if isinstance(a, Expression)]


def _infer_logic(table: SymbolTable, node: Expression, scope: Scope) -> ExpressionType:
    if node.op == "has":
        symbol = resolve_name(table, str(node.args[0]), scope)
        if symbol.kind in ("definition", "output"):
            raise scope.fail(f"has() takes a fact that can be stated, got {symbol.name!r}")
        return BOOLEAN
    if node.op in ("exists", "all"):
        scope = _inner_scope(table, node, scope)
    for part in _parts(node):
        found = infer_type(table, part, scope)
        if found.name != "boolean":
            raise scope.fail(f"expected true or false in {node.op!r}, got a {found.name}")
    return BOOLEAN


def _inner_scope(table: SymbolTable, node: Expression, scope: Scope) -> Scope:
    concept, variable = str(node.args[0]), str(node.args[1])
    known = table.vocabulary.concepts
    if concept not in known or known[concept].kind != "lesion":
        raise scope.fail(f"expected a lesion concept in a list form, got {concept!r}")
    return Scope(scope.where, scope.lesion, {**scope.variables, variable: concept})


def _infer_comparison(table: SymbolTable, node: Expression, scope: Scope) -> ExpressionType:
    left, right = _parts(node)
    if node.op == "in":
        return _infer_membership(table, left, right, scope)
    a, b = infer_type(table, left, scope), infer_type(table, right, scope)
    if a.name == b.name == "number":
        _join_units(a, b, node.op, scope)
        return BOOLEAN
    if node.op not in ("==", "!="):
        raise scope.fail(f"expected numbers around {node.op}, got {a.name} and {b.name}")
    if {a.name, b.name} == {"boolean"}:
        return BOOLEAN
    if {a.name, b.name} <= {"choice", "text"}:
        _check_values(a, b, scope)
        return BOOLEAN
    raise scope.fail(f"cannot compare a {a.name} with a {b.name}")


def _check_values(a: ExpressionType, b: ExpressionType, scope: Scope) -> None:
    choice, other = (a, b) if a.name == "choice" else (b, a)
    for value in other.values:
        if choice.name == "choice" and other.name == "text" and value not in choice.values:
            raise scope.fail(
                f"unknown value {value!r}, expected one of {', '.join(choice.values)}"
                f"{suggest(value, choice.values)}"
            )


def _infer_membership(
    table: SymbolTable, left: Expression, right: Expression, scope: Scope
) -> ExpressionType:
    a = infer_type(table, left, scope)
    if right.op == "list":
        for item in _parts(right):
            b = infer_type(table, item, scope)
            if {a.name, b.name} <= {"choice", "text"}:
                _check_values(a, b, scope)
            elif not a.name == b.name == "number":
                raise scope.fail(f"cannot look for a {a.name} among a {b.name}")
        return BOOLEAN
    b = infer_type(table, right, scope)
    if b.name != "multichoice" or a.name != "text":
        raise scope.fail(f"expected 'value' in a multichoice or a list, got {a.name} in {b.name}")
    _check_values(ExpressionType("choice", values=b.values), a, scope)
    return BOOLEAN


def _infer_conditional(table: SymbolTable, node: Expression, scope: Scope) -> ExpressionType:
    condition, then, otherwise = _parts(node)
    if infer_type(table, condition, scope).name != "boolean":
        raise scope.fail("expected true or false before '?'")
    a, b = infer_type(table, then, scope), infer_type(table, otherwise, scope)
    if a.name == b.name == "number":
        return ExpressionType("number", unit=_join_units(a, b, "? :", scope))
    if {a.name, b.name} <= {"choice", "text"}:
        return ExpressionType("text", values=tuple(dict.fromkeys((*a.values, *b.values))))
    if a.name == b.name:
        return a
    raise scope.fail(f"the two sides of '? :' are a {a.name} and a {b.name}")


def _join_units(a: ExpressionType, b: ExpressionType, op: str, scope: Scope) -> str | None:
    if a.unit and b.unit and a.unit != b.unit:
        raise scope.fail(f"unit mismatch around {op!r}: {a.unit} and {b.unit}")
    return a.unit or b.unit


def _infer_number(table: SymbolTable, node: Expression, scope: Scope) -> ExpressionType:
    if node.op == "number":
        return ExpressionType("number")
    if node.op == "size":
        _infer_logic(table, Expression("exists", node.args), scope)
        return ExpressionType("number")
    if node.op == "sum":
        scope = _inner_scope(table, node, scope)
    types = [infer_type(table, part, scope) for part in _parts(node)]
    if any(t.name != "number" for t in types):
        raise scope.fail(f"expected numbers in {node.op!r}, got {[t.name for t in types]}")
    return ExpressionType("number", unit=_number_unit(node, types, scope))


def _number_unit(node: Expression, types: list[ExpressionType], scope: Scope) -> str | None:
    if node.op == "call" and node.args[0] == "magnitude":
        return None
    if len(types) == 1 or (node.op == "call" and node.args[0] == "round_half_up"):
        return types[0].unit
    first, second = types
    if node.op == "*" and first.unit and second.unit:
        return f"{first.unit}.{second.unit}"
    if node.op == "/" and second.unit:
        return "1" if first.unit == second.unit else f"{first.unit or '1'}/{second.unit}"
    return _join_units(first, second, node.op, scope)
