"""Frontal chest radiographs, for experts that would give a score to any picture whatever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dxtrace.clinical import Case
from expert_models.card import ModelCard
from expert_models.current_images import load_current
from expert_models.errors import ToolRefusal

if TYPE_CHECKING:
    from dxtrace.clinical.volume import Volume

CONTRACT: dict[str, Any] = {
    "modalities": ("CR", "DX"),
    "body_parts": ("chest",),
    "views": ("pa", "ap"),
    "image": "picture",
    "tolerates_unknown": ("modality", "body_part", "view", "spacing"),
}
"""The fields of a card for frontal radiographs of the chest."""
HOW_CHECKED = (
    "where headers do not say that a picture is a frontal chest radiograph, our lung segmenter "
    "must find it to be one"
)


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
        if _is_stated(volume):
            return volume
        try:
            ChestRadiographLungs().mark(volume)
        except ToolRefusal as refusal:
            refusals.append(str(refusal))
        else:
            return volume
    raise ToolRefusal("; ".join(dict.fromkeys(refusals)))


def _is_stated(volume: Volume) -> bool:
    return (
        volume.modality in CONTRACT["modalities"]
        and volume.body_part in CONTRACT["body_parts"]
        and volume.view in CONTRACT["views"]
    )
