"""Claims as formulas over the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import z3

from dxtrace.clinical import Claim, Concept, Presence, Reason, Source
from dxtrace.clinical.concept import ConceptAttribute
from dxtrace.knowledge.symbols import Symbol
from dxtrace.reasoning.evidence import Evidence, interval_formula
from dxtrace.reasoning.fact import SIDES_OF, Fact, FactValue
from dxtrace.reasoning.facts import claim_finding, collect_facts
from dxtrace.reasoning.quantities import Interval
from dxtrace.reasoning.theory import Tracked, required_outputs

GRADED = ("severity", "change", "distribution", "pattern", "count", "count_open")
"""Attributes whose wordings overlap; only values that the vocabulary sets apart are compared."""
ROUNDING_MM = Fraction(1, 2)
"""Impressions repeat sizes in whole millimetres: 7.4 mm and "7 mm" are one statement."""
_WHOLE_SIZES = ("mean_diameter", "largest_dimension", "diameter", "smallest_dimension")


def claim_formula(evidence: Evidence, claim: Claim) -> z3.BoolRef:
    """What a claim says, as a formula.

    A claim about a lesion says that one of the case's lesions is as described. A category that a
    report states may be that of one lesion or of the case.

    Raises:
        KnowledgeError: if the concept or output is unknown.
        ValueError: if the output has no such value.
    """
    if claim.kind == "category":
        return _category_formula(evidence, claim)
    concept = evidence.knowledge.vocabulary.concept(claim.concept)
    if concept.kind == "lesion" and claim.presence is Presence.PRESENT:
        return _lesion_formula(evidence, concept, claim)
    return _plain_formula(evidence, concept, claim)


def _category_formula(evidence: Evidence, claim: Claim) -> z3.BoolRef:
    symbol = evidence.knowledge.symbols.resolve(claim.concept, claim.id)
    value = claim.value
    if symbol.type == "choice" and value not in symbol.values:
        raise ValueError(
            f"claim {claim.id}: {claim.concept} has no value {value!r}, "
            f"expected one of {', '.join(symbol.values)}"
        )
    if symbol.type == "boolean" and not isinstance(value, bool):
        raise ValueError(f"claim {claim.id}: {claim.concept} is true or false, got {value!r}")
    assert value is not None  # noqa: S101  # excluded just above
    whole = evidence.theory.output_equals(symbol, value, None)
    if claim.presence is Presence.ABSENT:
        return z3.Not(whole)
    part = _lesion_output(evidence, symbol)
    if part is None or value not in part.values:
        return whole
    lesions = [
        evidence.theory.output_equals(part, value, index)
        for index, _ in evidence.theory.bindings(part.lesion)
    ]
    return z3.Or(whole, *lesions) if claim.source is Source.REPORT_IMPRESSION else whole


def _lesion_output(evidence: Evidence, symbol: Symbol) -> Symbol | None:
    """The per-lesion output that the case's output combines, itself or through its tables."""
    knowledge = evidence.knowledge
    for name in required_outputs(knowledge, symbol.name):
        combine = knowledge.outputs[name][1].combine
        if combine is not None:
            part = knowledge.symbols.resolve(combine.from_, name)
            if name == symbol.name or part.values == symbol.values:
                return part
    return None


def _plain_formula(evidence: Evidence, concept: Concept, claim: Claim) -> z3.BoolRef:
    present = z3.Bool(f"{concept.key}.present")
    sides = SIDES_OF.get(claim.laterality, ()) if claim.laterality and concept.sided else ()
    if claim.presence is Presence.ABSENT:
        if concept.kind != "lesion" and len(sides) == 1:
            return z3.Not(z3.Bool(f"{concept.key}.{sides[0]}"))
        if len(sides) == 1 and (number := evidence.base.lesion_counts.get(concept.key, 0)):
            named = [z3.Bool(f"{concept.key}#{i}.{sides[0]}") for i in range(1, number + 1)]
            return z3.Not(z3.Or(named))
        if claim.location and claim.attributes.get("change") == "resolved":
            return z3.FreshConst(z3.BoolSort(), "gone_there")  # it may be left at another place
        if len(sides) == 1:
            return z3.Not(_lesion_formula(evidence, concept, claim))
        return z3.Not(present)
    parts = [present, *(z3.Bool(f"{concept.key}.{side}") for side in sides)]
    if claim.source is Source.PLANNER and not _is_at(evidence, concept.key, 0, claim.location):
        parts.append(z3.FreshConst(z3.BoolSort(), "there"))
    if _found_more_than_once(evidence, concept):
        return z3.And(parts)
    return z3.And(*parts, *_attribute_formulas(evidence, claim, None))


