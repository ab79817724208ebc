"""Packs evaluated over concrete values, without a solver: what the solver must agree with."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import floor
from random import Random
from typing import Any

from dxtrace.clinical import Finding, Presence
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.expression import Expression, parse_expression

Value = Any
STEPS = ("0", "-1", "1", "-0.5", "0.5", "-0.1", "0.1", "-0.01")


@dataclass
class World:
    """Every fact of a made-up case, all of them stated.

    Attributes:
        facts: value of each case fact by name.
        lesions: for each lesion concept, the facts of each lesion by attribute key.
    """

    facts: dict[str, Value] = field(default_factory=dict)
    lesions: dict[str, list[dict[str, Value]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Which lesion each concept and list variable means."""

    lesions: dict[str, int] = field(default_factory=dict)
    variables: dict[str, tuple[str, int]] = field(default_factory=dict)


class PlainEvaluator:
    """Evaluates conditions, tables and combinations in one world."""

    def __init__(self, knowledge: Knowledge, world: World) -> None:
        self.knowledge, self.world = knowledge, world
        self._known: dict[str, Value] = {}

    # -- outputs ---------------------------------------------------------------------------

    def output(self, name: str, place: Place = Place()) -> Value:
        """The one value that the tables give an output; each is worked out once."""
        key = f"{name} {sorted(place.lesions.items())}"
        if key not in self._known:
            self._known[key] = self._worked_out(name, place)
        return self._known[key]

    def _worked_out(self, name: str, place: Place) -> Value:
        _, output = self.knowledge.outputs[name]
        if output.combine is not None:
            return self._highest(output.combine)
        values = [
            row.then
            for _, table in self.knowledge.tables_for[name]
            if self(parse_expression(table.applies), place)
            for row in table.rows
            if self(parse_expression(row.when), place)
        ]
        assert len(values) == 1, f"{name}: {len(values)} rows hold in {self.world}"
        return values[0]

    def _highest(self, combine: Any) -> Value:
        found = [
            self.output(combine.from_, Place({combine.over: i}))
            for i in range(len(self.world.lesions.get(combine.over, [])))
        ]
        return max(found, key=combine.order.index) if found else combine.none

    # -- conditions ------------------------------------------------------------------------

    def __call__(self, node: Expression, place: Place) -> Value:
        """The value of an expression."""
        return getattr(self, f"_{_METHODS.get(node.op, 'numbers')}")(node, place)

    def _constant(self, node: Expression, _: Place) -> Value:
        return Fraction(node.args[0]) if node.op == "number" else node.args[0]

    def _logic(self, node: Expression, place: Place) -> Value:
        parts = [self(a, place) for a in node.args]
        return {"and": all, "or": any, "not": lambda p: not p[0], "list": list}[node.op](parts)

    def _stated(self, _node: Expression, _place: Place) -> Value:
        return True

    def _choose(self, node: Expression, place: Place) -> Value:
        condition, then, otherwise = node.args
        return self(then if self(condition, place) else otherwise, place)

    def _compared(self, node: Expression, place: Place) -> Value:
        a, b = (self(arg, place) for arg in node.args)
        return {
            "==": lambda: a == b, "!=": lambda: a != b, "<": lambda: a < b, "<=": lambda: a <= b,
            ">": lambda: a > b, ">=": lambda: a >= b, "in": lambda: a in b,
        }[node.op]()  # fmt: skip

    def _listed(self, node: Expression, place: Place) -> Value:
        concept, variable, body = node.args
        lesions = self.world.lesions.get(concept, [])
        values = [
            self(body, Place({**place.lesions, concept: i},
                             {**place.variables, variable: (concept, i)}))
            for i in range(len(lesions))
        ]  # fmt: skip
        if node.op == "size":
            return sum(lesion.get("count", 1) for lesion, v in zip(lesions, values, strict=True)
                       if v)  # fmt: skip
        return {"exists": any, "all": all, "sum": sum}[node.op](values)

    def _named(self, node: Expression, place: Place) -> Value:
        head, _, rest = node.args[0].partition(".")
        if head in place.variables:
            concept, index = place.variables[head]
            name, place = f"{concept}.{rest}", Place({**place.lesions, concept: index})
        else:
            name = node.args[0]
        symbol = self.knowledge.symbols.resolve(name, name)
        if symbol.expression is not None:
            return self(symbol.expression, place)
        if symbol.kind == "output":
            return self.output(name, place)
        if symbol.lesion in place.lesions:
            lesion = self.world.lesions[symbol.lesion][place.lesions[symbol.lesion]]
            return lesion[name.partition(".")[2]]
        if symbol.kind == "side" and symbol.lesion:
            return any(
                lesion[name.partition(".")[2]] for lesion in self.world.lesions[symbol.lesion]
            )
        return self.world.facts[name]

    def _numbers(self, node: Expression, place: Place) -> Value:
        if node.op == "call":
            return _called(node.args[0], [self(a, place) for a in node.args[1:]])
        parts = [self(a, place) for a in node.args]
        if node.op == "neg":
            return -parts[0]
        a, b = parts
        operations = {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b}
        return operations[node.op]() if node.op in operations else a / b


