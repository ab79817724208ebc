"""What measurements are called in other systems."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from dxtrace.clinical.base import Frozen
from dxtrace.knowledge.strict_yaml import parse_yaml


class Derivation(Frozen):
    """Which statistic of many values a measurement is (SNOMED CT)."""

    code: str
    meaning: str


class MeasurementCode(Frozen):
    """The code of a kind of measurement.

    Attributes:
        scheme: ``SCT`` or ``DCM``.
        code: the code.
        meaning: the code's words.
        derivation: which statistic it is; None if it is none.
    """

    scheme: str
    code: str
    meaning: str
    derivation: Derivation | None = None


@cache
def measurement_codes() -> dict[str, MeasurementCode]:
    """Codes by the kind of the measurement; other kinds have none."""
    text = (Path(__file__).parent / "measurement_codes.yaml").read_text(encoding="utf-8")
    data = parse_yaml(text, trusted=True)
    return {kind: MeasurementCode.model_validate(fields) for kind, fields in data.items()}
