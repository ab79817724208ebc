"""A case: a patient, studies in time order, reports, observations and a question."""

from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PlainSerializer, model_validator

from dxtrace.clinical.arguments import Arguments, CallRequest
from dxtrace.clinical.base import Frozen, Number
from dxtrace.clinical.finding import Finding


class Patient(Frozen):
    """What decides clinically, and nothing that identifies.

    Attributes:
        age: years.
        sex: DICOM (0010,0040): M, F or O.
        risk_factors: None if nobody asked; an empty tuple if asked and there are none.
    """

    age: Number | None = Field(default=None, ge=0, le=130)
    sex: Literal["M", "F", "O"] | None = None
    risk_factors: tuple[str, ...] | None = None


class Geometry(Frozen):
    """Where voxels lie in space. Unknown spacing stays None and is never guessed.

    Attributes:
        voxel_spacing_mm: spacing along each array axis in mm, or None if unknown.
        affine: 4 x 4 voxel-to-world matrix in mm (rows), or None.
        orientation: axis codes such as ``LPS``, or None.
    """

    voxel_spacing_mm: tuple[float, ...] | None = None
    affine: tuple[tuple[float, float, float, float], ...] | None = None
    orientation: str | None = None

    @model_validator(mode="after")
    def _validate_spacing(self) -> Self:
        if self.voxel_spacing_mm is not None and min(self.voxel_spacing_mm) <= 0:
            raise ValueError(f"voxel_spacing_mm: expected > 0, got {self.voxel_spacing_mm}")
        rows = 4
        if self.affine is not None and len(self.affine) != rows:
            raise ValueError(f"affine: expected 4 rows, got {len(self.affine)}")
        return self


def _neutral_name(path: Path) -> str:
    """A name for traces and results: folders and files are often called after the patient."""
    digest = sha256(str(path).encode("utf-8", "surrogatepass")).hexdigest()
    return f"image-{digest[:16]}"


LocalPath = Annotated[Path, PlainSerializer(_neutral_name, return_type=str, when_used="json")]
"""A path that stays on this machine: JSON shows a neutral name instead."""


class Image(Frozen):
    """An image by reference: pixels stay on disk until an expert asks for them."""

    path: LocalPath
    modality: str | None = None
    body_part: str | None = None
    view: str | None = None
    geometry: Geometry = Geometry()


class Series(Frozen):
    """Images that belong together.

    Attributes:
        id: unique in the case.
        modality: DICOM modality, or None if nobody knows.
        description: what it shows, without identifiers.
        contrast: whether a contrast agent was given; None if nobody knows.
        sequence: what an MR series is weighted by: ``t1``, ``t1c`` (after a contrast agent),
            ``t2`` or ``flair``; None if nobody knows.
        shape: (slices, rows, columns) of a stack, (rows, columns) of a single picture; None if
            nobody knows.
        is_colour: whether pixels are red, green and blue; None if nobody knows.
        images: the files, in no promised order.
    """

    id: str
    modality: str | None = None
    description: str = ""
    contrast: bool | None = None
    sequence: str | None = None
    shape: tuple[int, ...] | None = None
    is_colour: bool | None = None
    images: tuple[Image, ...] = ()


class Study(Frozen):
    """One examination. A prior is a study with an earlier date, or marked as one."""

    id: str
    day: date | None = None
    is_prior: bool = False
    series: tuple[Series, ...] = ()


class Report(Frozen):
    """A report's text, with line ends normalised and nothing else changed."""

    text: str
    day: date | None = None
    is_prior: bool = False
    title: str = ""


class Observation(Frozen):
    """A laboratory or vital value (FHIR Observation): code, value, unit, time."""

    code: str | None = None
    name: str = ""
    value: Number
    unit: str
    time: datetime | date | None = None


class Case(Frozen):
    """Everything known about one patient at one question.

    Attributes:
        id: the case's id.
        patient: age, sex, risk factors.
        studies: in time order.
        reports: in the order given.
        observations: laboratory values and vitals.
        findings: findings that came with the case (structured input).
        question: the question, or None for a general review.
        packs: guideline packs to use; None lets the planner choose.
        calls: what is to be asked of tools, whatever else the planner calls.
    """

    id: str = Field(min_length=1)
    patient: Patient = Patient()
    studies: tuple[Study, ...] = ()
    reports: tuple[Report, ...] = ()
    observations: tuple[Observation, ...] = ()
    findings: tuple[Finding, ...] = ()
    question: str | None = None
    packs: tuple[str, ...] | None = None
    calls: tuple[CallRequest, ...] = ()

    @model_validator(mode="after")
    def _validate_ids(self) -> Self:
        ids = [f.id for f in self.findings]
        if len(set(ids)) != len(ids):
            raise ValueError(f"findings: expected unique ids, got {sorted(ids)}")
        return self

    def asks_for(self, tool: str, arguments: Arguments) -> bool:
        """Whether the case itself asks for a call: then a person stands behind what it names."""
        return CallRequest(tool=tool, arguments=arguments) in self.calls

    def named_for(self, tool: str, arguments: Arguments) -> tuple[str, ...]:
        """The classes that a person names in a call; none if the case does not ask for it."""
        return arguments.classes if self.asks_for(tool, arguments) else ()