_METHODS = {
    **dict.fromkeys(("bool", "text", "number"), "constant"),
    **dict.fromkeys(("and", "or", "not", "list"), "logic"),
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), "compared"),
    **dict.fromkeys(("exists", "all", "size", "sum"), "listed"),
    "has": "stated", "if": "choose", "name": "named",
}  # fmt: skip


def _called(function: str, parts: list[Fraction]) -> Fraction:
    if function == "round_half_up":
        scale = 10 ** int(parts[1]) if len(parts) > 1 else 1
        return Fraction(floor(parts[0] * scale + Fraction(1, 2)), scale)
    return {"max": max, "min": min, "magnitude": lambda p: p[0]}[function](parts)


# -- made-up cases -----------------------------------------------------------------------------


def names_behind(knowledge: Knowledge, output: str) -> set[str]:
    """Every fact that an output rests on, through tables, combinations and definitions."""
    todo, seen = [output], set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        symbol = knowledge.symbols.resolve(name, name)
        if symbol.expression is not None:
            todo += symbol.expression.names()
        elif symbol.kind == "output":
            declared = knowledge.outputs[name][1]
            if declared.combine:
                todo += [declared.combine.from_, f"{declared.combine.over}.present"]
            for _, table in knowledge.tables_for.get(name, ()):
                for text in (table.applies, *(row.when for row in table.rows)):
                    todo += parse_expression(text).names()
    return {n for n in seen if knowledge.symbols.resolve(n, n).kind not in ("definition", "output")}


def numbers_in(knowledge: Knowledge) -> dict[str, list[Fraction]]:
    """Every number that some expression of a pack compares or computes with, by pack."""
    found: dict[str, list[Fraction]] = {}
    for pack in knowledge.packs.values():
        texts = [d.expr for d in pack.header.definitions]
        texts += [
            t for table in pack.tables for t in (table.applies, *(r.when for r in table.rows))
        ]
        numbers = {n for text in texts for n in _numbers_of(parse_expression(text))}
        found[pack.id] = sorted(numbers)
    return found


def _numbers_of(node: Expression) -> set[Fraction]:
    if node.op == "number":
        return {Fraction(str(node.args[0]))}
    return {n for a in node.args if isinstance(a, Expression) for n in _numbers_of(a)}


