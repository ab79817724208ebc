"""Experts that return masks; at the top of a module, so that a process of its own finds them."""

import numpy as np

from dxtrace.clinical import Case, Finding, Measurement, Presence
from dxtrace.clinical.volume import Mask
from expert_models import ExpertOutput
from tests.unit import small_dicom


def nodule(**fields: object) -> Finding:
    return Finding.model_validate(
        {"id": "f1", "concept": "pulmonary_nodule", "presence": Presence.PRESENT, **fields}
    )


def block(**fields: object) -> Mask:
    given = {"name": "nodule_1", "voxels": small_dicom.block() > 0, "finding": "f1", **fields}
    return Mask(**given)  # type: ignore[arg-type]


def mark(_: Case) -> ExpertOutput:
    """A nodule, and a structure without a finding."""
    air = Mask(name="air_around", voxels=small_dicom.block() < 0)
    note = "the apex of the lung is cut off"
    return ExpertOutput(findings=(nodule(),), masks=(block(), air), notes=(note,))


def measure_oneself(_: Case) -> ExpertOutput:
    own = (
        Measurement(kind="mean_diameter", value=99, unit="mm"),
        Measurement(kind="doubling_time", value=400, unit="d"),
    )
    return ExpertOutput(findings=(nodule(measurements=own),), masks=(block(),))


def deny(_: Case) -> ExpertOutput:
    empty = np.zeros(small_dicom.SHAPE, bool)
    found = nodule(presence=Presence.ABSENT)
    return ExpertOutput(findings=(found,), masks=(block(voxels=empty),))
