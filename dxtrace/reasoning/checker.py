"""The checker: verdicts on claims, conclusions of packs, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable

import z3

from dxtrace.clinical import (
    Citation,
    Claim,
    Conclusion,
    Finding,
    MissingFact,
    Reason,
    Source,
    Verdict,
    VerdictKind,
)
from dxtrace.knowledge import Knowledge, KnowledgeError
from dxtrace.knowledge.schema import Assumption, Output, Pack
from dxtrace.knowledge.suggestions import suggest
from dxtrace.reasoning.claims import claim_formula
from dxtrace.reasoning.evidence import Conflict, Evidence
from dxtrace.reasoning.fact import FactBase
from dxtrace.reasoning.facts import collect_facts
from dxtrace.reasoning.missing import missing_facts
from dxtrace.reasoning.one_at_a_time import one_at_a_time
from dxtrace.reasoning.theory import Tracked, concepts_sharing_rule, required_outputs


class Checker:
    """Judges claims against a case's findings and all packs; any number of threads may do so.

    Args:
        knowledge: vocabulary and packs, already proved.
        findings: the case's findings, of every source.
    """

    def __init__(self, knowledge: Knowledge, findings: Iterable[Finding]) -> None:
        self.knowledge = knowledge
        self.base: FactBase = collect_facts(knowledge.vocabulary, findings)
        self._evidence: dict[str | None, Evidence] = {}
        self._missing: dict[str, tuple[MissingFact, ...]] = {}

    @property
    @one_at_a_time
    def conflicts(self) -> tuple[Conflict, ...]:
        """Findings that exclude each other."""
        return self._evidence_for(None).conflicts

    def _evidence_for(self, output: str | None) -> Evidence:
        if output is not None and output not in self.knowledge.outputs:
            near = suggest(output, self.knowledge.outputs)
            raise KnowledgeError(f"output {output!r}", f"no pack has it{near}")
        if output not in self._evidence:
            outputs = () if output is None else (output,)
            evidence = Evidence(self.knowledge, self.base, outputs=outputs)
            if output is not None:
                self._assume(evidence, output)
            self._evidence[output] = evidence
        return self._evidence[output]

    # -- claims ------------------------------------------------------------------------------

    @one_at_a_time
    def check(self, claim: Claim) -> Verdict:
        """The verdict on a claim.

        Raises:
            KnowledgeError: if the claim names an unknown concept or output.
            ValueError: if it names an unknown value.
        """
        evidence = self._evidence_about(claim)
        formula = claim_formula(evidence, claim)
        against = _refutation(evidence, claim, formula)
        if against is not None:
            return Verdict(kind=VerdictKind.CONTRADICTED, because=against)
        proof = evidence.core([evidence.literal_for(z3.Not(formula), "denied")])
        if proof is not None:
            return Verdict(kind=VerdictKind.ENTAILED, because=reasons_of(proof))
        if not self._bears_on(claim):
            return Verdict(kind=VerdictKind.UNSUPPORTED)
        if claim.kind == "category":
            conclusion = self.conclude(claim.concept)
            missing = self.missing(claim.concept)
            return Verdict(
                kind=VerdictKind.CONSISTENT, possible=conclusion.possible, missing=missing
            )
        missing = (MissingFact(concept=f"{claim.concept}.present", why="nobody has stated it"),)
        return Verdict(kind=VerdictKind.CONSISTENT, missing=missing)

    @one_at_a_time
    def refutation(self, claim: Claim) -> tuple[Reason, ...] | None:
        """What contradicts a claim, if anything does; no more is asked, such as what is missing.

        Raises:
            KnowledgeError: if the claim names an unknown concept or output.
            ValueError: if it names an unknown value.
        """
        evidence = self._evidence_about(claim)
        return _refutation(evidence, claim, claim_formula(evidence, claim))

    def _evidence_about(self, claim: Claim) -> Evidence:
        evidence = self._evidence_for(claim.concept if claim.kind == "category" else None)
        if claim.kind == "finding":
            evidence.include_concepts([claim.concept])
        return evidence

    def _bears_on(self, claim: Claim) -> bool:
        """Whether any evidence speaks of the claim's subject."""
        spoken = {f.name.partition(".")[0] for f in self.base.facts}
        return bool(spoken & self._subject(claim))

    def _subject(self, claim: Claim) -> frozenset[str]:
        vocabulary = self.knowledge.vocabulary
        if claim.kind == "category":
            evidence = self._evidence_for(claim.concept)
            items = evidence.theory.output_items(claim.concept)
            heads = {n.partition(".")[0] for item in items for n in item.names}
            return frozenset(heads - {"patient", "exam"})
        related = {claim.concept} | vocabulary.ancestors[claim.concept]
        related |= vocabulary.descendants[claim.concept]
        related |= concepts_sharing_rule(self.knowledge, claim.concept)
        return frozenset(related)

    # -- conclusions -------------------------------------------------------------------------

    @one_at_a_time
    def conclude(self, output: str) -> Conclusion:
        """What evidence and packs say about a pack's output.

        Raises:
            KnowledgeError: if there is no such output.
        """
        evidence = self._evidence_for(output)
        pack, declared = self.knowledge.outputs[output]
        symbol = self.knowledge.symbols.resolve(output, output)
        values: list[str | bool] = list(symbol.values) or [True, False]
        formulas = {v: evidence.theory.output_equals(symbol, v, None) for v in values}
        possible, proof = evidence.possible_values(formulas)
        base = {"concept": declared.public_name, "title": declared.title, "pack": pack.id}
        if len(possible) != 1:
            return self._open(declared, possible, base)
        reasons = reasons_of(proof)
        return Conclusion(
            **base, value=possible[0], verdict=VerdictKind.ENTAILED,
            because=tuple(dict.fromkeys(r.id for r in reasons)), reasons=reasons,
            citations=citations_of(reasons),
        )  # fmt: skip

    def _open(self, output: Output, possible: list[str | bool], base: dict[str, str]) -> Conclusion:
        claim = Claim(id="open", kind="category", concept=output.name, value=None)
        bears = self._bears_on(claim)
        kind = VerdictKind.CONSISTENT if bears else VerdictKind.UNSUPPORTED
        words = tuple(_word(v) for v in possible)
        return Conclusion(**base, value=None, verdict=kind, possible=words)

    @one_at_a_time
    def missing(self, output: str) -> tuple[MissingFact, ...]:
        """The facts that nobody has stated and on which an output still turns."""
        if output not in self._missing:
            evidence = self._evidence_for(output)
            self._missing[output] = missing_facts(self.knowledge, evidence, output)
        return self._missing[output]

    @one_at_a_time
    def holds(self, condition: str) -> bool:
        """Whether the evidence proves a pack's condition; undecided counts as no."""
        evidence = self._evidence_for(None)
        formula = evidence.condition(condition)
        return evidence.core([evidence.literal_for(z3.Not(formula), "denied")]) is not None

    # -- assumptions -------------------------------------------------------------------------

    def _assume(self, evidence: Evidence, output: str) -> None:
        """Add the packs' assumptions about what nobody has spoken of, as far as they can hold."""
        added = []
        for pack_id in self._packs_behind(output):
            pack = self.knowledge.packs[pack_id]
            for assumption in pack.header.assumptions:
                added += _assumed(evidence, pack, assumption)
        for item in added:
            evidence.add_item(item)
        if evidence.satisfiable():
            return
        for item in added:
            evidence.drop_item(item)
        for item in added:
            evidence.add_item(item)
            if not evidence.satisfiable():
                evidence.drop_item(item)

    def _packs_behind(self, output: str) -> list[str]:
        names = required_outputs(self.knowledge, output)
        packs = [self.knowledge.outputs[n][0] for n in names]
        needed = [n for p in packs for n in p.header.needs]
        return list(dict.fromkeys([*(p.id for p in packs), *needed]))


