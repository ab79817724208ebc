"""Manifest lines whose cases are labelled: what is there and what is not, for calibrations."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dxtrace.clinical import Case
from dxtrace.intake.case_builder import read_fields
from dxtrace.intake.case_fields import validate_case_fields
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.limits import IntakeLimits
from dxtrace.intake.manifest import ManifestLine
from dxtrace.intake.strict_json import parse_json

_FIELD = "labels"
_WORDS = {"present": True, "absent": False}


@dataclass(frozen=True, slots=True)
class LabelledCase:
    """A case with the truth about it.

    Attributes:
        case: the case.
        labels: concept key to whether the case has it; concepts that nobody labelled are left out.
    """

    case: Case
    labels: Mapping[str, bool]


def read_labelled_case(line: ManifestLine, *, base: Path, limits: IntakeLimits) -> LabelledCase:
    """Make the case of a manifest line that has a field ``labels``.

    Args:
        line: such as ``{"id": "1", "images": ["1.dcm"], "labels": {"pneumonia": "absent"}}``.
        base: folder that its paths start from.
        limits: what is accepted.

    Raises:
        IntakeError: with the line, the field and the case's id.
    """
    if line.problem is not None:
        raise line.problem
    try:
        fields = dict(parse_json(line.text))
        labels = _labels(fields.pop(_FIELD, None))
        reading = read_fields(
            validate_case_fields(fields), case_id=line.id, base=base, limits=limits
        )
    except IntakeError as error:
        raise error.at(line=line.number, case_id=line.id) from None
    return LabelledCase(reading.case, labels)


def _labels(given: Any) -> dict[str, bool]:
    if not isinstance(given, dict) or not given:
        raise IntakeError("expected concepts, each present or absent", field=_FIELD)
    for concept, word in given.items():
        if not isinstance(word, str) or word not in _WORDS:
            raise IntakeError(
                f"expected present or absent, got {word!r}", field=f"{_FIELD}.{concept}"
            )
    return {concept: _WORDS[word] for concept, word in given.items()}
