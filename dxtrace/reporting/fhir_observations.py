"""Findings as FHIR Observations, with everything that reading them again needs.

Source: HL7 FHIR R4 (4.0.1), Observation, https://hl7.org/fhir/R4/observation.html. The value is how
surely the concept is stated: an Observation without its value says nothing. Sizes, side and
attributes are components.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dxtrace.clinical import Concept, Finding, Laterality, Measurement
from dxtrace.clinical.finding import AttributeValue
from dxtrace.knowledge.fhir_systems import (
    CONCEPTS,
    LOINC,
    PARTS,
    SNOMED,
    SOURCES,
    STANDINGS,
    UCUM,
    VALUES,
    system_of,
)
from dxtrace.knowledge.units import UNIT_WORDS, ucum_code
from dxtrace.reporting.dicom_codes import designator
from dxtrace.reporting.export_content import Standing, StatedFinding
from dxtrace.reporting.measurement_codes import measurement_codes
from dxtrace.reporting.names import Names

Json = dict[str, Any]

_STANDING_CODES = {
    Standing.PRESENT: ("52101004", "Present"),
    Standing.ABSENT: ("2667000", "Absent"),
    Standing.POSSIBLE: ("82334004", "Indeterminate"),
}
_SIDES = {
    Laterality.LEFT: ("7771000", "Left"),
    Laterality.RIGHT: ("24028007", "Right"),
    Laterality.BILATERAL: ("51440002", "Bilateral"),
    Laterality.MIDLINE: ("261129000", "Midline"),
}
_LATERALITY = "272741003"
_ABSENT_REASONS = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"


@dataclass(frozen=True)
class ObservationWriter:
    """Writes Observations.

    Attributes:
        names: names in words.
        concepts: the vocabulary.
    """

    names: Names
    concepts: Mapping[str, Concept]

    def observation(self, stated: StatedFinding) -> Json:
        """A finding; without subject, which the bundle adds."""
        finding = stated.finding
        resource: Json = {
            "resourceType": "Observation",
            "status": "preliminary",
            "code": self.concept(finding.concept),
            "valueCodeableConcept": _standing(stated.standing),
        }
        if self.names.kind(finding.concept) != "context":
            resource["category"] = [{"coding": [{"system": _CATEGORIES, "code": "imaging"}]}]
        if finding.location:
            resource["bodySite"] = {"text": clean(finding.location)}
        resource["method"] = _method(finding)
        components = list(self._components(finding))
        return {**resource, **({"component": components} if components else {})}

    def not_assessed(self, words: str) -> Json:
        """Something that nobody could look at; it is neither present nor absent."""
        return {
            "resourceType": "Observation",
            "status": "cancelled",
            "code": {"text": f"Not assessed: {clean(words)}"},
            "dataAbsentReason": _absent("not-performed"),
        }

    def concept(self, key: str) -> Json:
        """A concept as a CodeableConcept: codes of common terminologies, then ours."""
        name = self.names.concept(key)
        entry = self.concepts.get(key)
        coding = [
            {"system": system, "code": code.code, "display": code.display or name}
            for code in (entry.index_codes if entry else ())
            if (system := system_of(designator(code.system) or "")) is not None
        ]
        own = {"system": CONCEPTS, "code": key, "display": name}
        return {"coding": [*coding, own], "text": name}

    def _components(self, finding: Finding) -> Iterator[Json]:
        if finding.laterality is not None:
            code, words = _SIDES[finding.laterality]
            yield {
                "code": {
                    "coding": [{"system": SNOMED, "code": _LATERALITY, "display": "Laterality"}]
                },
                "valueCodeableConcept": {
                    "coding": [
                        {"system": SNOMED, "code": code, "display": words},
                        {"system": VALUES, "code": finding.laterality.value},
                    ]
                },
            }
        for measurement in finding.measurements:
            yield from _measured(measurement)
        for key, value in finding.attributes.items():
            yield from self._attribute(finding.concept, key, value)
        for key, text in (("lesion", finding.lesion), ("words", finding.text)):
            if text and clean(text):
                yield {"code": _part(key, key), "valueString": clean(text)}

    def _attribute(self, concept: str, key: str, value: AttributeValue) -> Iterator[Json]:
        words = self.names.attribute(concept, key)
        if not isinstance(value, tuple):
            yield {"code": _part(f"attribute:{key}", words), **self._value(concept, key, value)}
            return
        many = _part(f"attributes:{key}", words)
        for part in value:
            yield {"code": many, **self._value(concept, key, part)}
        if not value:
            yield {"code": many, "dataAbsentReason": _absent("unknown")}

    def _value(self, concept: str, key: str, value: AttributeValue) -> Json:
        if isinstance(value, bool):
            return {"valueBoolean": value}
        if isinstance(value, int | Decimal):
            entry = self.concepts.get(concept)
            attribute = entry.attribute(key) if entry else None
            return {
                "valueQuantity": quantity(Decimal(value), (attribute and attribute.unit) or "1")
            }
        words = self.names.attribute_value(concept, key, value)
        coding = {"system": VALUES, "code": str(value), "display": words}
        return {"valueCodeableConcept": {"coding": [coding], "text": words}}


def quantity(value: Decimal, unit: str, comparator: str = "") -> Json:
    """A quantity in UCUM.

    Args:
        value: the number.
        unit: the unit as measurements have it.
        comparator: ``<`` and the like, where only a bound is known.
    """
    whole = int(value)
    said: Json = {"value": whole if value == whole else float(value)}
    if comparator:
        said["comparator"] = comparator
    words = UNIT_WORDS.get(unit, unit)
    return {**said, **({"unit": words} if words else {}), "system": UCUM, "code": ucum_code(unit)}


def clean(text: str) -> str:
    """Text without control characters, which neither JSON readers nor XHTML like."""
    shown = "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)
    return shown.encode("utf-8", "replace").decode("utf-8").strip()


def _measured(measurement: Measurement) -> Iterator[Json]:
    """The value, and the interval that it lies in; a mere bound has a comparator instead."""
    known = measurement_codes().get(measurement.kind)
    kind = f"measurement:{measurement.kind}"
    code = _part(kind, measurement.kind.replace("_", " "))
    if known is not None and known.derivation is None:
        system = system_of(known.scheme)
        code["coding"].insert(0, {"system": system, "code": known.code, "display": known.meaning})
    low, high, unit = measurement.low, measurement.high, measurement.unit
    if measurement.value is not None:
        yield {"code": code, "valueQuantity": quantity(measurement.value, unit)}
    if low is not None and high is not None:
        if low != measurement.value or high != measurement.value:
            ends = {"low": quantity(low, unit), "high": quantity(high, unit)}
            yield {"code": code, "valueRange": ends}
    elif high is not None:
        sign = "<" if measurement.high_open else "<="
        yield {"code": code, "valueQuantity": quantity(high, unit, sign)}
    elif low is not None:
        sign = ">" if measurement.low_open else ">="
        yield {"code": code, "valueQuantity": quantity(low, unit, sign)}


def _part(key: str, words: str) -> Json:
    return {"coding": [{"system": PARTS, "code": key, "display": words}], "text": words}


def _standing(standing: Standing) -> Json:
    coding = [{"system": STANDINGS, "code": standing.name.lower(), "display": standing.value}]
    known = _STANDING_CODES.get(standing)
    if known is not None:
        coding.insert(0, {"system": SNOMED, "code": known[0], "display": known[1]})
    return {"coding": coding, "text": standing.value}


def _method(finding: Finding) -> Json:
    tools = dict.fromkeys(f"{e.tool} {e.version}".strip() for e in finding.evidence)
    source = finding.source.value
    return {
        "coding": [{"system": SOURCES, "code": source}],
        "text": clean(", ".join(tools)) or source.replace("_", " "),
    }


def _absent(code: str) -> Json:
    return {"coding": [{"system": _ABSENT_REASONS, "code": code}]}


LOINC_IMAGING_STUDY = {"system": LOINC, "code": "18748-4", "display": "Diagnostic imaging study"}
