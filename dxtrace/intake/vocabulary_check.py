"""Structured input against the vocabulary: unknown names and units that cannot be meant."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from dxtrace.clinical import (
    Case,
    Concept,
    ConceptAttribute,
    Finding,
    Measurement,
    Observation,
    Source,
)
from dxtrace.clinical.finding import AttributeValue
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.quantity_check import check_measured, check_within
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.suggestions import suggest
from dxtrace.knowledge.units import UnitError, conversion_factor

# Kinds that the vocabulary derives others from (docs/knowledge-packs.md), and their units.
_BASIC_KINDS = {
    "diameter": "mm", "long_axis": "mm", "short_axis": "mm", "third_axis": "mm",
    "mean_diameter": "mm", "largest_dimension": "mm", "smallest_dimension": "mm",
    "volume": "mm3", "interval": "mo",
}  # fmt: skip
_PREFIXES = ("prior_", "baseline_", "nadir_", "solid_")
# An analyte may be given by mass or by substance; only the vocabulary knows how they convert.
_CONCENTRATIONS = ("g/L", "mmol/L")


def check_case(case: Case, knowledge: Knowledge) -> Case:
    """Check what came as structure, and add the ids of the finding model.

    Args:
        case: a case as read.
        knowledge: the vocabulary and packs that will be used.

    Raises:
        IntakeError: on an unknown concept, attribute, value or pack, a value of the wrong type, or
            a unit that does not measure what it is given for.
    """
    try:
        _check_packs(case.packs or (), knowledge)
        for number, observation in enumerate(case.observations):
            _check_observation(observation, knowledge, f"observations[{number}]")
        findings = tuple(
            _check_finding(finding, knowledge, f"findings[{number}]")
            for number, finding in enumerate(case.findings)
        )
    except IntakeError as error:
        raise error.at(case_id=case.id) from None
    return case.model_copy(update={"findings": findings})


def check_sizes(
    finding: Finding, measurements: Iterable[Measurement], knowledge: Knowledge
) -> None:
    """Check sizes that a person gives of a finding, also of kinds that only a tool measures.

    Args:
        finding: what they are sizes of.
        measurements: the sizes.
        knowledge: the vocabulary.

    Raises:
        IntakeError: on a kind that the finding does not have, a wrong unit, or a size that nothing
            has.
    """
    concept = knowledge.vocabulary.concepts.get(finding.concept)
    measured = {m.kind for m in finding.measurements}
    for measurement in measurements:
        kind = measurement.kind
        if concept is None or (kind in measured and not _is_known(concept, kind)):
            check_measured(measurement, measurement.unit, None, kind)
        else:
            _check_measurement(concept, measurement, kind)


def _check_packs(packs: Iterable[str], knowledge: Knowledge) -> None:
    for pack in packs:
        if pack not in knowledge.packs:
            hint = _hint(pack, knowledge.packs)
            raise IntakeError(f"unknown pack {pack!r}{hint}", field="packs")


def _check_finding(finding: Finding, knowledge: Knowledge, field: str) -> Finding:
    concepts = knowledge.vocabulary.concepts
    concept = concepts.get(finding.concept)
    if concept is None:
        raise IntakeError(
            f"unknown concept {finding.concept!r}{_hint(finding.concept, concepts)}",
            field=f"{field}.concept",
        )
    for key, value in finding.attributes.items():
        _check_attribute(concept, key, value, f"{field}.attributes.{key}")
    for number, measurement in enumerate(finding.measurements):
        # A tool also measures what no rule reads; that says nothing wrong of what they do read.
        if finding.source is not Source.TOOL or _is_known(concept, measurement.kind):
            _check_measurement(concept, measurement, f"{field}.measurements[{number}]")
    return finding.model_copy(update={"oifm_id": concept.oifm_id})


def _check_attribute(concept: Concept, key: str, value: AttributeValue, field: str) -> None:
    attribute = concept.attribute(key)
    if attribute is None:
        known = [a.key for a in concept.attributes]
        raise IntakeError(f"{concept.key} has no such attribute{_hint(key, known)}", field=field)
    if attribute.type in {"choice", "multichoice"}:
        _check_choice(attribute, value, field)
    elif attribute.type == "boolean":
        if not isinstance(value, bool):
            raise IntakeError(f"expected true or false, got {value!r}", field=field)
    else:
        _check_number(attribute, value, field)


def _check_choice(attribute: ConceptAttribute, value: AttributeValue, field: str) -> None:
    known = [choice.key for choice in attribute.values]
    if attribute.type == "choice" and isinstance(value, tuple):
        raise IntakeError(f"expected one value, got {len(value)}", field=field)
    for one in value if isinstance(value, tuple) else (value,):
        if one not in known:
            shown = suggest(str(one), known) or f": expected one of {', '.join(known)}"
            raise IntakeError(f"unknown value {one!r}{shown}", field=field)


def _check_number(attribute: ConceptAttribute, value: AttributeValue, field: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise IntakeError(
            f"expected a number in {attribute.unit or '1'}, got {value!r}", field=field
        )
    if attribute.type == "integer" and value != int(value):
        raise IntakeError(f"expected a whole number, got {value}", field=field)
    check_within(attribute, value, field)


def _filled(concept: Concept) -> dict[str, ConceptAttribute]:
    """The numeric attributes by the kind of measurement that fills them."""
    return {
        a.measured_as or a.key: a for a in concept.attributes if a.type in ("numeric", "integer")
    }


def _is_known(concept: Concept, kind: str) -> bool:
    return kind in _filled(concept) or _without_prefixes(kind) in _BASIC_KINDS


def _check_measurement(concept: Concept, measurement: Measurement, field: str) -> None:
    filled = _filled(concept)
    units = {kind: attribute.unit or "1" for kind, attribute in filled.items()}
    kind = measurement.kind
    unit = units.get(kind) or _BASIC_KINDS.get(_without_prefixes(kind))
    if unit is None:
        known = [*units, *_BASIC_KINDS]
        raise IntakeError(f"unknown kind {kind!r}{_hint(kind, map(str, known))}", field=field)
    try:
        conversion_factor(measurement.unit, unit)
    except UnitError as error:
        raise IntakeError(str(error), field=f"{field}.unit") from None
    check_measured(measurement, unit, filled.get(kind), field)


def _without_prefixes(kind: str) -> str:
    for prefix in _PREFIXES:
        kind = kind.removeprefix(prefix)
    return kind


def _check_observation(observation: Observation, knowledge: Knowledge, field: str) -> None:
    attributes = [
        attribute
        for concept in knowledge.vocabulary.concepts.values()
        for attribute in concept.attributes
        if observation.code and observation.code in attribute.observation_codes
    ]
    units = {attribute.unit or "1" for attribute in attributes}
    if units and not any(_could_mean(observation.unit, unit) for unit in units):
        name = observation.name or observation.code
        raise IntakeError(
            f"expected a unit that converts to {' or '.join(sorted(units))} for {name}, "
            f"got {observation.unit!r}",
            field=f"{field}.unit",
        )
    for attribute in attributes:
        if _converts(observation.unit, attribute.unit or "1"):
            factor = conversion_factor(observation.unit, attribute.unit or "1")
            check_within(attribute, Fraction(observation.value) * factor, f"{field}.value")


def _could_mean(given: str, wanted: str) -> bool:
    if _converts(given, wanted):
        return True
    return all(any(_converts(unit, c) for c in _CONCENTRATIONS) for unit in (given, wanted))


def _converts(given: str, wanted: str) -> bool:
    try:
        conversion_factor(given, wanted)
    except UnitError:
        return False
    return True


def _hint(name: str, known: Iterable[str]) -> str:
    """The nearest known name, or all of them if they are few."""
    names = list(known)
    near = suggest(name, names)
    few = 12
    return near or (f": expected one of {', '.join(names)}" if len(names) <= few else "")
