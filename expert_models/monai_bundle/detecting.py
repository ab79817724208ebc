"""A detector's boxes as findings."""

from __future__ import annotations

from collections.abc import Sequence

from dxtrace.clinical import Evidence, Finding, Presence, Score, Source
from dxtrace.clinical.volume import Mask, Volume
from expert_models.monai_bundle.boxes import VoxelBox, WorldBox, filled, in_voxels
from expert_models.monai_bundle.mapping import DetectionMapping
from expert_models.output import ExpertOutput

SCALE = "sigmoid"


def report(
    boxes: Sequence[WorldBox], volume: Volume, mapping: DetectionMapping, evidence: Evidence
) -> ExpertOutput:
    """Findings with a score and a place, each with its box as a mark.

    A box is no outline: its sides are not the diameters of what is in it, so the mark does not
    belong to the finding and nothing is measured on it. Only an operating point with its source
    makes a box *present*, with mere likelihood: a threshold that somebody wrote down has not been
    shown to hold here. No box is no absence.

    Args:
        boxes: what the detector found.
        volume: the image.
        mapping: what the boxes mean.
        evidence: goes with every finding.
    """
    point = mapping.operating_point
    floor = mapping.floor if point is None else point.threshold
    kept = sorted(
        (b for b in boxes if b.label == mapping.label and b.score >= floor), key=lambda b: -b.score
    )
    findings, masks = [], []
    for number, box in enumerate(kept[: mapping.most], start=1):
        place = in_voxels(box, volume)
        voxels = filled(place, volume.spatial_shape)
        if not voxels.any():
            continue
        findings.append(_finding(number, box, place, volume, mapping, evidence))
        masks.append(
            Mask(
                name=f"{mapping.concept}_box_{number}",
                voxels=voxels,
                geometry=volume.geometry,
                series=volume.series,
                title=f"box around a {_title(mapping)}",
                attributes={"score": f"{box.score:.3f}"},
            )
        )
    return ExpertOutput(tuple(findings), tuple(masks), _notes(len(kept), mapping, floor))


def _finding(
    number: int,
    box: WorldBox,
    place: VoxelBox,
    volume: Volume,
    mapping: DetectionMapping,
    evidence: Evidence,
) -> Finding:
    point = mapping.operating_point
    middle = [round((low + high) / 2) for low, high in zip(place.low, place.high, strict=True)]
    id_ = f"{evidence.tool}:{volume.series}:{mapping.concept}_{number}"
    return Finding(
        id=id_,
        concept=mapping.concept,
        presence=Presence.INDETERMINATE if point is None else Presence.PRESENT,
        certainty="stated" if point is None else "probable",
        score=Score(
            value=box.score, scale=SCALE, operating_point=None if point is None else point.threshold
        ),
        lesion=id_,
        source=Source.TOOL,
        evidence=(evidence,),
        text=f"possible {_title(mapping)}: box {mapping.concept}_box_{number} around slice "
        f"{middle[0]}, row {middle[1]}, column {middle[2]}",
    )


def _notes(count: int, mapping: DetectionMapping, floor: float) -> tuple[str, ...]:
    if not count:
        return (f"no box with a score of {floor:g} or more; that excludes nothing",)
    more = count - mapping.most
    return (f"{more} more boxes, with lower scores, are left out",) if more > 0 else ()


def _title(mapping: DetectionMapping) -> str:
    return mapping.title or mapping.concept.replace("_", " ")