def _found_more_than_once(evidence: Evidence, concept: Concept) -> bool:
    """Whether several findings speak of it: nobody knows which of them a claim describes."""
    name = f"{concept.key}.present"
    return len({f.finding for f in evidence.base.facts if f.name == name and f.value is True}) > 1


def _attribute_formulas(evidence: Evidence, claim: Claim, index: int | None) -> list[z3.BoolRef]:
    said = collect_facts(evidence.knowledge.vocabulary, [claim_finding(claim)])
    concept = evidence.knowledge.vocabulary.concept(claim.concept)
    formulas: list[z3.BoolRef] = []
    sizes: dict[str, dict[str, z3.BoolRef]] = {}
    formulas += _number_formula(evidence, concept, claim, said.facts)
    for fact in said.facts:
        head, _, key = fact.name.partition(".")
        if head != claim.concept or key in ("present", "left", "right"):
            continue
        symbol = evidence.knowledge.symbols.resolve(fact.name, claim.id)
        attribute = concept.attribute(key)
        graded = key in GRADED or (attribute is not None and attribute.apart)
        if graded and claim.source is not Source.PLANNER:
            formulas += _nothing_apart(evidence, symbol, fact, attribute, index)
            continue
        part = _measured_part(attribute.measured_as if attribute else None)
        if part is None:
            formulas.append(_claimed_fact(evidence, symbol, fact, index))
        else:
            rounded = replace(fact, value=_as_rounded(fact.value))
            of_part = sizes.setdefault(part, {})
            of_part[fact.name] = _claimed_fact(evidence, symbol, rounded, index)
    for part, of_part in sizes.items():
        # Only what the evidence measured can agree: an unmeasured longest axis could be anything.
        known = [f for name, f in of_part.items() if (name, index) in evidence.base.mentioned]
        compared = known or list(of_part.values())
        stated = [m.kind for m in claim.measurements if m.kind.startswith("solid_") == bool(part)]
        # "2 cm" may be the mean or the longest of 20 x 15 mm.
        formulas.append(z3.Or(compared) if len(stated) == 1 else z3.And(compared))
    return formulas


def _number_formula(
    evidence: Evidence, concept: Concept, claim: Claim, said: tuple[Fact, ...]
) -> list[z3.BoolRef]:
    """A claimed number excludes another one, where only one lesion is described.

    A plain plural is no number: "brain and bone metastases" may be one of each.
    """
    name = f"{concept.key}.count"
    alone = evidence.base.lesion_counts.get(concept.key) == 1 and not any(
        a.identifies
        for a in concept.attributes  # stations are counted, not nodes
    )
    numbers = [f.value for f in said if f.name == name and isinstance(f.value, Interval)]
    if (
        claim.attributes.get("count_open")
        or not alone
        or not numbers
        or (name, 1) not in evidence.base.mentioned
    ):
        return []
    symbol = evidence.knowledge.symbols.resolve(name, claim.id)
    return [interval_formula(evidence.theory.encoder.fact(symbol, 1), n) for n in numbers]


def _nothing_apart(
    evidence: Evidence, symbol: Symbol, fact: Fact, attribute: ConceptAttribute | None,
    index: int | None,
) -> list[z3.BoolRef]:  # fmt: skip
    """That no value holds which the vocabulary sets apart from the one claimed.

    Where the evidence does not grade at all, the claim's grade is not held against it.
    """
    place = index if symbol.lesion else None
    claimed = set(fact.value) if isinstance(fact.value, tuple) else set()
    graded = (fact.name, place) in evidence.base.mentioned
    if attribute is None or not attribute.apart or len(claimed) != 1 or not graded:
        return []
    choices = evidence.theory.encoder.choice_fact(symbol, place)
    others = {v for pair in attribute.apart if claimed & {*pair} for v in pair} - claimed
    return [z3.Not(choices[v]) for v in sorted(others)]


