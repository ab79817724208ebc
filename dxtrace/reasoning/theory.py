"""Packs as tracked formulas, for a given number of lesions, built once and used for many cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import z3

from dxtrace.clinical import Reason
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.expression import Expression, parse_expression
from dxtrace.knowledge.schema import Constraint, Output, Pack, Rule, Table
from dxtrace.knowledge.symbols import Symbol
from dxtrace.reasoning.encoder import CASE, Binding, Encoder, possible_lesion


@dataclass(frozen=True)
class Tracked:
    """A formula that can be switched on by its literal and named in a core.

    Attributes:
        literal: assuming it switches the formula on.
        formula: what then holds.
        reason: how a core names it.
        names: the facts and outputs that it speaks of (without lesion index).
    """

    literal: z3.BoolRef
    formula: z3.BoolRef
    reason: Reason
    names: frozenset[str]

    @cached_property
    def key(self) -> str:
        """The literal's name."""
        return str(self.literal.decl().name())

    @cached_property
    def guarded(self) -> z3.BoolRef:
        """The formula behind its literal."""
        return z3.Implies(self.literal, self.formula)


class Theory:
    """Rules, tables and vocabulary of all packs for given lesion counts.

    Args:
        knowledge: vocabulary and packs.
        lesion_counts: number of lesions of each concept.
        doubted: concepts of which there may be one more lesion, of any kind.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        lesion_counts: dict[str, int],
        doubted: frozenset[str] = frozenset(),
    ) -> None:
        self.knowledge, self.doubted = knowledge, doubted
        self.encoder = Encoder(knowledge.symbols, lesion_counts)
        self._rules: dict[str, list[Tracked]] = {}
        self._tables: dict[str, list[Tracked]] = {}
        self._vocabulary: dict[str, list[Tracked]] = {}
        self._background: dict[str, list[z3.BoolRef]] = {}

    # -- which names an expression rests on --------------------------------------------------

    def fact_names(self, node: Expression) -> frozenset[str]:
        """Names of facts and outputs, definitions written out."""
        return fact_names(self.knowledge, node)

    def bindings(self, lesion: str | None) -> Iterator[tuple[int | None, Binding]]:
        """The case itself, or each lesion of a concept."""
        if lesion is None:
            yield None, CASE
            return
        for index in range(1, self.encoder.lesion_counts.get(lesion, 0) + 1):
            yield index, Binding({lesion: index})

    # -- rules -------------------------------------------------------------------------------

    def rules_about(self, concepts: Iterable[str]) -> list[Tracked]:
        """Every rule and vocabulary link that is connected with these concepts."""
        return [
            item
            for key in connected_rules(self.knowledge, frozenset(concepts))
            for item in self._rule_items(key)
        ]

    def _rule_items(self, key: str) -> list[Tracked]:
        if key not in self._rules:
            pack, rule = _rules_by_key(self.knowledge)[key]
            self._rules[key] = list(self._encode_rule(pack, rule))
        return self._rules[key]

    def _encode_rule(self, pack: Pack, rule: Rule) -> Iterator[Tracked]:
        nodes = [parse_expression(t) for t in (rule.when, rule.then, rule.never) if t is not None]
        names = frozenset().union(*(self.fact_names(n) for n in nodes))
        names |= {f"{rule.for_each}.present"} if rule.for_each else set()
        for index, binding in self.bindings(rule.for_each):
            parts = [self.encoder.boolean(n, binding) for n in nodes]
            formula = z3.Not(parts[0]) if rule.never else z3.Implies(parts[0], parts[1])
            if rule.for_each:  # so that the proof names the finding whose lesion it is
                formula = z3.Implies(z3.Bool(f"{rule.for_each}.present"), formula)
            reason = Reason(
                id=f"{pack.id}:{rule.rule}", kind="rule", text=rule.say or _rule_text(rule),
                citation=self.knowledge.citation(pack, rule.passage),
            )  # fmt: skip
            yield Tracked(z3.Bool(f"rule:{rule.rule}#{index or ''}"), formula, reason, names)

    # -- constraints --------------------------------------------------------------------------

    def constraints_about(self, names: frozenset[str]) -> list[Tracked]:
        """What packs state of the world about any of these facts, for each lesion."""
        return [
            item
            for pack in self.knowledge.packs.values()
            for constraint in pack.header.constraints
            if self.fact_names(parse_expression(constraint.expr)) & names
            for item in self._encode_constraint(constraint)
        ]

    def _encode_constraint(self, constraint: Constraint) -> Iterator[Tracked]:
        node = parse_expression(constraint.expr)
        for index, binding in self.bindings(constraint.for_each):
            name = f"constraint:{constraint.expr}"
            reason = Reason(id=name, kind="vocabulary", text=constraint.because)
            formula = self.encoder.boolean(node, binding)
            yield Tracked(z3.Bool(f"{name}#{index or ''}"), formula, reason, self.fact_names(node))

    def vocabulary_links(self, concepts: Iterable[str]) -> list[Tracked]:
        """Child present means parent present; a side present means the concept is present."""
        return [item for key in sorted(set(concepts)) for item in self._links(key)]

    def _links(self, key: str) -> list[Tracked]:
        if key not in self._vocabulary:
            concept = self.knowledge.vocabulary.concepts[key]
            child = z3.Bool(f"{key}.present")
            items = []
            for parent in concept.parents:
                items.append(self._link(key, parent, child, z3.Bool(f"{parent}.present")))
                upper = self.knowledge.vocabulary.concepts[parent]
                if concept.sided and upper.sided and "lesion" not in (concept.kind, upper.kind):
                    items += [
                        self._link(
                            f"{key}.{side}", f"{parent}.{side}",
                            z3.Bool(f"{key}.{side}"), z3.Bool(f"{parent}.{side}"),
                        )
                        for side in ("left", "right")
                    ]  # fmt: skip
            if concept.sided and concept.kind != "lesion":
                items += [
                    self._link(f"{key}.{side}", key, z3.Bool(f"{key}.{side}"), child)
                    for side in ("left", "right")
                ]
            self._vocabulary[key] = items
        return self._vocabulary[key]

    def _link(self, lower: str, upper: str, child: z3.BoolRef, parent: z3.BoolRef) -> Tracked:
        text = f"{lower.replace('_', ' ')} is a kind of {upper.replace('_', ' ')}"
        if lower.partition(".")[0] == upper:
            text = f"{upper.replace('_', ' ')} on one side is {upper.replace('_', ' ')}"
        reason = Reason(id=f"vocabulary:{lower}<{upper}", kind="vocabulary", text=text)
        names = frozenset(
            {f"{lower.partition('.')[0]}.present", f"{upper.partition('.')[0]}.present"}
        )
        return Tracked(z3.Bool(reason.id), z3.Implies(child, parent), reason, names)

    # -- tables ------------------------------------------------------------------------------

    def output_items(self, output: str) -> list[Tracked]:
        """Rows and combinations that fill an output, with all outputs that those rest on."""
        items: dict[str, Tracked] = {}
        for name in required_outputs(self.knowledge, output):
            for item in self._own_items(name):
                items[item.key] = item
        return list(items.values())

    def _own_items(self, name: str) -> list[Tracked]:
        if name not in self._tables:
            pack, output = self.knowledge.outputs[name]
            items = [
                item
                for owner, table in self.knowledge.tables_for.get(name, ())
                for item in self._encode_table(owner, table)
            ]
            if output.combine:
                items += self._encode_combination(pack, output)
            self._tables[name] = items
        return self._tables[name]

    def _encode_table(self, pack: Pack, table: Table) -> Iterator[Tracked]:
        symbol = self.knowledge.symbols.resolve(table.output, table.table)
        applies = parse_expression(table.applies)
        for index, binding in self.bindings(table.for_each):
            domain = self.encoder.boolean(applies, binding)
            for row in table.rows:
                when = parse_expression(row.when)
                formula = z3.Implies(
                    z3.And(domain, self.encoder.boolean(when, binding)),
                    self.output_equals(symbol, row.then, index),
                )
                text = f"{table.title or table.table}, row {row.row}: {row.then}"
                reason = Reason(
                    id=f"{table.table}:{row.row}", kind="row", text=text,
                    citation=self.knowledge.citation(pack, row.passage or table.passage),
                )  # fmt: skip
                names = self.fact_names(applies) | self.fact_names(when) | {table.output}
                literal = z3.Bool(f"row:{table.table}:{row.row}#{index or ''}")
                yield Tracked(literal, formula, reason, names)

    def _encode_combination(self, pack: Pack, output: Output) -> list[Tracked]:
        combine = output.combine
        assert combine is not None  # noqa: S101  # the caller looked
        part = self.knowledge.symbols.resolve(combine.from_, output.name)
        whole = self.encoder.choice_fact(self.knowledge.symbols.resolve(output.name, output.name))
        lesions = [
            self.encoder.choice_fact(part, index) for index, _ in self.bindings(combine.over)
        ]
        if combine.over in self.doubted:
            lesions.append(possible_lesion(part))
        formulas = [whole[v] == _highest_is(v, combine.order, lesions) for v in combine.order]
        if not lesions:
            absent = z3.Not(z3.Bool(f"{combine.over}.present"))
            formulas = [z3.Implies(absent, whole[combine.none])] if combine.none else []
        reason = Reason(
            id=f"{pack.id}:{output.name}:highest", kind="definition",
            text=f"{output.title or output.name}: the highest over all lesions",
            citation=self.knowledge.citation(pack, None),
        )  # fmt: skip
        names = frozenset({combine.from_, output.name, f"{combine.over}.present"})
        return [Tracked(z3.Bool(f"combine:{output.name}"), z3.And(formulas), reason, names)]

    def output_equals(self, symbol: Symbol, value: str | bool, index: int | None) -> z3.BoolRef:
        """The formula 'this output has this value'."""
        if symbol.type == "boolean":
            fact = self.encoder.fact(symbol, index)
            return fact if value else z3.Not(fact)
        return self.encoder.choice_fact(symbol, index)[str(value)]

    # -- background --------------------------------------------------------------------------

    def background(self, names: Iterable[str]) -> list[z3.BoolRef]:
        """What holds of these facts by their type: one value of a choice, physical limits."""
        return [formula for name in sorted(set(names)) for formula in self._background_of(name)]

    def _background_of(self, name: str) -> list[z3.BoolRef]:
        if name not in self._background:
            symbol = self.knowledge.symbols.resolve(name, name)
            self._background[name] = [
                formula
                for index, _ in self.bindings(symbol.lesion)
                for formula in type_constraints(self.knowledge, self.encoder, symbol, index)
            ]
        return self._background[name]


def type_constraints(
    knowledge: Knowledge, encoder: Encoder, symbol: Symbol, index: int | None
) -> list[z3.BoolRef]:
    """What holds of a fact by its type alone."""
    if symbol.type == "choice":
        values = list(encoder.choice_fact(symbol, index).values())
        return [z3.PbEq([(v, 1) for v in values], 1)]
    if symbol.type not in ("real", "integer") or symbol.kind != "attribute":
        return []
    fact = encoder.fact(symbol, index)
    head, _, key = symbol.name.partition(".")
    attribute = knowledge.vocabulary.attribute(head, key)
    least = attribute.minimum
    if least is None and attribute.unit != "HU":
        least = 1 if key == "count" else 0
    limits = [] if least is None else [fact >= z3.RealVal(str(least))]
    if attribute.maximum is not None:
        limits.append(fact <= z3.RealVal(str(attribute.maximum)))
    return limits + ([z3.IsInt(fact)] if symbol.type == "integer" else [])


def _highest_is(
    value: str, order: tuple[str, ...], lesions: list[dict[str, z3.BoolRef]]
) -> z3.BoolRef:
    higher = order[order.index(value) + 1 :]
    some = z3.Or([lesion[value] for lesion in lesions])
    none_higher = [z3.Not(lesion[h]) for lesion in lesions for h in higher]
    return z3.And(some, *none_higher)


def _rule_text(rule: Rule) -> str:
    return f"not ({rule.never})" if rule.never else f"{rule.when} → {rule.then}"


_name_cache: dict[int, dict[Expression, frozenset[str]]] = {}


def fact_names(knowledge: Knowledge, node: Expression) -> frozenset[str]:
    """Names of the facts and outputs in an expression, definitions written out."""
    cache = _name_cache.setdefault(id(knowledge), {})
    if node not in cache:
        found: set[str] = set()
        for name in node.names():
            symbol = knowledge.symbols.resolve(name, name)
            inner = symbol.expression
            found |= {name} if inner is None else fact_names(knowledge, inner)
            if symbol.lesion:
                concept = knowledge.vocabulary.concepts[symbol.lesion]
                found |= {f"{symbol.lesion}.count"} if concept.attribute("count") else set()
        cache[node] = frozenset(found)
    return cache[node]


def _rules_by_key(knowledge: Knowledge) -> dict[str, tuple[Pack, Rule]]:
    return _rule_index(knowledge)[0]


def connected_rules(knowledge: Knowledge, concepts: frozenset[str]) -> tuple[str, ...]:
    """Keys of the rules that are linked with these concepts, directly or through other rules."""
    _, by_concept, concepts_of = _rule_index(knowledge)
    vocabulary = knowledge.vocabulary
    keys: dict[str, None] = {}
    todo = [c for c in concepts if c in vocabulary.concepts]
    seen: set[str] = set()
    while todo:
        concept = todo.pop()
        if concept in seen:
            continue
        seen.add(concept)
        todo.extend(vocabulary.ancestors[concept])
        for key in by_concept.get(concept, ()):
            keys[key] = None
            todo.extend(concepts_of[key])
    return tuple(sorted(keys))  # the same proofs in every process, whatever its hash seed


def concepts_sharing_rule(knowledge: Knowledge, concept: str) -> frozenset[str]:
    """Concepts that some rule names together with this one."""
    _, by_concept, concepts_of = _rule_index(knowledge)
    return frozenset().union(*(concepts_of[key] for key in by_concept.get(concept, ())))


_RuleIndex = tuple[dict[str, tuple[Pack, Rule]], dict[str, list[str]], dict[str, frozenset[str]]]
_rule_indexes: dict[int, _RuleIndex] = {}


def _rule_index(knowledge: Knowledge) -> _RuleIndex:
    if id(knowledge) not in _rule_indexes:
        rules = {f"{p.id}:{r.rule}": (p, r) for p in knowledge.packs.values() for r in p.rules}
        by_concept: dict[str, list[str]] = {}
        concepts_of: dict[str, frozenset[str]] = {}
        for key, (_, rule) in rules.items():
            texts = [t for t in (rule.when, rule.then, rule.never) if t is not None]
            names = frozenset().union(*(fact_names(knowledge, parse_expression(t)) for t in texts))
            concepts_of[key] = frozenset(n.partition(".")[0] for n in names)
            for concept in concepts_of[key]:
                by_concept.setdefault(concept, []).append(key)
        _rule_indexes[id(knowledge)] = (rules, by_concept, concepts_of)
    return _rule_indexes[id(knowledge)]


def required_outputs(knowledge: Knowledge, output: str) -> tuple[str, ...]:
    """An output and every output that it rests on, nearest first."""
    found: dict[str, None] = {}
    todo = [output]
    while todo:
        name = todo.pop(0)
        if name in found:
            continue
        found[name] = None
        _, declared = knowledge.outputs[name]
        if declared.combine:
            todo.append(declared.combine.from_)
        for _, table in knowledge.tables_for.get(name, ()):
            for text in (table.applies, *(row.when for row in table.rows)):
                names = fact_names(knowledge, parse_expression(text))
                todo.extend(n for n in names if n in knowledge.outputs)
    return tuple(found)


@lru_cache(maxsize=128)
def _theory(
    knowledge_id: int, counts: tuple[tuple[str, int], ...], doubted: frozenset[str]
) -> Theory:
    return Theory(_known[knowledge_id], dict(counts), doubted)


_known: dict[int, Knowledge] = {}


def theory_for(
    knowledge: Knowledge, lesion_counts: dict[str, int], doubted: frozenset[str] = frozenset()
) -> Theory:
    """The theory for these lesions, built once a process."""
    _known[id(knowledge)] = knowledge
    return _theory(id(knowledge), tuple(sorted(lesion_counts.items())), doubted)
