"""A network that marks directly what a phrase describes: CLIPSeg."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expert_models.grounding.segmenter import Region, Regions, box_of, check_length
from expert_models.runtime.held_model import HeldModel, load_with_processor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class TextToMask:
    """CLIPSeg: a value for each pixel; connected pixels at the floor or above are a region.

    Args:
        folder: a folder of transformers.
        weights: path below the folder to the SHA-256 that the file must have.
        device: a torch device; None leaves it to ``DXTRACE_DEVICE``, or to what is here.
        memory_mb: what a call needs, in MiB, if it is known.
    """

    scale = "sigmoid"

    def __init__(
        self,
        folder: Path,
        weights: Mapping[str, str],
        *,
        device: str | None = None,
        memory_mb: int | None = None,
    ) -> None:
        self._held = HeldModel(
            partial(_loaded, folder, weights), device=device, memory_mb=memory_mb
        )

    def segment(
        self, picture: NDArray[np.uint8], phrases: Sequence[str], *, floor: float
    ) -> Regions:
        """Find regions; the score of one is its largest value."""
        import numpy as np
        from scipy import ndimage

        regions: list[Region] = []
        notes: list[str] = []
        for phrase in phrases:
            marked = self._held.do(partial(_values, picture, phrase))
            notes += marked.notes
            labels, count = ndimage.label(marked.found >= floor, structure=np.ones((3, 3)))
            for number in range(1, count + 1):
                mask = labels == number
                regions.append(Region(phrase, float(marked.found[mask].max()), mask, box_of(mask)))
        return Regions(tuple(regions), tuple(dict.fromkeys(notes)))


def _loaded(folder: Path, weights: Mapping[str, str]) -> tuple[Any, Any]:
    from transformers import CLIPSegForImageSegmentation

    return load_with_processor(CLIPSegForImageSegmentation, folder, weights)


def _values(
    picture: NDArray[np.uint8], phrase: str, model: Any, processor: Any, device: Any
) -> NDArray[np.float32]:
    """A value from 0 to 1 for each pixel of the picture."""
    import torch

    inputs = processor(images=[picture], text=[phrase], return_tensors="pt")
    check_length(phrase, inputs, processor)
    logits = model(**inputs.to(device)).logits.float().cpu()
    # The network sees a square: the picture is stretched on its way in, and back here.
    logits = torch.nn.functional.interpolate(
        logits.reshape(1, 1, *logits.shape[-2:]), picture.shape[:2], mode="bilinear"
    )
    values: NDArray[np.float32] = torch.sigmoid(logits)[0, 0].numpy()
    return values
