"""The expert that compares the zones of the lungs on a frontal radiograph."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dxtrace.clinical import Case, Evidence, Finding, Presence, Score, Source
from expert_models.card import ModelCard
from expert_models.current_images import load_current
from expert_models.errors import ToolRefusal
from expert_models.output import ExpertOutput

if TYPE_CHECKING:
    from dxtrace.clinical.volume import Mask, Volume
    from expert_models.classical.lung_opacity import ZonalOpacity

    LungMasks = Callable[[Volume], tuple[Mask, ...]]

CONCEPT = "pulmonary_opacity"
SCALE = "zone_excess"


class ZonalOpacityReader:
    """Says which zone of the lungs is denser than its counterpart on the other side.

    Args:
        lung_masks: gives masks named ``right_lung`` and ``left_lung`` for a radiograph; without it
            the expert abstains.
    """

    card = ModelCard(
        name="cxr_zonal_opacity",
        version="1",
        title="Density of the lungs' zones on a frontal radiograph, side against side",
        task="measurement",
        accepts=("image",),
        modalities=("CR", "DX", "DR"),
        body_parts=("chest",),
        views=("pa", "ap"),
        image="picture",
        # Who marks the lungs refuses what is no frontal radiograph of the chest.
        tolerates_unknown=("modality", "body_part", "view", "spacing"),
        produces=(CONCEPT,),
        memory_mb=500,
        cost=2.0,
        timeout_s=180.0,
        isolated=True,
        intended_use="a score per side for a reader or a calibrated threshold; decides nothing",
        limits="no operating point: the score was calibrated on no patients, so presence stays "
        "unknown; rotation, scoliosis, mastectomy and opacity on both sides mislead it; needs "
        "masks of both lungs",
        licence="Apache-2.0",
    )

    def __init__(self, lung_masks: LungMasks | None = None) -> None:
        self._lung_masks = lung_masks

    def run(self, case: Case) -> ExpertOutput:
        """Score the densest zone of each side on the first current radiograph with lung masks.

        Raises:
            ToolRefusal: if there are no masks of both lungs.
        """
        from expert_models.classical.lung_opacity import measure_zones

        if self._lung_masks is None:
            raise ToolRefusal("no masks of the lungs are at hand")
        for volume in load_current(self.card, case):
            masks = {m.name: m for m in self._lung_masks(volume)}
            if {"right_lung", "left_lung"} <= set(masks):
                right, left = masks["right_lung"], masks["left_lung"]
                zones = measure_zones(volume.voxels, right.voxels, left.voxels)
                return ExpertOutput(findings=self._findings(zones), masks=(right, left))
        raise ToolRefusal("no masks of both lungs on any current radiograph")

    def _findings(self, zones: tuple[ZonalOpacity, ...]) -> tuple[Finding, ...]:
        worst = max(zones, key=lambda z: z.excess)
        return (
            Finding(
                id="cxr_zone", concept=CONCEPT, presence=Presence.UNKNOWN, laterality=worst.side,
                location=f"{worst.side.value} lung, {worst.zone} third",
                score=Score(value=round(worst.excess, 3), scale=SCALE), source=Source.TOOL,
                evidence=(Evidence(tool=self.card.name, version=self.card.version),),
                text="; ".join(f"{z.side.value} {z.zone} {z.excess:+.2f}" for z in zones),
            ),
        )  # fmt: skip
