"""A network that marks directly what a phrase describes: CLIPSeg."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expert_models.grounding.segmenter import Region, box_of, check_length
from expert_models.runtime.checksums import check_weights
from expert_models.runtime.device import torch_device
from expert_models.runtime.pretrained import load_model, load_processor

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
        self._folder, self._weights = folder, dict(weights)
        self._asked, self._memory_mb = device, memory_mb
        self._model: Any = None
        self._processor: Any = None
        self._device: Any = None
        self._lock = threading.Lock()

    def segment(
        self, picture: NDArray[np.uint8], phrases: Sequence[str], *, floor: float
    ) -> list[Region]:
        """Find regions; the score of one is its largest value."""
        import numpy as np
        from scipy import ndimage

        regions = []
        for phrase in phrases:
            values = self._values(picture, phrase)
            labels, count = ndimage.label(values >= floor, structure=np.ones((3, 3)))
            for number in range(1, count + 1):
                mask = labels == number
                regions.append(Region(phrase, float(values[mask].max()), mask, box_of(mask)))
        return regions

    def _values(self, picture: NDArray[np.uint8], phrase: str) -> NDArray[np.float32]:
        """A value from 0 to 1 for each pixel of the picture."""
        import torch

        with self._lock, torch.inference_mode():
            if self._model is None:
                self._load()
            inputs = self._processor(images=[picture], text=[phrase], return_tensors="pt")
            check_length(phrase, inputs, self._processor)
            logits = self._model(**inputs.to(self._device)).logits.float().cpu()
            # The network sees a square: the picture is stretched on its way in, and back here.
            logits = torch.nn.functional.interpolate(
                logits.reshape(1, 1, *logits.shape[-2:]), picture.shape[:2], mode="bilinear"
            )
            values: NDArray[np.float32] = torch.sigmoid(logits)[0, 0].numpy()
            return values

    def _load(self) -> None:
        from transformers import AutoProcessor, CLIPSegForImageSegmentation

        check_weights(self._folder, self._weights)
        self._device = torch_device(self._asked, memory_mb=self._memory_mb)
        self._processor = load_processor(AutoProcessor, self._folder)
        self._model = load_model(CLIPSegForImageSegmentation, self._folder, self._device)
