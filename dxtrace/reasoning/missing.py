"""Which unstated facts an open conclusion still turns on."""

from __future__ import annotations

import z3

from dxtrace.clinical import MissingFact
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.symbols import Symbol
from dxtrace.reasoning.encoder import instance_name
from dxtrace.reasoning.evidence import Evidence


def missing_facts(knowledge: Knowledge, evidence: Evidence, output: str) -> tuple[MissingFact, ...]:
    """The facts on which an output turns: two worlds that agree with everything known and differ
    in that fact alone give different values.

    Args:
        knowledge: vocabulary and packs.
        evidence: the case's evidence, with the output's tables.
        output: name of the output.
    """
    declared = knowledge.outputs[output][1]
    worlds = _TwoWorlds(knowledge, evidence, output)
    found: dict[str, MissingFact] = {}
    for symbol, index in worlds.candidates():
        if symbol.name not in found and worlds.turns_on(symbol, index):
            found[symbol.name] = MissingFact(
                concept=symbol.name, why=f"it decides {declared.title or declared.public_name}"
            )
    return tuple(found.values())


class _TwoWorlds:
    """The evidence twice: a second world that differs in one fact and what follows from it."""

    def __init__(self, knowledge: Knowledge, evidence: Evidence, output: str) -> None:
        self.knowledge, self.evidence, self.output = knowledge, evidence, output
        self.formulas = evidence.believed_formulas()
        names = {n for item in evidence.theory.output_items(output) for n in item.names}
        symbols = [knowledge.symbols.resolve(n, n) for n in sorted(names)]
        self.facts = [s for s in symbols if s.kind != "output"]
        self.derived = [
            constant
            for symbol in symbols
            if symbol.kind == "output"
            for index, _ in evidence.theory.bindings(symbol.lesion)
            for constant in self._constants(symbol, index)
        ]

    def candidates(self) -> list[tuple[Symbol, int | None]]:
        """Facts behind the output that no finding settles."""
        return [
            (symbol, index)
            for symbol in self.facts
            for index, _ in self.evidence.theory.bindings(symbol.lesion)
            if (symbol.name, index) not in self.evidence.base.mentioned or symbol.kind == "presence"
        ]

    def _constants(self, symbol: Symbol, index: int | None) -> list[z3.ExprRef]:
        encoder = self.evidence.theory.encoder
        if symbol.type in ("choice", "multichoice"):
            return list(encoder.choice_fact(symbol, index).values())
        place = index if symbol.lesion else None
        name = instance_name(symbol.name, symbol.lesion, place)
        return [z3.Bool(name) if symbol.type == "boolean" else z3.Real(name)]

    def turns_on(self, symbol: Symbol, index: int | None) -> bool:
        """Whether the output can change when this fact alone changes."""
        changed = [*self._constants(symbol, index), *self.derived]
        pairs = [(c, z3.FreshConst(c.sort(), "other")) for c in changed]
        solver = z3.Solver()
        solver.add(self.formulas)
        solver.add([z3.substitute(f, *pairs) for f in self.formulas])
        values = self._constants(self.knowledge.symbols.resolve(self.output, self.output), None)
        solver.add(z3.Or([z3.And(v, z3.Not(z3.substitute(v, *pairs))) for v in values]))
        return bool(solver.check() == z3.sat)
