"""What DxTrace and an expert behind MCP say to each other.

A server offers two tools. ``describe`` takes nothing and gives the fields of a
:class:`~expert_models.card.ModelCard`. The other one, ``run`` unless the entry names another, takes
one argument ``request``, the fields of :class:`RunRequest`, and gives those of :class:`RunAnswer`.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from dxtrace.clinical.base import Frozen

DESCRIBE, RUN = "describe", "run"


class SharedSeries(Frozen):
    """A series as a file: a stack as NIfTI with axes (column, row, slice), a picture as PNG.

    Attributes:
        id: the series' id; masks name it.
        path: the file; it exists during the call only.
        modality: DICOM modality, if known.
        body_part: in lower case, if known.
        view: ``pa``, ``ap`` or ``lateral``, if known.
        contrast: whether a contrast agent was given, if known.
        spacing_mm: along the array's axes (slice, row, column) or (row, column), if known. A file
            cannot say that it is unknown in a way that every reader understands.
    """

    id: str
    path: str
    modality: str | None = None
    body_part: str | None = None
    view: str | None = None
    contrast: bool | None = None
    spacing_mm: tuple[float, ...] | None = None


class RunRequest(Frozen):
    """What a server is asked. Nothing in it identifies the patient.

    Attributes:
        case: the case as :class:`~dxtrace.clinical.Case` has it, of what the card accepts: age,
            sex and risk factors (``patient``), reports and observations without days and titles; no
            studies.
        series: the images that fit the card.
        arguments: as :class:`~expert_models.Arguments`.
        out: a folder for masks.
    """

    case: dict[str, Any]
    series: tuple[SharedSeries, ...] = ()
    arguments: dict[str, Any] = Field(default_factory=dict)
    out: str


class AnsweredMask(Frozen):
    """A mask; fields as in :class:`~dxtrace.clinical.volume.Mask`.

    Attributes:
        path: a NIfTI file in the request's folder ``out``, on the grid of the series' file.
    """

    name: str
    path: str
    series: str = ""
    title: str = ""
    concept: str | None = None
    finding: str | None = None
    boundary_mm: float | None = Field(default=None, ge=0)
    attributes: dict[str, str] = Field(default_factory=dict)


class RunAnswer(Frozen):
    """What a server answers.

    Attributes:
        refused: why the expert cannot say anything about this case; None if it can.
        again: the call may work when it is tried again.
        findings: fields of :class:`~dxtrace.clinical.Finding`.
        masks: what was marked.
        notes: what a reader should know.
    """

    refused: str | None = None
    again: bool = False
    findings: tuple[dict[str, Any], ...] = ()
    masks: tuple[AnsweredMask, ...] = ()
    notes: tuple[str, ...] = ()
