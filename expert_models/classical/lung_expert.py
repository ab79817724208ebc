"""The expert that marks the lungs on CT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dxtrace.clinical import Case
from expert_models.card import ModelCard, Span
from expert_models.current_images import load_current
from expert_models.errors import ToolRefusal
from expert_models.output import ExpertOutput

if TYPE_CHECKING:
    from dxtrace.clinical.volume import Mask, Volume
    from expert_models.classical.lungs import Lungs

BOUNDARY_MM = 0.5
"""Half-way thresholds place the edge of lung within about half a millimetre plus the voxel."""


class CtLungSegmenter:
    """Marks the lungs on CT by density and shape."""

    card = ModelCard(
        name="ct_lungs",
        version="1",
        title="Right and left lung on CT, by density and shape",
        task="segmentation",
        accepts=("image",),
        modalities=("CT",),
        image="stack",
        is_colour=False,
        in_plane_mm=Span(high=4.0),
        slice_mm=Span(high=6.0),
        tolerates_unknown=("spacing",),
        marks=("right_lung", "left_lung"),
        accuracy="Dice 0.959 against the lobes of ct_abdomen (TotalSegmentator test files, one "
        "scan, lung bases only; left 0.955, right 0.961); benchmarks/ct_lungs.py",
        memory_mb=3000,
        cost=8.0,
        timeout_s=120.0,
        isolated=True,
        intended_use="the region in which lung findings are searched and measured, on CT of adults",
        limits="consolidated lung, effusion and pneumothorax are not lung to it; a nodule wider "
        "than about 12 mm at the wall is only partly filled in; no lobes, only thirds of height, "
        "called zones; needs a known orientation; abstains where it finds no aerated lung",
        licence="Apache-2.0",
        citation="Hu S, Hoffman EA, Reinhardt JM. IEEE Trans Med Imaging 2001;20:490",
    )

    def run(self, case: Case) -> ExpertOutput:
        """Mark the lungs on the first CT series of the current examination that shows them.

        Raises:
            ToolRefusal: if no series shows aerated lung.
        """
        volume, lungs = first_with_lungs(self.card, case)
        return ExpertOutput(masks=lung_masks(lungs, volume), notes=lung_notes(lungs))


def first_with_lungs(card: ModelCard, case: Case) -> tuple[Volume, Lungs]:
    """The first current CT series on which lungs are found, with its lungs.

    Raises:
        ToolRefusal: with the reason of every series, if there is none.
    """
    from expert_models.classical.lungs import segment_lungs

    reasons = []
    for volume in load_current(card, case):
        try:
            return volume, segment_lungs(volume)
        except ToolRefusal as refusal:
            reasons.append(f"{volume.series}: {refusal}" if volume.series else str(refusal))
    raise ToolRefusal("; ".join(reasons))


def lung_masks(lungs: Lungs, volume: Volume) -> tuple[Mask, ...]:
    """The lungs as masks on the source's grid; a lung that is not there gives none."""
    import numpy as np

    from dxtrace.clinical.volume import Mask

    cut = {"cut_off": ", ".join(lungs.cut_off)} if lungs.cut_off else {}
    return tuple(
        Mask(
            name=f"{side}_lung", title=f"{side.capitalize()} lung", geometry=volume.geometry,
            voxels=np.ascontiguousarray(lungs.volume.turn.undo(voxels)), series=volume.series,
            boundary_mm=BOUNDARY_MM, attributes={"laterality": side, **cut},
        )
        for side, voxels in (("right", lungs.right), ("left", lungs.left))
        if voxels.any()
    )  # fmt: skip


def lung_notes(lungs: Lungs) -> tuple[str, ...]:
    """What a reader should know of the lungs' outline."""
    notes = []
    if lungs.cut_off:
        notes.append(f"the lungs are cut off by the scan: {', '.join(lungs.cut_off)}")
    notes += [
        f"no {side} lung was found"
        for side, voxels in (("right", lungs.right), ("left", lungs.left))
        if not voxels.any()
    ]
    return tuple(notes)
