"""The fields of a manifest line or a ``case.yaml``, read strictly into a case."""

import difflib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from dxtrace.clinical import (
    Arguments,
    Box,
    CallRequest,
    Finding,
    Observation,
    Patient,
    Point,
    Presence,
)
from dxtrace.clinical.base import Frozen, Number
from dxtrace.clinical.finding import AttributeValue
from dxtrace.clinical.measurement import Measurement
from dxtrace.clinical.states import Context, Laterality, Source
from dxtrace.intake.errors import IntakeError

_LONGEST_SHOWN = 60
_PLAIN_WORDS = {
    "decimal_parsing": "a number",
    "decimal_type": "a number",
    "model_type": "an object",
    "dict_type": "an object",
    "tuple_type": "a list",
    "string_type": "text",
    "string_too_short": "text that is not empty",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "date_from_datetime_parsing": "a date such as 2025-05-01",
    "date_parsing": "a date such as 2025-05-01",
    "date_type": "a date such as 2025-05-01",
}
_SEX_WORDS = {"male": "M", "female": "F", "other": "O", "m": "M", "f": "F", "o": "O"}


def _read_sex(value: object) -> object:
    return _SEX_WORDS.get(value.lower(), value) if isinstance(value, str) else value


def _refuse_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("expected a number")  # noqa: TRY004 - pydantic reports ValueError
    return value


ExactNumber = Annotated[Number, BeforeValidator(_refuse_bool)]


OptionalDay = date | None  # a field called date would hide the type


class PatientFields(Frozen):
    """``patient``: nothing that identifies has a field here."""

    age: Annotated[ExactNumber, Field(ge=0, le=130)] | None = None
    sex: Annotated[Literal["M", "F", "O"] | None, BeforeValidator(_read_sex)] = None
    risk_factors: tuple[str, ...] | None = None

    def to_patient(self) -> Patient:
        """The domain object."""
        return Patient(age=self.age, sex=self.sex, risk_factors=self.risk_factors)


class ReportFields(Frozen):
    """One report: its text, or the path of a text file."""

    text: str | None = None
    path: str | None = None
    date: OptionalDay = None
    prior: bool = False
    title: str = ""

    @model_validator(mode="after")
    def _validate_one_source(self) -> Self:
        if (self.text is None) == (self.path is None):
            raise ValueError("expected either text or path")
        return self


class ImageFields(Frozen):
    """Images: where they are, and what a person says of them; many formats say nothing themselves.

    Attributes:
        path: a file, a folder or an archive.
        modality: DICOM modality, such as ``MR``.
        body_part: what they show.
        view: projection of a radiograph.
        contrast: whether a contrast agent was given.
        sequence: what an MR series is weighted by.
    """

    path: str = Field(min_length=1)
    modality: str | None = Field(default=None, pattern=r"^[A-Z]{2,8}$")
    body_part: Literal[
        "chest", "abdomen", "pelvis", "head", "neck", "breast", "heart", "spine", "eye",
        "extremity", "hip",
    ] | None = None  # fmt: skip
    view: Literal["pa", "ap", "lateral", "oblique", "cc", "mlo"] | None = None
    contrast: bool | None = None
    sequence: Literal["t1", "t1c", "t2", "flair"] | None = None


