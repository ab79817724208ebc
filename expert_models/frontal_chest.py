"""Frontal chest radiographs, for experts that would give a score to any picture whatever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dxtrace.clinical import Case
from expert_models.card import ModelCard
from expert_models.current_images import load_current
from expert_models.errors import ToolRefusal

if TYPE_CHECKING:
    from dxtrace.clinical.volume import Volume

MODALITIES = ("CR", "DX")
VIEWS = ("pa", "ap")


def load_frontal_chest(card: ModelCard, case: Case) -> Volume:
    """The first radiograph of the newest examination that is a frontal one of the chest.

    Where the headers do not say so, our own lung segmenter looks whether the picture can be one.

    Args:
        card: the expert's card, for frontal radiographs of the chest.
        case: the case.

    Raises:
        ToolRefusal: if there is none.
    """
    from expert_models.chest_radiograph_lungs import ChestRadiographLungs

    refusals = []
    for volume in load_current(card, case):
        if volume.body_part == "chest" and volume.view in VIEWS and volume.modality in MODALITIES:
            return volume
        try:
            ChestRadiographLungs().mark(volume)
        except ToolRefusal as refusal:
            refusals.append(str(refusal))
        else:
            return volume
    raise ToolRefusal("; ".join(dict.fromkeys(refusals)))
