"""Experts that note that they were called; at the top of a module, so that others find them."""

from decimal import Decimal
from typing import NoReturn

import numpy as np

from dxtrace.clinical import (
    Arguments,
    Case,
    Evidence,
    Finding,
    Geometry,
    Laterality,
    Measurement,
    Presence,
    Score,
)
from dxtrace.clinical.volume import Mask
from expert_models import ExpertOutput, ToolRefusal
from tests.unit import small_dicom

CALLS: list[Arguments] = []


def count(case: Case, arguments: Arguments) -> ExpertOutput:
    """A nodule with its mask."""
    del case
    CALLS.append(arguments)
    mask = Mask(name="nodule_1", voxels=small_dicom.block() > 0, finding="f1")
    found = Finding(id="f1", concept="pulmonary_nodule", presence=Presence.PRESENT)
    return ExpertOutput((found,), (mask,), ("the apex is cut off",))


def count_otherwise(case: Case, arguments: Arguments) -> ExpertOutput:
    """The same by another function."""
    return count(case, arguments)


def refuse(case: Case, arguments: Arguments) -> NoReturn:
    """Says why it cannot answer."""
    CALLS.append(arguments)
    raise ToolRefusal(case.id)


def stumble(case: Case, arguments: Arguments) -> NoReturn:
    """A bug."""
    CALLS.append(arguments)
    raise ZeroDivisionError(case.id)


def mark_wrongly(case: Case, arguments: Arguments) -> ExpertOutput:
    """A mask of another shape, which the runner refuses."""
    output = count(case, arguments)
    return ExpertOutput(output.findings, (Mask(name="nodule_1", voxels=np.ones((2, 2), bool)),))


def full_output() -> ExpertOutput:
    """Every kind of value that a finding and a mask may hold."""
    finding = Finding(
        id="f1", concept="pulmonary_nodule", presence=Presence.PRESENT,
        laterality=Laterality.RIGHT, location="right upper lobe",
        attributes={
            "composition": "solid", "spiculated": True, "count": 3, "share": Decimal("0.25"),
            "open": (),
        },
        measurements=(
            Measurement(kind="diameter", value=Decimal("7.2"), low=7, high=8, unit="mm"),
        ),
        score=Score(value=0.1, scale="logit", operating_point=0.3), lesion="n1",
        evidence=(Evidence(tool="counter", span=(1, 5)),), text="a nodule",
    )  # fmt: skip
    voxels = np.zeros((4, 5, 6), bool)
    voxels[1:3, 2:4, 1:5] = True
    affine = (
        (0.5, 0.0, 0.0, 1.0),
        (0.0, 0.5, 0.0, 2.0),
        (0.0, 0.0, 1.25, 3.0),
        (0.0, 0.0, 0.0, 1.0),
    )
    mask = Mask(
        name="nodule_1", voxels=voxels, series="ct", title="Nodule", finding="f1",
        concept="pulmonary_nodule", attributes={"lobe": "upper"}, boundary_mm=0.3,
        geometry=Geometry(voxel_spacing_mm=(1.25, 0.5, 0.5), affine=affine, orientation="LPS"),
    )  # fmt: skip
    return ExpertOutput((finding,), (mask,), ("a note",))