def _read_path(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


Images = tuple[Annotated[ImageFields, BeforeValidator(_read_path)], ...]
"""A path alone, or an object with a path and what is known."""


class PriorFields(Frozen):
    """An earlier examination."""

    date: OptionalDay = None
    images: Images = ()
    reports: tuple[ReportFields, ...] = ()


class ObservationFields(Frozen):
    """A laboratory or vital value."""

    code: str | None = None
    name: str = ""
    value: ExactNumber
    unit: str = Field(min_length=1)
    time: datetime | date | None = None

    @model_validator(mode="after")
    def _validate_named(self) -> Self:
        if not (self.code or self.name):
            raise ValueError("expected a code or a name")
        return self

    def to_observation(self) -> Observation:
        """The domain object."""
        return Observation(**dict(self))


class MeasurementFields(Frozen):
    """A size of a structured finding."""

    kind: str = Field(min_length=1)
    value: ExactNumber | None = None
    low: ExactNumber | None = None
    high: ExactNumber | None = None
    low_open: bool = False
    high_open: bool = False
    unit: str = Field(min_length=1)
    method: str = "stated"


class FindingFields(Frozen):
    """A finding that comes with the case."""

    id: str | None = None
    concept: str = Field(min_length=1)
    presence: Presence = Presence.PRESENT
    lesion: str | None = None
    laterality: Laterality | None = None
    location: str | None = None
    attributes: dict[str, AttributeValue] = Field(default_factory=dict)
    measurements: tuple[MeasurementFields, ...] = ()
    context: Context = Context.CURRENT
    text: str = ""

    def to_finding(self, number: int) -> Finding:
        """The domain object; ``number`` gives the id where none was given."""
        fields = {k: v for k, v in dict(self).items() if k not in {"id", "measurements"}}
        return Finding(
            id=self.id or f"s{number}",
            measurements=tuple(Measurement(**dict(m)) for m in self.measurements),
            source=Source.STRUCTURED,
            **fields,
        )


class CallFields(Arguments):
    """A call that the case asks for: a tool, and arguments beside it."""

    tool: str = Field(min_length=1)

    def to_request(self) -> CallRequest:
        """The domain object."""
        given = {name: getattr(self, name) for name in Arguments.model_fields}
        return CallRequest(tool=self.tool, arguments=Arguments(**given))


class CaseFields(Frozen):
    """A whole case as its author writes it (``docs/results.md``)."""

    id: str | None = Field(default=None, min_length=1, max_length=1000)
    question: str | None = None
    date: OptionalDay = None
    patient: PatientFields = PatientFields()
    images: Images = ()
    priors: tuple[PriorFields, ...] = ()
    reports: tuple[ReportFields, ...] = ()
    observations: tuple[ObservationFields, ...] = ()
    findings: tuple[FindingFields, ...] = ()
    packs: tuple[str, ...] | None = None
    calls: tuple[CallFields, ...] = ()


def validate_case_fields(data: object) -> CaseFields:
    """Read the fields of a case.

    Args:
        data: plain data, as JSON or YAML give it.

    Raises:
        IntakeError: naming every field that is wrong, what came and what was expected.
    """
    if not isinstance(data, Mapping):
        raise IntakeError(f"expected an object with the fields of a case, got {_short(data)}")
    try:
        return CaseFields.model_validate(data)
    except ValidationError as error:
        raise _to_intake_error(error) from None


def _to_intake_error(error: ValidationError) -> IntakeError:
    problems = [_describe(problem) for problem in _one_per_field(error)]
    if len(problems) == 1:
        field, reason = problems[0]
        return IntakeError(reason, field=field)
    return IntakeError("; ".join(f"field {field}: {reason}" for field, reason in problems))


def _one_per_field(error: ValidationError) -> list[Any]:
    """A union reports every alternative; the first of each field says enough."""
    seen: dict[str, Any] = {}
    for problem in error.errors(include_url=False, include_context=False):
        path = [p for p in problem["loc"] if isinstance(p, int) or p in _FIELD_NAMES]
        key = _dotted(tuple(path) or problem["loc"])
        seen.setdefault(
            key if problem["type"] != "extra_forbidden" else str(problem["loc"]), problem
        )
    return list(seen.values())


def _describe(problem: Any) -> tuple[str, str]:
    location = problem["loc"]
    if problem["type"] == "extra_forbidden":
        unknown = str(location[-1])
        return _dotted(location[:-1]) or "(top level)", _unknown_key(unknown, location[:-1])
    path = tuple(p for p in location if isinstance(p, int) or p in _FIELD_NAMES) or location
    message = problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if problem["type"] == "missing":
        return _dotted(location), "expected a value, got nothing"
    message = _PLAIN_WORDS.get(problem["type"], message)
    message = message if message.startswith("expected") else f"expected {message}"
    return _dotted(path), f"{message}, got {_short(problem['input'])}"


def _unknown_key(unknown: str, parents: tuple[int | str, ...]) -> str:
    known = _known_keys(parents)
    close = difflib.get_close_matches(unknown.lower(), known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(known)}"
    return f"unknown key {unknown!r}: {hint}"


def _known_keys(parents: tuple[int | str, ...]) -> list[str]:
    named = [p for p in parents if isinstance(p, str)]
    model = _MODELS.get(named[-1] if named else "", CaseFields)
    return list(model.model_fields)


_MODELS: dict[str, type[Frozen]] = {
    "patient": PatientFields,
    "reports": ReportFields,
    "images": ImageFields,
    "priors": PriorFields,
    "observations": ObservationFields,
    "findings": FindingFields,
    "measurements": MeasurementFields,
    "calls": CallFields,
    "points": Point,
    "boxes": Box,
}
_FIELD_NAMES = set(CaseFields.model_fields).union(*(m.model_fields for m in _MODELS.values()))


def _dotted(location: tuple[int | str, ...]) -> str:
    dotted = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in location)
    return dotted.removeprefix(".")


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        return f"an object with {', '.join(map(repr, list(value)[:4])) or 'nothing in it'}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    shown = repr(value)
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[: _LONGEST_SHOWN - 3]}..."
