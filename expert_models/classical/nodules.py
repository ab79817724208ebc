"""Lung nodules on CT: search, outline, judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dxtrace.clinical import Laterality, Presence
from expert_models.classical.nodule_attachment import find_attachment
from expert_models.classical.nodule_calcium import Calcification, blood_level, read_calcification
from expert_models.classical.nodule_criteria import (
    Composition,
    judge,
    may_be_nodule,
    read_composition,
)
from expert_models.classical.nodule_outline import Outline, outline_nodule
from expert_models.classical.nodule_search import Candidate, find_candidates, search_region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from expert_models.classical.lungs import Lungs

MOST_REPORTED = 30
MOST_OUTLINED = 3000


@dataclass(frozen=True, slots=True, eq=False)
class Nodule:
    """A nodule or what may be one.

    Attributes:
        presence: *present* by the criteria for a clear nodule, else *indeterminate*.
        doubts: why it is not clear.
        outline: where it is.
        composition: None where the densities do not settle it.
        calcification: what calcium is seen; None for none.
        at_wall: whether it is joined to the wall of the lung.
        side: the lung it lies in.
        zone: ``upper``, ``middle`` or ``lower`` third of that lung's height, or None.
    """

    presence: Presence
    doubts: tuple[str, ...]
    outline: Outline
    composition: Composition | None
    calcification: Calcification | None
    at_wall: bool
    side: Laterality | None
    zone: str | None

    def mask(self, lungs: Lungs) -> NDArray[np.bool_]:
        """Its mask on the grid of the source image."""
        whole = np.zeros(lungs.volume.hu.shape, dtype=bool)
        whole[self.outline.box] = self.outline.mask
        return lungs.volume.turn.undo(whole)


def find_nodules(lungs: Lungs) -> tuple[Nodule, ...]:
    """Nodules in the lungs, clear ones first, then by size.

    Args:
        lungs: the lungs of a CT.
    """
    region = search_region(lungs)
    blood_hu = blood_level(lungs, region)
    taken = np.zeros(lungs.volume.hu.shape, dtype=bool)
    found = []
    for candidate in find_candidates(lungs, region)[:MOST_OUTLINED]:
        if taken[candidate.index]:
            continue
        nodule = _nodule_at(lungs, region, candidate, blood_hu)
        if nodule is None or (taken[nodule.outline.box] & nodule.outline.mask).any():
            continue
        taken[nodule.outline.box] |= nodule.outline.mask
        found.append(nodule)
    found.sort(key=lambda n: (n.presence is not Presence.PRESENT, -n.outline.diameter_mm))
    return tuple(found[:MOST_REPORTED])


def _nodule_at(
    lungs: Lungs, region: NDArray[np.bool_], candidate: Candidate, blood_hu: float
) -> Nodule | None:
    outline = outline_nodule(lungs, region, candidate)
    if outline is None or not may_be_nodule(outline):
        return None
    hu, spacing = lungs.volume.hu[outline.box].astype(np.float32), lungs.volume.spacing_mm
    attachment = find_attachment(lungs, region, outline)
    calcification = read_calcification(hu, outline, blood_hu, spacing)
    judgement = judge(outline, attachment, calcification, spacing)
    if judgement is None:
        return None
    middle = _middle(outline)
    side = lungs.side_at(middle) or _side_of(lungs, outline)
    return Nodule(
        presence=judgement.presence, doubts=judgement.doubts, outline=outline, side=side,
        composition=read_composition(hu, outline, spacing), calcification=calcification,
        at_wall=attachment.touches_wall,
        zone=lungs.zone_at(middle, side) if side is not None else None,
    )  # fmt: skip


def _middle(outline: Outline) -> tuple[int, ...]:
    centre = np.argwhere(outline.mask).mean(axis=0).round().astype(int)
    return tuple(int(c) + b.start for c, b in zip(centre, outline.box, strict=True))


def _side_of(lungs: Lungs, outline: Outline) -> Laterality | None:
    right = int(lungs.right[outline.box].sum())
    left = int(lungs.left[outline.box].sum())
    if right == left:
        return None
    return Laterality.RIGHT if right > left else Laterality.LEFT