def _refutation(evidence: Evidence, claim: Claim, formula: z3.BoolRef) -> tuple[Reason, ...] | None:
    against = evidence.core([evidence.literal_for(formula, "claim")])
    if against is None or _is_far_fetched(evidence, claim, against):
        return None
    return reasons_of(against)


def _is_far_fetched(evidence: Evidence, claim: Claim, core: Iterable[Tracked]) -> bool:
    """Whether a question would be denied only because something more general is one-sided.

    "Fracture of the right clavicle" does not say that there is no fracture of the left ribs.
    """
    implied = (evidence.facts[i.key] for i in core if i.key in evidence.facts)
    asked = claim.source is Source.PLANNER and claim.kind == "finding"
    return asked and any(
        f.kind == "assumption" and f.name.partition(".")[0] != claim.concept for f in implied
    )


def _left_open_below(evidence: Evidence, assumption: Assumption) -> bool:
    """Whether a kind of what is assumed absent has been named and left open.

    Whoever writes that results for one fusion are pending has spoken of fusions.
    """
    concept, _, key = assumption.fact.partition(".")
    if key != "present" or assumption.value is not False:
        return False
    below = {f"{c}.present" for c in evidence.knowledge.vocabulary.descendants.get(concept, ())}
    stated = {f.name for f in evidence.base.facts}
    return any(name in below and name not in stated for name, _ in evidence.base.mentioned)


def _assumed(evidence: Evidence, pack: Pack, assumption: Assumption) -> list[Tracked]:
    if _left_open_below(evidence, assumption):
        return []
    symbol = evidence.knowledge.symbols.resolve(assumption.fact, pack.id)
    items = []
    for index, binding in evidence.theory.bindings(symbol.lesion):
        if (assumption.fact, index) in evidence.base.mentioned:
            continue
        formula = evidence.assumed_formula(symbol, index, assumption.value)
        if assumption.when:
            formula = z3.Implies(evidence.condition(assumption.when, binding), formula)
        text = f"assumed {_word(assumption.value)}: {assumption.fact} ({assumption.because})"
        reason = Reason(
            id=f"assumption:{assumption.fact}", kind="assumption", text=text,
            citation=evidence.knowledge.citation(pack, None),
        )  # fmt: skip
        literal = z3.Bool(f"assume:{pack.id}:{assumption.fact}:{assumption.value}#{index or ''}")
        items.append(Tracked(literal, formula, reason, frozenset({assumption.fact})))
    return items


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def reasons_of(core: Iterable[Tracked]) -> tuple[Reason, ...]:
    """The reasons of a core, findings first, each once."""
    order = {"finding": 0, "patient": 0, "assumption": 1, "vocabulary": 2, "rule": 3, "row": 4}
    reasons = {(i.reason.id, i.reason.text): i.reason for i in core}
    return tuple(sorted(reasons.values(), key=lambda r: (order.get(r.kind, 5), r.id, r.text)))


def citations_of(reasons: Iterable[Reason]) -> tuple[Citation, ...]:
    """The guideline passages behind reasons, each once, assumptions left out."""
    found = {
        (r.citation.source, r.citation.passage_id): r.citation
        for r in reasons
        if r.citation is not None and r.kind != "assumption"
    }
    return tuple(found.values())
