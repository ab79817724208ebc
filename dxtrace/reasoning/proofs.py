"""Proofs about packs: tables complete and exclusive, rules alive and free of contradictions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import z3

from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.expression import Expression, parse_expression
from dxtrace.knowledge.schema import Pack, Row, Rule, Table
from dxtrace.reasoning.encoder import CASE, Binding, Encoder
from dxtrace.reasoning.theory import fact_names, type_constraints

ProblemKind = Literal["gap", "overlap", "dead row", "dead rule", "contradiction", "no table"]


@dataclass(frozen=True)
class PackProblem:
    """Something that the solver refutes.

    Attributes:
        kind: gap, overlap, dead row, dead rule, contradiction, or an output without a table.
        file: the file it stands in.
        place: table and row, or rule.
        message: what is wrong.
        example: a counter-example: facts under which it happens.
    """

    kind: ProblemKind
    file: str
    place: str
    message: str
    example: dict[str, str]

    def __str__(self) -> str:
        facts = ", ".join(f"{name} = {value}" for name, value in self.example.items())
        return f"{self.file} {self.place}: {self.kind}: {self.message}" + (
            f"; for example {facts}" if facts else ""
        )


@dataclass(frozen=True)
class PackProof:
    """What was proved about one pack.

    Attributes:
        pack: the pack's id.
        tables: number of tables, each proved complete and free of overlaps and dead rows.
        rows: number of rows.
        rules: number of rules, each proved able to fire.
        problems: what was refuted; empty if the pack stands.
    """

    pack: str
    tables: int
    rows: int
    rules: int
    problems: tuple[PackProblem, ...]


def prove_packs(knowledge: Knowledge, packs: Iterable[str] | None = None) -> list[PackProof]:
    """Prove the tables and rules of packs.

    Within its domain (``applies``, the types of the facts, the vocabulary and the constraints that
    packs state) every table must have exactly one row for every combination of its inputs; every
    row and rule must be able to apply; two rules that can apply together must agree; the tables of
    one output must cover every case exactly once.

    Args:
        knowledge: the loaded packs.
        packs: ids of the packs to prove; all by default.
    """
    chosen = list(packs) if packs is not None else list(knowledge.packs)
    return [_prove_pack(knowledge, knowledge.packs[key]) for key in chosen]


def _prove_pack(knowledge: Knowledge, pack: Pack) -> PackProof:
    problems: list[PackProblem] = []
    for table in pack.tables:
        problems += _TableProof(knowledge, pack, table).problems()
    problems += _output_problems(knowledge, pack)
    problems += _rule_problems(knowledge, pack)
    rows = sum(len(t.rows) for t in pack.tables)
    return PackProof(pack.id, len(pack.tables), rows, len(pack.rules), tuple(problems))


class _Domain:
    """A solver that holds what is true of the facts in some expressions."""

    def __init__(self, knowledge: Knowledge, lesion: str | None) -> None:
        self.knowledge, self.lesion = knowledge, lesion
        self.encoder = Encoder(knowledge.symbols, abstract_lists=True)
        self.binding = Binding({lesion: 1}) if lesion else CASE
        self.solver = z3.Solver()
        self.names: set[str] = set()
        self._constraints_of: set[str] = set()

    def formula(self, text: str) -> z3.BoolRef:
        """The condition as a formula; what its facts must obey goes into the solver."""
        node = parse_expression(text)
        formula = self.encoder.boolean(node, self.binding)
        self._include(fact_names(self.knowledge, node))
        for size in self.encoder.list_sizes.values():
            self.solver.add(size >= 0)
        return formula

    def _index(self, lesion: str | None) -> int | None:
        return 1 if lesion is not None and lesion == self.lesion else None

    def _include(self, names: Iterable[str]) -> None:
        for name in sorted(set(names) - self.names):
            self.names.add(name)
            symbol = self.knowledge.symbols.resolve(name, name)
            index = self._index(symbol.lesion)
            self.solver.add(*type_constraints(self.knowledge, self.encoder, symbol, index))
            if symbol.concept in self.knowledge.vocabulary.concepts and symbol.kind != "attribute":
                self._include_links(str(symbol.concept))
        self._include_constraints()

    def _include_links(self, key: str) -> None:
        concept = self.knowledge.vocabulary.concepts[key]
        present = z3.Bool(f"{key}.present")
        for parent in self.knowledge.vocabulary.ancestors[key]:
            self.solver.add(z3.Implies(present, z3.Bool(f"{parent}.present")))
        if concept.sided and concept.kind != "lesion":
            for side in ("left", "right"):
                self.solver.add(z3.Implies(z3.Bool(f"{key}.{side}"), present))

    def _include_constraints(self) -> None:
        for pack in self.knowledge.packs.values():
            for constraint in pack.header.constraints:
                node = parse_expression(constraint.expr)
                names = fact_names(self.knowledge, node)
                key = f"{pack.id}:{constraint.expr}"
                fits = constraint.for_each in (None, self.lesion)
                if key not in self._constraints_of and fits and names & self.names:
                    self._constraints_of.add(key)
                    self._include(names)
                    self.solver.add(self.encoder.boolean(node, self.binding))

    def example(self, *formulas: z3.BoolRef) -> dict[str, str] | None:
        """Facts under which all formulas hold, or None if there are none."""
        if self.solver.check(*[self._switch(f) for f in formulas]) != z3.sat:
            return None
        return self._readable(self.solver.model())

    def _switch(self, formula: z3.BoolRef) -> z3.BoolRef:
        literal = z3.FreshConst(z3.BoolSort(), "asked")
        self.solver.add(z3.Implies(literal, formula))
        return literal

    def _readable(self, model: z3.ModelRef) -> dict[str, str]:
        facts: dict[str, str] = {}
        for name, (symbol, _, _) in sorted(self.encoder.constants.items()):
            if symbol.type in ("choice", "multichoice"):
                chosen = [v for v in symbol.values if z3.is_true(model[z3.Bool(f"{name}={v}")])]
                if chosen:
                    facts[symbol.name] = " and ".join(chosen)
            elif symbol.type == "boolean":
                value = model[z3.Bool(name)]
                if value is not None:
                    facts[symbol.name] = str(value).lower()
            else:
                number = model[z3.Real(name)]
                if number is not None:
                    facts[symbol.name] = str(number) + (f" {symbol.unit}" if symbol.unit else "")
        return facts


class _TableProof:
    """The proofs about one table."""

    def __init__(self, knowledge: Knowledge, pack: Pack, table: Table) -> None:
        self.table = table
        self.file = pack.files[f"table:{table.table}"]
        self.domain = _Domain(knowledge, table.for_each)
        self.applies = self.domain.formula(table.applies)
        self.rows = [(row, self.domain.formula(row.when)) for row in table.rows]

    def problems(self) -> Iterator[PackProblem]:
        """Everything that is wrong with the table."""
        gap = self.domain.example(self.applies, *(z3.Not(f) for _, f in self.rows))
        if gap is not None:
            yield self._problem("gap", None, "no row covers this combination", gap)
        for row, formula in self.rows:
            if self.domain.example(self.applies, formula) is None:
                yield self._problem("dead row", row, "no combination of inputs reaches it", {})
        some_pair = z3.Or([z3.And(f, g) for (_, f), (_, g) in combinations(self.rows, 2)])
        if len(self.rows) > 1 and self.domain.example(self.applies, some_pair) is not None:
            yield from self._overlaps()

    def _overlaps(self) -> Iterator[PackProblem]:
        for (row, formula), (other, other_formula) in combinations(self.rows, 2):
            both = self.domain.example(self.applies, formula, other_formula)
            if both is not None:
                yield self._problem("overlap", row, f"row {other.row} covers it too", both)

    def _problem(
        self, kind: ProblemKind, row: Row | None, message: str, example: dict[str, str]
    ) -> PackProblem:
        place = f"table {self.table.table}" + (f" row {row.row}" if row else "")
        return PackProblem(kind, self.file, place, message, example)


def _output_problems(knowledge: Knowledge, pack: Pack) -> Iterator[PackProblem]:
    for output in pack.header.outputs:
        if output.combine is not None:
            continue
        file, place = f"packs/{pack.id}/pack.yaml", f"output {output.name}"
        tables = knowledge.tables_for.get(output.name, ())
        if not tables:
            yield PackProblem("no table", file, place, "no table fills it", {})
            continue
        domain = _Domain(knowledge, output.for_each)
        conditions = [(t, domain.formula(t.applies)) for _, t in tables]
        gap = domain.example(*(z3.Not(c) for _, c in conditions))
        if gap is not None:
            yield PackProblem("gap", file, place, "no table applies to this combination", gap)
        for (table, condition), (other, other_condition) in combinations(conditions, 2):
            both = domain.example(condition, other_condition)
            if both is not None:
                message = f"tables {table.table} and {other.table} both apply"
                yield PackProblem("overlap", file, place, message, both)


@dataclass(frozen=True)
class _EncodedRule:
    rule: Rule
    file: str
    when: z3.BoolRef
    then: z3.BoolRef


def _rule_problems(knowledge: Knowledge, pack: Pack) -> Iterator[PackProblem]:
    """Rules of a pack among themselves and against those of every other pack."""
    by_lesion: dict[str | None, None] = {rule.for_each: None for rule in pack.rules}
    for lesion in by_lesion:
        domain = _Domain(knowledge, lesion)
        encoded = [
            (owner.id, _encode_rule(domain, owner, rule))
            for owner in knowledge.packs.values()
            for rule in owner.rules
            if rule.for_each in (None, lesion)
        ]
        own = [r for owner, r in encoded if owner == pack.id and r.rule.for_each == lesion]
        yield from _dead_rules(domain, [r for _, r in encoded], own)
        yield from _contradictions(domain, [r for _, r in encoded], own)


def _encode_rule(domain: _Domain, pack: Pack, rule: Rule) -> _EncodedRule:
    file = pack.files[f"rule:{rule.rule}"]
    if rule.never is not None:
        return _EncodedRule(rule, file, z3.BoolVal(True), z3.Not(domain.formula(rule.never)))
    return _EncodedRule(
        rule, file, domain.formula(rule.when or ""), domain.formula(rule.then or "")
    )


def _dead_rules(
    domain: _Domain, rules: list[_EncodedRule], own: list[_EncodedRule]
) -> Iterator[PackProblem]:
    everything = z3.And([z3.Implies(r.when, r.then) for r in rules])
    for rule in own:
        fires = rule.when
        if rule.rule.never is not None:
            fires = z3.Not(rule.then)
            held = z3.And([z3.Implies(r.when, r.then) for r in rules if r is not rule])
        else:
            held = everything
        if domain.example(held, fires) is None:
            place = f"rule {rule.rule.rule}"
            yield PackProblem("dead rule", rule.file, place, "it can never fire", {})


def _contradictions(
    domain: _Domain, rules: list[_EncodedRule], own: list[_EncodedRule]
) -> Iterator[PackProblem]:
    """Pairs that can fire together as far as all other rules go, but not agree."""
    for rule in own:
        for other in rules:
            shared = _consequence_names(domain, rule) & _consequence_names(domain, other)
            if other is rule or other.rule.never or rule.rule.never or not shared:
                continue
            rest = z3.And(
                [z3.Implies(r.when, r.then) for r in rules if r is not rule and r is not other]
            )
            both = domain.example(rest, rule.when, other.when)
            if both is None:
                continue
            if domain.example(rest, rule.when, other.when, rule.then, other.then) is None:
                message = f"{other.rule.rule} can fire with it and says the opposite"
                yield PackProblem(
                    "contradiction", rule.file, f"rule {rule.rule.rule}", message, both
                )


def _consequence_names(domain: _Domain, rule: _EncodedRule) -> frozenset[str]:
    node: Expression = parse_expression(rule.rule.then or "false")
    names = fact_names(domain.knowledge, node)
    above = domain.knowledge.vocabulary.ancestors
    heads = {n.partition(".")[0] for n in names}
    related = {f"{a}.present" for h in heads if h in above for a in above[h]}
    return names | frozenset(related)