class WorldMaker:
    """Makes up complete worlds for an output, with numbers at and around the limits."""

    def __init__(self, knowledge: Knowledge, output: str) -> None:
        self.knowledge = knowledge
        self.names = names_behind(knowledge, output)
        pack = knowledge.outputs[output][0]
        limits = numbers_in(knowledge)
        self.limits = [n for p in (pack.id, *pack.header.needs) for n in limits[p]]
        heads = {n.partition(".")[0] for n in self.names}
        self.concepts = [knowledge.vocabulary.concepts[h] for h in sorted(heads)]
        self.rate = 0.2

    def world(self, random: Random) -> World:
        """A world in which every fact behind the output has a value."""
        world = World()
        self.rate = random.choice((0.02, 0.1, 0.3))  # quiet cases and busy ones
        for concept in self.concepts:
            if concept.kind == "lesion":
                world.lesions[concept.key] = [
                    self._lesion(concept.key, random) for _ in range(random.choice((0, 1, 1, 2, 3)))
                ]
                world.facts[f"{concept.key}.present"] = bool(world.lesions[concept.key])
            else:
                self._add_case_facts(world, concept, random)
        self._lift_presence(world)
        return world

    def _own(self, concept: str) -> list[str]:
        known = self.knowledge.vocabulary.concepts[concept]
        keys = [n.partition(".")[2] for n in sorted(self.names) if n.startswith(f"{concept}.")]
        return [k for k in keys if known.attribute(k)]

    def _lesion(self, concept: str, random: Random) -> dict[str, Value]:
        keys = {*self._own(concept)}
        known = self.knowledge.vocabulary.concepts[concept]
        if known.attribute("count"):
            keys.add("count")
        lesion = {k: self._value(concept, k, random) for k in sorted(keys)}
        if known.sided:
            lesion["left"] = random.random() < 0.5
            lesion["right"] = not lesion["left"]
        return lesion

    def _add_case_facts(self, world: World, concept: Any, random: Random) -> None:
        keys = self._own(concept.key)
        present = concept.kind == "context" or bool(keys) or random.random() < self.rate
        world.facts[f"{concept.key}.present"] = present
        for key in keys:
            world.facts[f"{concept.key}.{key}"] = self._value(concept.key, key, random)
        if concept.sided:
            left, right = random.choice(((True, False), (False, True), (True, True)))
            world.facts[f"{concept.key}.left"] = present and left
            world.facts[f"{concept.key}.right"] = present and right

    def _value(self, concept: str, key: str, random: Random) -> Value:
        attribute = self.knowledge.vocabulary.attribute(concept, key)
        if attribute.type == "boolean":
            return random.random() < self.rate
        values = [v.key for v in attribute.values]
        if attribute.type == "choice":
            return random.choice(values)
        if attribute.type == "multichoice":
            return sorted(random.sample(values, random.randint(1, min(2, len(values)))))
        least = Fraction(
            str(attribute.minimum if attribute.minimum is not None else key == "count")
        )
        most = Fraction(str(attribute.maximum if attribute.maximum is not None else 100_000))
        number = random.choice(self.limits or [Fraction(1)]) + Fraction(random.choice(STEPS))
        number = min(max(number, least), most)
        return Fraction(floor(number)) if attribute.type == "integer" else number

    def _lift_presence(self, world: World) -> None:
        above = self.knowledge.vocabulary.ancestors
        for concept in self.concepts:
            if world.facts.get(f"{concept.key}.present"):
                for parent in above[concept.key]:
                    world.facts[f"{parent}.present"] = True


def findings_of(knowledge: Knowledge, world: World) -> list[Finding]:
    """The world as structured findings, everything stated."""
    findings = []
    for name, present in world.facts.items():
        concept, _, key = name.partition(".")
        if key != "present":
            continue
        known = knowledge.vocabulary.concepts[concept]
        if known.kind == "lesion":
            findings += _lesion_findings(concept, world)
            if not present:
                findings.append(
                    Finding(id=f"no-{concept}", concept=concept, presence=Presence.ABSENT)
                )
            continue
        attributes = {
            k: _plain(v)
            for n, v in world.facts.items()
            for head, _, k in (n.partition("."),)
            if head == concept and known.attribute(k)
        }
        left, right = (world.facts.get(f"{concept}.{side}") for side in ("left", "right"))
        side = {(True, True): "bilateral", (True, False): "left", (False, True): "right"}
        findings.append(
            Finding.model_validate(
                {"id": concept, "concept": concept, "attributes": attributes,
                 "presence": "present" if present else "absent",
                 "laterality": side.get((left, right))}
            )
        )  # fmt: skip
    return findings


def _lesion_findings(concept: str, world: World) -> list[Finding]:
    found = []
    for position, lesion in enumerate(world.lesions.get(concept, [])):
        attributes = {k: _plain(v) for k, v in lesion.items() if k not in ("left", "right")}
        side = "left" if lesion.get("left") else "right" if lesion.get("right") else None
        found.append(
            Finding.model_validate(
                {"id": f"{concept}{position}", "lesion": f"{concept}{position}", "concept": concept,
                 "presence": "present", "attributes": attributes, "laterality": side}
            )
        )  # fmt: skip
    return found


def _plain(value: Value) -> Value:
    if isinstance(value, Fraction):
        number = Decimal(value.numerator) / Decimal(value.denominator)
        return int(number) if number == int(number) else number
    return tuple(value) if isinstance(value, list) else value
