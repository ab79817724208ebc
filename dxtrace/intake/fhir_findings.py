"""Findings of a bundle that DxTrace itself has written (:mod:`dxtrace.reporting.fhir_report`).

They come back as structured findings. Conclusions are not read: they are drawn anew, and a sentence
that says one must not become its own evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from dxtrace.clinical import (
    AttributeValue,
    Evidence,
    Finding,
    Laterality,
    Measurement,
    Presence,
    Source,
)
from dxtrace.intake.errors import IntakeError
from dxtrace.knowledge.fhir_systems import CONCEPTS, PARTS, REPORTS, SOURCES, STANDINGS, VALUES
from dxtrace.knowledge.units import unit_of_ucum

_PRESENCES = {
    "present": (Presence.PRESENT, "stated"),
    "probable": (Presence.PRESENT, "probable"),
    "possible": (Presence.INDETERMINATE, "stated"),
    "absent": (Presence.ABSENT, "stated"),
    "limited_denial": (Presence.ABSENT, "stated"),
    "unproved": (Presence.PRESENT, "probable"),
    "unproved_denial": (Presence.UNKNOWN, "stated"),
}
"""What a standing makes of a finding; what was not proved is no fact here either."""
_DAMAGE = (AttributeError, KeyError, LookupError, TypeError, ValueError)
_OPEN_ENDS = {"<": "high", "<=": "high", ">": "low", ">=": "low"}
_SIDES = frozenset(Laterality)


def is_own_report(resource: Mapping[str, Any]) -> bool:
    """Whether a DiagnosticReport is a review by DxTrace."""
    return code_in(resource.get("code"), REPORTS) is not None


def is_own_finding(resource: Mapping[str, Any]) -> bool:
    """Whether an Observation is a finding with a concept of our vocabulary."""
    return code_in(resource.get("code"), CONCEPTS) is not None


def code_in(concept: object, system: str) -> str | None:
    """The code that a CodeableConcept has in a terminology, if it has one."""
    codings = concept.get("coding") if isinstance(concept, Mapping) else None
    for coding in codings if isinstance(codings, list) else []:
        if isinstance(coding, Mapping) and coding.get("system") == system and coding.get("code"):
            return str(coding["code"])
    return None


def read_own_finding(resource: Mapping[str, Any], number: int) -> Finding:
    """Read a finding.

    Args:
        resource: an Observation for which :func:`is_own_finding` holds.
        number: gives its id.

    Raises:
        IntakeError: if it lacks its value, or a part of it cannot be read.
    """
    concept = str(code_in(resource.get("code"), CONCEPTS))
    field = f"Observation ({concept})"
    standing = code_in(resource.get("valueCodeableConcept"), STANDINGS)
    if standing not in _PRESENCES:
        raise IntakeError(
            f"expected one of {', '.join(_PRESENCES)}, got {standing!r}",
            field=f"{field}.valueCodeableConcept",
        )
    presence, certainty = _PRESENCES[standing]
    try:
        parts = _Parts(resource)
        return Finding(
            id=f"fhir{number}", concept=concept, presence=presence, certainty=certainty,
            laterality=parts.laterality, location=_text(resource.get("bodySite")),
            attributes=parts.attributes, measurements=tuple(parts.measurements()),
            lesion=parts.words("lesion"), text=parts.words("words") or "",
            source=_source(resource), evidence=_evidence(resource),
        )  # fmt: skip
    except ValidationError as error:
        raise IntakeError(error.errors()[0]["msg"], field=field) from None
    except _DAMAGE as error:
        raise IntakeError(
            f"expected a finding as DxTrace writes it: {error}", field=field
        ) from None


def _source(resource: Mapping[str, Any]) -> Source:
    """A tool's finding stays a tool's; what reports and people stated comes as structure now."""
    stated = code_in(resource.get("method"), SOURCES)
    return Source.TOOL if stated == Source.TOOL.value else Source.STRUCTURED


def _evidence(resource: Mapping[str, Any]) -> tuple[Evidence, ...]:
    said = _text(resource.get("method"))
    return (Evidence(tool=said),) if said else ()


def _text(concept: object) -> str | None:
    said = concept.get("text") if isinstance(concept, Mapping) else None
    return str(said) if said else None


class _Parts:
    """The components of an Observation, by our keys."""

    def __init__(self, resource: Mapping[str, Any]) -> None:
        self.attributes: dict[str, AttributeValue] = {}
        self.laterality: Laterality | None = None
        self._texts: dict[str, str] = {}
        self._sizes: dict[str, dict[str, Any]] = {}
        for component in resource.get("component", []):
            self._take(component)

    def words(self, key: str) -> str | None:
        """A text, if it is there."""
        return self._texts.get(key)

    def measurements(self) -> Iterator[Measurement]:
        """The sizes, in their order."""
        for kind, fields in self._sizes.items():
            yield Measurement(kind=kind, **fields)

    def _take(self, component: Mapping[str, Any]) -> None:
        side = code_in(component.get("valueCodeableConcept"), VALUES)
        kind, _, key = (code_in(component.get("code"), PARTS) or "").partition(":")
        if kind == "measurement":
            self._measure(key, component)
        elif kind == "attribute":
            self.attributes[key] = _value(component)
        elif kind == "attributes":
            before = self.attributes.get(key, ())
            known = before if isinstance(before, tuple) else ()
            more = () if "dataAbsentReason" in component else (str(_value(component)),)
            self.attributes[key] = (*known, *more)
        elif kind in ("lesion", "words"):
            self._texts[kind] = str(component["valueString"])
        elif not kind and side in _SIDES:
            self.laterality = Laterality(side)

    def _measure(self, kind: str, component: Mapping[str, Any]) -> None:
        fields = self._sizes.setdefault(kind, {})
        given = component.get("valueRange")
        if given is not None:
            fields["low"], fields["unit"] = _number(given["low"])
            fields["high"], _ = _number(given["high"])
            return
        quantity = component["valueQuantity"]
        value, fields["unit"] = _number(quantity)
        sign = quantity.get("comparator")
        if sign is None:
            fields["value"] = value
            return
        end = _OPEN_ENDS[sign]
        fields[end] = value
        fields[f"{end}_open"] = "=" not in sign


def _number(quantity: Mapping[str, Any]) -> tuple[Decimal, str]:
    value = quantity["value"]
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError(f"expected a number, got {value!r}")
    return Decimal(value), unit_of_ucum(str(quantity["code"]))


def _value(component: Mapping[str, Any]) -> str | bool | int | Decimal:
    if "valueBoolean" in component:
        return bool(component["valueBoolean"])
    if "valueQuantity" in component:
        number, _ = _number(component["valueQuantity"])
        return int(number) if number == int(number) else number
    found = code_in(component.get("valueCodeableConcept"), VALUES)
    if found is None:
        raise ValueError("a value without its code")
    return found