def _measured_part(kind: str | None) -> str | None:
    """Which part a size is of: the whole lesion, its solid part; None if it is no size."""
    if kind in _WHOLE_SIZES:
        return ""
    if kind is not None and kind.removeprefix("solid_") in _WHOLE_SIZES:
        return "solid"
    return None


def _as_rounded(value: FactValue) -> FactValue:
    """A size as an impression repeats it: rounded to a whole millimetre."""
    if not isinstance(value, Interval) or value.low is None or value.high is None:
        return value
    return Interval(value.low - ROUNDING_MM, value.high + ROUNDING_MM)


def _claimed_fact(evidence: Evidence, symbol: Symbol, fact: Fact, index: int | None) -> z3.BoolRef:
    encoder = evidence.theory.encoder
    place = index if symbol.lesion else None
    if isinstance(fact.value, Interval):
        return interval_formula(encoder.fact(symbol, place), fact.value)
    if isinstance(fact.value, bool):
        constant = encoder.fact(symbol, place)
        return constant if fact.value else z3.Not(constant)
    choices = encoder.choice_fact(symbol, place)
    joined = z3.And if fact.multi else z3.Or
    return joined([choices[v] for v in fact.value])


def _lesion_formula(evidence: Evidence, concept: Concept, claim: Claim) -> z3.BoolRef:
    present = z3.Bool(f"{concept.key}.present")
    candidates = []
    for index in range(1, evidence.base.lesion_counts.get(concept.key, 0) + 1):
        chosen = [*_at_claimed_place(evidence, concept, index, claim.location)]
        sides = SIDES_OF.get(claim.laterality, ()) if claim.laterality and concept.sided else ()
        chosen += [z3.Bool(f"{concept.key}#{index}.{side}") for side in sides if len(sides) == 1]
        if claim.source is Source.PLANNER and not _is_at(
            evidence, concept.key, index, claim.location
        ):
            chosen.append(z3.FreshConst(z3.BoolSort(), "there"))
        candidates.append(z3.And(*chosen, *_attribute_formulas(evidence, claim, index)))
    if not evidence.base.lesion_counts.get(concept.key):
        return present
    return z3.And(present, z3.Or(candidates))


def _same_place(evidence: Evidence, concept: str, index: int, location: str | None) -> bool:
    """Whether a lesion can be at the claimed site; two named lobes exclude each other."""
    known = evidence.base.locations.get((concept, index), frozenset())
    if not location or not known:
        return True
    lobes = {lobe for lobe in map(_lobe, known) if lobe}
    claimed = _lobe(location)
    return not claimed or not lobes or claimed in lobes


def _at_claimed_place(
    evidence: Evidence, concept: Concept, index: int, location: str | None
) -> Iterator[z3.BoolRef]:
    """That a lesion is at the claimed site, where the evidence has it in another lobe."""
    if _same_place(evidence, concept.key, index, location):
        return
    there = z3.Bool(f"{concept.key}#{index}@{_lobe(location or '')}")
    of_it = [f for f in evidence.base.facts if f.name.partition(".")[0] == concept.key]
    own = next((f for f in of_it if f.lesion == index), of_it[0])
    names = ", ".join(sorted(evidence.base.locations[concept.key, index]))
    words = own.text[own.text.find(" (“") :] if "(“" in own.text else ""
    reason = Reason(
        id=own.finding, kind="finding", text=f"{concept.name.lower()} at {names}{words}"
    )
    evidence.add_item(Tracked(z3.Bool(f"elsewhere:{there}"), z3.Not(there), reason, frozenset()))
    yield there


def _is_at(evidence: Evidence, concept: str, index: int, location: str | None) -> bool:
    """Whether a site asked about is one that the evidence names; a wider one includes it."""
    if not location:
        return True
    known = evidence.base.locations.get((concept, index), frozenset())
    asked = _site_words(location)
    return any(asked <= _site_words(name) for name in known)


def _site_words(location: str) -> set[str]:
    return set(location.lower().replace("-", " ").replace(",", " ").split())


def _lobe(location: str) -> str:
    words = location.lower().replace("-", " ").split()
    level = next((w for w in words if w in ("upper", "middle", "lower", "lingula")), "")
    side = next((w for w in words if w in ("left", "right")), "")
    return f"{side} {level}".strip() if level and (side or level == "lingula") else ""
