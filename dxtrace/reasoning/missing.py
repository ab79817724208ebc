"""Which unstated facts an open conclusion still turns on."""

from __future__ import annotations

import z3

from dxtrace.clinical import MissingFact
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.symbols import Symbol
from dxtrace.reasoning.encoder import instance_name, possible_lesion
from dxtrace.reasoning.evidence import Evidence


def missing_facts(knowledge: Knowledge, evidence: Evidence, output: str) -> tuple[MissingFact, ...]:
    """The facts on which an output turns.

    A fact counts if two worlds that agree with everything known, and differ in that fact alone,
    give different values, both among those that remain. Of a decided output nothing is missing. A
    fact decides alone if it does so in a world where nothing else holds that nobody has stated.

    Args:
        knowledge: vocabulary and packs.
        evidence: the case's evidence, with the output's tables.
        output: name of the output.
    """
    declared = knowledge.outputs[output][1]
    remaining = _remaining_values(knowledge, evidence, output)
    if len(remaining) < 2:  # noqa: PLR2004  # one value, or none: decided
        return ()
    worlds = _TwoWorlds(knowledge, evidence, output, remaining)
    found: dict[str, MissingFact] = {}
    for symbol, index in worlds.candidates():
        known = found.get(symbol.name)
        if known is not None and known.decides_alone:
            continue
        alone = worlds.turns_on(symbol, index, plain=True)
        if alone or (known is None and worlds.turns_on(symbol, index)):
            found[symbol.name] = MissingFact(
                concept=symbol.name, decides_alone=alone,
                why=f"it decides {declared.title or declared.public_name}",
            )  # fmt: skip
    return tuple(found.values())


def _remaining_values(knowledge: Knowledge, evidence: Evidence, output: str) -> list[z3.BoolRef]:
    """The formula of each value that the output can still have."""
    symbol = knowledge.symbols.resolve(output, output)
    values: list[str | bool] = list(symbol.values) or [True, False]
    formulas = {v: evidence.theory.output_equals(symbol, v, None) for v in values}
    possible, _ = evidence.possible_values(formulas)
    return [formulas[v] for v in possible]


