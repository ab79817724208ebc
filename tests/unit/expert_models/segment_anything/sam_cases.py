"""A tiny Segment Anything as an expert, and cases for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dxtrace.clinical import Case, Image, Series, Study
from expert_models import Arguments
from expert_models.families import ExpertEntry, build_expert
from tools import Tool, ToolRun, run_tool

CONCEPT = "pulmonary_nodule"


def sam_expert(folder: Path, **options: Any) -> Any:
    entry = ExpertEntry(
        name="sam",
        family="segment_anything",
        folder=folder,
        options={"concepts": [CONCEPT], "device": "cpu", **options},
    )
    return build_expert(entry, folder)


def run_expert(expert: Any, case: Case, arguments: Arguments) -> ToolRun:
    card = expert.card.model_copy(update={"isolated": False})
    return run_tool(Tool(card, expert.run, "experts.yaml"), case, arguments)


def ct_case(folder: Path) -> Case:
    """A CT of 6 slices of 40 rows and 50 columns with a dense block."""
    import nibabel

    voxels = np.full((6, 40, 50), -700, np.int16)
    voxels[2:5, 10:20, 25:40] = 60
    path = folder / "ct.nii"
    affine = np.diag([-0.8, -0.8, 2.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(voxels.transpose(2, 1, 0), affine), path)
    return case_of("CT", Image(path=path, modality="CT", body_part="chest"))


def case_of(modality: str | None, *images: Image, **more: Any) -> Case:
    series = tuple(
        Series(id=f"s{i}", modality=modality, images=(image,)) for i, image in enumerate(images, 1)
    )
    return Case(id="c", studies=(Study(id="st", series=series),), **more)


# -- where the masks lie ---------------------------------------------------------------------------
