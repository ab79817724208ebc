"""Findings and claims in a few words, for tests of the checker."""

from typing import Any

from dxtrace.clinical import Claim, Finding, Source


def found(concept: str, presence: str = "present", **fields: Any) -> Finding:
    """A finding; sizes as ``mm={"mean_diameter": 7}`` or ``("low", "high")``, months likewise."""
    measurements = [
        _measurement(kind, value, unit)
        for name, unit in (("mm", "mm"), ("cm", "cm"), ("mm3", "mm3"), ("months", "mo"),
                           ("years", "a"))
        for kind, value in fields.pop(name, {}).items()
    ]  # fmt: skip
    given = {"id": f"{concept}-{fields.get('lesion', presence)}", **fields}
    return Finding.model_validate(
        {**given, "concept": concept, "presence": presence, "measurements": measurements}
    )


def _measurement(kind: str, value: Any, unit: str) -> dict[str, Any]:
    if isinstance(value, tuple):
        return {"kind": kind, "low": value[0], "high": value[1], "unit": unit}
    return {"kind": kind, "value": value, "unit": unit}


def stated(concept: str, presence: str = "present", **fields: Any) -> Claim:
    """A finding claim of an impression."""
    source = fields.pop("source", Source.REPORT_IMPRESSION)
    finding = found(concept, presence, id="claim", **fields)
    return Claim(
        id="c1", kind="finding", concept=concept, presence=finding.presence,
        laterality=finding.laterality, location=finding.location, attributes=finding.attributes,
        measurements=finding.measurements, source=source,
    )  # fmt: skip


def category(output: str, value: str | bool, **fields: Any) -> Claim:
    """A category claim."""
    return Claim.model_validate(
        {"id": "c1", "kind": "category", "concept": output, "value": value, **fields}
    )