class _TwoWorlds:
    """The evidence twice, with every fact the same in both worlds unless it is let go."""

    def __init__(
        self, knowledge: Knowledge, evidence: Evidence, output: str, remaining: list[z3.BoolRef]
    ) -> None:
        self.knowledge, self.evidence = knowledge, evidence
        names = {n for item in evidence.theory.output_items(output) for n in item.names}
        symbols = [knowledge.symbols.resolve(n, n) for n in sorted(names)]
        self.facts = [s for s in symbols if s.kind != "output"]
        self.solver = z3.Solver()
        self.same: dict[str, z3.BoolRef] = {}
        self.plain: dict[str, z3.BoolRef] = {}
        self._build(knowledge.symbols.resolve(output, output), remaining)

    def _build(self, output: Symbol, remaining: list[z3.BoolRef]) -> None:
        world = z3.And(self.evidence.believed_formulas())
        constants = _constants_of(world)
        other = {name: z3.Const(f"other:{name}", c.sort()) for name, c in constants.items()}
        pairs = [(constants[name], other[name]) for name in constants]
        self.solver.add(world, z3.substitute(world, *pairs), *self.evidence.stated_formulas())
        derived = {c.decl().name() for c in self._derived()}
        for name, constant in constants.items():
            if name not in derived:
                literal = z3.Bool(f"same:{name}")
                self.solver.add(z3.Implies(literal, constant == other[name]))
                self.same[name] = literal
        values = self._constants(output, None)
        differs = [z3.And(v, z3.Not(z3.substitute(v, *pairs))) for v in values]
        if output.type == "boolean":
            differs += [z3.And(z3.Not(v), z3.substitute(v, *pairs)) for v in values]
        self.solver.add(z3.Or(differs))
        # Stating a fact may open another way to a value (has()); it must choose, not overturn.
        self.solver.add(z3.Or([z3.substitute(value, *pairs) for value in remaining]))
        self._add_plain_world()

    def _add_plain_world(self) -> None:
        for symbol, index in self.candidates():
            if symbol.type == "boolean":
                (constant,) = self._constants(symbol, index)
                self._add_plain(constant.decl().name(), z3.Not(constant))
        for concept in self.evidence.base.doubted:
            for name, formula in self._possible(concept).items():
                self._add_plain(name, formula)
        # What the evidence says holds, and what holds wherever the values differ, is left out.
        while self.solver.check(*self.plain.values()) == z3.unsat:
            needed = {literal.decl().name() for literal in self.solver.unsat_core()}
            kept = {n: p for n, p in self.plain.items() if p.decl().name() not in needed}
            if len(kept) == len(self.plain):
                break
            self.plain = kept

    def _possible(self, concept: str) -> dict[str, z3.BoolRef]:
        """What a possible lesion adds, by constant, and the formula that it adds nothing."""
        resolve, outputs = self.knowledge.symbols.resolve, self.knowledge.outputs.values()
        combined = [o.combine for _, o in outputs if o.combine and o.combine.over == concept]
        parts = (possible_lesion(resolve(c.from_, c.from_)) for c in combined)
        found = {b.decl().name(): z3.Not(b) for part in parts for b in part.values()}
        count = instance_name(f"{concept}.count", concept, 1)
        return found | {count: z3.Real(count) == 1}

    def _add_plain(self, name: str, formula: z3.BoolRef) -> None:
        self.plain[name] = z3.Bool(f"plain:{name}")
        self.solver.add(z3.Implies(self.plain[name], formula))

    def _places(self) -> list[tuple[Symbol, int | None]]:
        bindings = self.evidence.theory.bindings
        return [(s, i) for s in self.facts for i, _ in bindings(s.lesion)]

    def _derived(self) -> list[z3.ExprRef]:
        """Constants of outputs: they follow from facts in each world by itself."""
        outputs = self.knowledge.outputs
        return [
            constant
            for name in outputs
            for symbol in (self.knowledge.symbols.resolve(name, name),)
            for index, _ in self.evidence.theory.bindings(symbol.lesion)
            for constant in self._constants(symbol, index)
        ]

    def candidates(self) -> list[tuple[Symbol, int | None]]:
        """Facts behind the output that no finding settles."""
        mentioned = self.evidence.base.mentioned
        return [
            (s, i)
            for s, i in self._places()
            if (s.name, i) not in mentioned or s.kind == "presence"
        ]

    def _constants(self, symbol: Symbol, index: int | None) -> list[z3.ExprRef]:
        encoder = self.evidence.theory.encoder
        if symbol.type in ("choice", "multichoice"):
            return list(encoder.choice_fact(symbol, index).values())
        place = index if symbol.lesion else None
        name = instance_name(symbol.name, symbol.lesion, place)
        return [z3.Bool(name) if symbol.type == "boolean" else z3.Real(name)]

    def turns_on(self, symbol: Symbol, index: int | None, *, plain: bool = False) -> bool:
        """Whether the output can change when this fact alone changes.

        Args:
            symbol: the fact.
            index: the lesion that it belongs to, or None.
            plain: with nothing else true that nobody has stated.
        """
        changed = {c.decl().name() for c in self._constants(symbol, index)}
        if symbol.kind == "presence":
            concept = symbol.name.partition(".")[0]
            if concept in self.evidence.base.doubted:
                changed |= set(self._possible(concept))
        if symbol.type not in ("real", "integer"):
            # In the other world somebody has stated the fact. (A number that packs ask for with
            # has() is an alternative to another one, such as a volume: nobody need state it.)
            changed.add("has:" + instance_name(symbol.name, symbol.lesion, index))
        held = [literal for name, literal in self.same.items() if name not in changed]
        if plain:
            held += [literal for name, literal in self.plain.items() if name not in changed]
        return bool(self.solver.check(*held) == z3.sat)


def _constants_of(formula: z3.ExprRef) -> dict[str, z3.ExprRef]:
    """Every uninterpreted constant in a formula, by name."""
    found: dict[str, z3.ExprRef] = {}
    seen: set[int] = set()
    todo = [formula]
    while todo:
        node = todo.pop()
        if node.get_id() in seen:
            continue
        seen.add(node.get_id())
        if z3.is_const(node) and node.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            found[node.decl().name()] = node
        todo.extend(node.children())
    return found
