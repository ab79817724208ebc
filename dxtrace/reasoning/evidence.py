"""The evidence of one case in the solver: facts, rules, conflicts, cores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import z3

from dxtrace.clinical import Reason
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.expression import parse_expression
from dxtrace.knowledge.symbols import Symbol
from dxtrace.reasoning.encoder import CASE, Binding
from dxtrace.reasoning.fact import Fact, FactBase
from dxtrace.reasoning.quantities import Interval
from dxtrace.reasoning.theory import Theory, Tracked, theory_for

_WHOLE = 1000  # of a fact's weight: a finding as a whole goes before its single facts


@dataclass(frozen=True)
class Conflict:
    """Facts that cannot all hold.

    Attributes:
        reasons: the minimal set of facts and rules that shows it.
        findings: ids of the findings at odds.
        preferred: ids of those that more reliable evidence supports; empty if equally reliable.
        rules: ids of the rules involved.
    """

    reasons: tuple[Reason, ...]
    findings: tuple[str, ...]
    preferred: tuple[str, ...]
    rules: tuple[str, ...]


class Evidence:
    """Facts of a case with the rules they touch, made consistent.

    Facts that exclude each other are reported as conflicts. A weighted MaxSAT pass decides which
    reading the more reliable sources support; of facts that are equally reliable, none is used.

    Args:
        knowledge: vocabulary and packs.
        base: the case's facts.
        concepts: further concepts that will be asked about.
        outputs: pack outputs that will be asked about.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        base: FactBase,
        *,
        concepts: Iterable[str] = (),
        outputs: Iterable[str] = (),
    ) -> None:
        self.knowledge = knowledge
        self.base = base
        self.theory: Theory = theory_for(knowledge, base.lesion_counts, base.doubted)
        self.solver = z3.Solver()
        self.items: dict[str, Tracked] = {}
        self.facts: dict[str, Fact] = {}
        self._names: set[str] = set()
        self._flags_set: set[str] = set()
        for fact in base.facts:
            self._add_fact(fact)
        about = {f.name.partition(".")[0] for f in base.facts} | set(concepts)
        self.include_concepts(about)
        for output in outputs:
            self.include_output(output)
        self.conflicts: tuple[Conflict, ...] = ()
        self._settle()

    # -- what is in the solver -----------------------------------------------------------------

    def _add_fact(self, fact: Fact) -> None:
        symbol = self.knowledge.symbols.resolve(fact.name, fact.finding)
        literal = z3.Bool(f"fact:{fact.key}")
        reason = Reason(
            id=fact.finding, kind="assumption" if fact.kind == "assumption" else "finding",
            text=fact.text,
        )  # fmt: skip
        formula = self.fact_formula(symbol, fact)
        self.facts[f"fact:{fact.key}"] = fact
        self._add(Tracked(literal, formula, reason, frozenset({fact.name})))

    def fact_formula(self, symbol: Symbol, fact: Fact) -> z3.BoolRef:
        """What a fact says, as a formula."""
        encoder = self.theory.encoder
        if isinstance(fact.value, bool):
            constant = encoder.fact(symbol, fact.lesion)
            return constant if fact.value else z3.Not(constant)
        if isinstance(fact.value, Interval):
            return interval_formula(encoder.fact(symbol, fact.lesion), fact.value)
        choices = encoder.choice_fact(symbol, fact.lesion)
        if fact.multi:
            return z3.And([c if v in fact.value else z3.Not(c) for v, c in choices.items()])
        return z3.Or([choices[v] for v in fact.value])

    def _add(self, item: Tracked) -> None:
        key = item.key
        if key in self.items:
            return
        self.items[key] = item
        self.solver.add(item.guarded)
        self._include_names(item.names)

    def _include_names(self, names: Iterable[str]) -> None:
        new = set(names) - self._names
        if new:
            self._names |= new
            self.solver.add(*self.theory.background(new))
            self._state_flags()

    def _state_flags(self) -> None:
        """``has(x)`` is known: it is true exactly if some fact speaks of x."""
        flags = self.theory.encoder.stated_flags
        if len(flags) == len(self._flags_set):
            return
        spoken = self._spoken()
        for name, flag in flags.items():
            if name not in self._flags_set:
                self._flags_set.add(name)
                self.solver.add(flag if name in spoken else z3.Not(flag))

    def _instance(self, fact: Fact) -> str:
        head, _, rest = fact.name.partition(".")
        return fact.name if fact.lesion is None else f"{head}#{fact.lesion}.{rest}"

    def include_concepts(self, concepts: Iterable[str]) -> None:
        """Bring in the rules and vocabulary links around concepts."""
        known = self.knowledge.vocabulary
        about = {c for c in concepts if c in known.concepts}
        for rule in self.theory.rules_about(about):
            self._add(rule)
            about |= {n.partition(".")[0] for n in rule.names}
        about = {c for c in about if c in known.concepts}
        about = about.union(*(known.ancestors[c] for c in about)) if about else about
        for link in self.theory.vocabulary_links(about):
            self._add(link)

    def include_output(self, output: str) -> None:
        """Bring in the tables of an output and everything they rest on."""
        items = self.theory.output_items(output)
        names = frozenset().union(*(item.names for item in items))
        for item in [*items, *self.theory.constraints_about(names)]:
            self._add(item)
        concepts = {n.partition(".")[0] for item in items for n in item.names}
        self.include_concepts(concepts)
        self._state_flags()

    def add_item(self, item: Tracked) -> None:
        """Believe one more formula (an assumption of a pack)."""
        self._add(item)

    def drop_item(self, item: Tracked) -> None:
        """Stop believing a formula."""
        self.items.pop(item.key, None)

    def assumed_formula(self, symbol: Symbol, index: int | None, value: object) -> z3.BoolRef:
        """The formula 'this fact has this value', for an assumption."""
        encoder = self.theory.encoder
        if isinstance(value, bool):
            constant = encoder.fact(symbol, index)
            return constant if value else z3.Not(constant)
        if isinstance(value, str) and symbol.type == "multichoice":
            choices = encoder.choice_fact(symbol, index)
            return z3.And([c if v == value else z3.Not(c) for v, c in choices.items()])
        if isinstance(value, str):
            return encoder.choice_fact(symbol, index)[value]
        return encoder.fact(symbol, index) == z3.RealVal(str(value))

    def condition(self, text: str, binding: Binding = CASE) -> z3.BoolRef:
        """A condition of a pack over this case, with everything that it speaks of."""
        node = parse_expression(text)
        formula = self.theory.encoder.boolean(node, binding)
        self._include_names(self.theory.fact_names(node))
        self._state_flags()
        return formula

    def believed_formulas(self) -> list[z3.BoolRef]:
        """What is believed, and the background of every name."""
        background = self.theory.background(self._names)
        return [item.formula for item in self.items.values()] + background

    def stated_formulas(self) -> list[z3.BoolRef]:
        """What has been stated and what has not (``has()``)."""
        flags, spoken = self.theory.encoder.stated_flags, self._spoken()
        return [flag if name in spoken else z3.Not(flag) for name, flag in flags.items()]

    def _spoken(self) -> set[str]:
        return {"has:" + self._instance(f) for f in self.base.facts if f.kind == "finding"}

    # -- solving -------------------------------------------------------------------------------

    @property
    def active(self) -> list[z3.BoolRef]:
        """The literals of everything that is believed."""
        return [item.literal for item in self.items.values()]

    def satisfiable(self, extra: Sequence[z3.BoolRef] = ()) -> bool:
        """Whether evidence, rules and the extra formulas can hold together."""
        return self._check([*self.active, *extra])

    def _check(self, assumptions: Sequence[z3.BoolRef]) -> bool:
        # The C function directly: Solver.check() examines each assumption's type again, which
        # costs more than most of these checks themselves.
        array = (z3.Ast * len(assumptions))(*[a.as_ast() for a in assumptions])
        answer = z3.CheckSatResult(
            z3.Z3_solver_check_assumptions(
                self.solver.ctx.ref(), self.solver.solver, len(assumptions), array
            )
        )
        if answer == z3.unknown:  # pragma: no cover - the fragment is decidable
            raise RuntimeError(f"the solver gave up: {self.solver.reason_unknown()}")
        return bool(answer == z3.sat)

    def possible_values(
        self, values: Mapping[str | bool, z3.BoolRef]
    ) -> tuple[list[str | bool], tuple[Tracked, ...]]:
        """Which of exclusive values can hold, and, if it is one alone, the proof of it.

        Args:
            values: each value with its formula; exactly one of them holds.
        """
        found: list[str | bool] = []
        question: list[z3.BoolRef] = []
        while self._check([*self.active, *question]):
            model = self.solver.model()
            value = next(v for v, f in values.items() if z3.is_true(model.eval(f, True)))
            found.append(value)
            question.append(self.literal_for(z3.Not(values[value]), "denied"))
        if len(found) != 1:
            return [v for v in values if v in found], ()
        asked = {_name(q) for q in question}
        core = [c for c in self.solver.unsat_core() if _name(c) not in asked]
        return found, tuple(self.items[_name(c)] for c in self._minimal(core, question))

    def literal_for(self, formula: z3.BoolRef, name: str) -> z3.BoolRef:
        """A literal that switches a formula on for one question."""
        literal = z3.FreshConst(z3.BoolSort(), name)
        self.solver.add(z3.Implies(literal, formula))
        return literal

    def core(self, question: Sequence[z3.BoolRef]) -> tuple[Tracked, ...] | None:
        """A minimal set of items that excludes the question's literals; None if they can hold."""
        if self._check([*self.active, *question]):
            return None
        asked = {_name(q) for q in question}
        core = [c for c in self.solver.unsat_core() if _name(c) not in asked]
        return tuple(self.items[_name(c)] for c in self._minimal(core, question))

    def _minimal(self, core: list[z3.BoolRef], question: Sequence[z3.BoolRef]) -> list[z3.BoolRef]:
        """Drop one literal after another; assumptions are tried first, so that facts remain."""
        rank = {"assumption": 0, "vocabulary": 1, "rule": 2, "row": 3}
        order = sorted(core, key=lambda c: rank.get(self.items[_name(c)].reason.kind, 4))
        kept = list(order)
        for candidate in order:
            rest = [c for c in kept if not c.eq(candidate)]
            if not self._check([*rest, *question]):
                kept = rest
        return kept

    # -- conflicts -----------------------------------------------------------------------------

    def _settle(self) -> None:
        """Find facts at odds, report them, and keep what reliable sources support."""
        conflicts: list[Conflict] = []
        for _ in range(len(self.facts) + 1):
            core = self.core([])
            if core is None:
                break
            disputed = [self.facts[i.key] for i in core if i.key in self.facts]
            if not disputed:
                raise RuntimeError(f"rules contradict each other: {[i.reason.id for i in core]}")
            dropped = self._dropped(disputed)
            if all(f.kind == "finding" for f in dropped):
                conflicts.append(_conflict(core, disputed, dropped))
            for fact in dropped:
                self._disbelieve(fact)
        self.conflicts = tuple(conflicts)

    def _disbelieve(self, fact: Fact) -> None:
        """Drop a fact; where it is a thing's presence, with all that the finding says of it."""
        head, _, key = fact.name.partition(".")
        for other in self.base.facts:
            of_it = other.finding == fact.finding and other.name.partition(".")[0] == head
            if other is fact or (key == "present" and of_it):
                self.items.pop(f"fact:{other.key}", None)

    def _dropped(self, disputed: list[Fact]) -> list[Fact]:
        assumed = [f for f in disputed if f.kind == "assumption"]
        if assumed:
            return assumed
        lost = self._lost_in_best_reading(disputed)
        limit = max(f.weight for f in lost) if lost else 0
        return [f for f in disputed if f.weight <= limit]

    def _lost_in_best_reading(self, disputed: list[Fact]) -> list[Fact]:
        """The disputed facts that the weighted MaxSAT optimum gives up."""
        optimiser = z3.Optimize()
        optimiser.add(self.solver.assertions())
        literals = {i.key: i for i in self.items.values()}
        findings: dict[str, list[Fact]] = {}
        for name, item in literals.items():
            fact = self.facts.get(name)
            if fact is None:
                optimiser.add(item.literal)
                continue
            optimiser.add_soft(item.literal, fact.weight)
            if fact.kind != "assumption":
                findings.setdefault(fact.finding, []).append(fact)
        # A finding counts once, however much it says: presence and side are not two witnesses.
        for facts in findings.values():
            whole = z3.And([literals[f"fact:{f.key}"].literal for f in facts])
            optimiser.add_soft(whole, _WHOLE * max(f.weight for f in facts))
        optimiser.check()
        model = optimiser.model()
        return [f for f in disputed if not z3.is_true(model.eval(z3.Bool(f"fact:{f.key}"), True))]


def _name(literal: z3.BoolRef) -> str:
    return str(literal.decl().name())


def _conflict(core: tuple[Tracked, ...], disputed: list[Fact], dropped: list[Fact]) -> Conflict:
    lost = {f.key for f in dropped}
    return Conflict(
        reasons=tuple(i.reason for i in core),
        findings=tuple(dict.fromkeys(f.finding for f in disputed)),
        preferred=tuple(dict.fromkeys(f.finding for f in disputed if f.key not in lost)),
        rules=tuple(i.reason.id for i in core if i.reason.kind == "rule"),
    )


def interval_formula(constant: z3.ArithRef, interval: Interval) -> z3.BoolRef:
    """``low <= x <= high``, with open ends where the interval has them."""
    parts = []
    if interval.low is not None:
        low = _exact(interval.low)
        parts.append(constant > low if interval.low_open else constant >= low)
    if interval.high is not None:
        high = _exact(interval.high)
        parts.append(constant < high if interval.high_open else constant <= high)
    return z3.And(parts)


def _exact(value: Fraction) -> z3.RatNumRef:
    return z3.Q(value.numerator, value.denominator)
