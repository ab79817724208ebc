"""The chest-anatomy segmenter of torchxrayvision (PSPNet, trained on ChestX-Det) as an expert."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dxtrace.clinical import Case
from dxtrace.clinical.volume import Mask, Volume
from expert_models.card import ModelCard
from expert_models.errors import ToolRefusal
from expert_models.frontal_chest import load_frontal_chest
from expert_models.output import ExpertOutput
from expert_models.runtime.checksums import check_weights, hashes_of
from expert_models.runtime.pretrained import single_weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from expert_models.torchxrayvision.pixels import Prepared

RESOLUTION = 512
STRUCTURES = {
    "Left Clavicle": "left_clavicle",
    "Right Clavicle": "right_clavicle",
    "Left Scapula": "left_scapula",
    "Right Scapula": "right_scapula",
    "Left Lung": "left_lung",
    "Right Lung": "right_lung",
    "Left Hilus Pulmonis": "left_hilum",
    "Right Hilus Pulmonis": "right_hilum",
    "Heart": "heart",
    "Aorta": "aorta",
    "Facies Diaphragmatica": "diaphragm",
    "Mediastinum": "mediastinum",
    "Weasand": "oesophagus",
    "Spine": "spine",
}
"""The package's targets in the order of its outputs, and our names of them."""
_ON = 0.5


class ChestAnatomySegmenter:
    """Marks 14 structures. Loaded at the first call.

    Args:
        card: its card, with its weights.
        folder: where its weights lie.
        device: a torch device; None takes a GPU where there is one.
    """

    def __init__(self, card: ModelCard, folder: Path, device: str | None) -> None:
        self.card = card
        self._folder, self._device = folder, device
        self._loaded: Any = None

    def run(self, case: Case) -> ExpertOutput:
        """Mark a frontal chest radiograph of the current examination.

        Raises:
            ToolRefusal: if there is none, nothing is marked, or the weights are missing or others.
        """
        from expert_models.torchxrayvision.pixels import prepare

        volume = load_frontal_chest(self.card, case)
        prepared = prepare(volume, RESOLUTION)
        return _output(self._ready()(prepared.square[None])[0], prepared, volume)

    def _ready(self) -> Any:
        if self._loaded is None:
            from expert_models.torchxrayvision.loading import load_segmenter

            check_weights(self._folder, hashes_of(self.card.weights))
            path = self._folder / single_weights(self.card.weights).path
            self._loaded = load_segmenter(len(STRUCTURES), path, self._device)
        return self._loaded


def _output(maps: NDArray[np.float32], prepared: Prepared, volume: Volume) -> ExpertOutput:
    from expert_models.torchxrayvision.pixels import on_radiograph

    found = {
        name: on_radiograph(square, prepared.shape) > _ON
        for name, square in zip(STRUCTURES.values(), maps, strict=True)
    }
    marked = {name: voxels for name, voxels in found.items() if voxels.any()}
    if not marked:
        raise ToolRefusal("none of the structures of a chest is marked")
    notes = [*prepared.notes]
    missing = [name.replace("_", " ") for name in found if name not in marked]
    if missing:
        notes.append(f"not marked, which says nothing about them: {', '.join(missing)}")
    if sides_are_swapped(marked, volume):
        marked = {_other_side(name): voxels for name, voxels in marked.items()}
        notes.append("left and right by the place on the picture, not by the network's names")
    if not volume.geometry.orientation:
        notes.append("left and right as pictures are usually shown: the file does not state sides")
    masks = tuple(
        Mask(
            name=name,
            voxels=voxels,
            geometry=volume.geometry,
            series=volume.series,
            title=name.replace("_", " "),
        )
        for name, voxels in sorted(marked.items())
    )
    return ExpertOutput(masks=masks, notes=tuple(notes))


def sides_are_swapped(marked: dict[str, NDArray[np.bool_]], volume: Volume) -> bool:
    """Whether the network's left lung lies where the patient's right one does.

    The patient's right is on the picture's left, unless the file states it the other way round.

    Args:
        marked: what the network marked, by the names that it gives.
        volume: the radiograph.
    """
    if not {"left_lung", "right_lung"} <= set(marked):
        return False
    left, right = (_middle(marked[f"{side}_lung"]) for side in ("left", "right"))
    mirrored = (volume.geometry.orientation or "").endswith("R")
    return left > right if mirrored else left < right


def _middle(voxels: NDArray[np.bool_]) -> float:
    import numpy as np

    return float(np.nonzero(voxels.any(axis=0))[0].mean())


def _other_side(name: str) -> str:
    swapped = {"left": "right", "right": "left"}
    side, _, rest = name.partition("_")
    return f"{swapped[side]}_{rest}" if side in swapped else name
