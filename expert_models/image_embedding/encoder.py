"""What a loaded model offers, whichever library it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from expert_models.errors import ToolRefusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    Vectors = NDArray[np.float32]

OPEN_CLIP_CONFIG = "open_clip_config.json"


class Encoder(Protocol):
    """A model with its preparation of inputs."""

    scale: float
    """What the model multiplies cosines by before it compares them."""

    def images(self, pictures: Sequence[Picture]) -> Vectors:
        """Pictures (row, column, 3) of 8 bits to rows, as the model gives them."""
        ...

    def texts(self, texts: Sequence[str]) -> Vectors:
        """Texts to rows in the same space.

        Raises:
            ToolRefusal: if the model has no text part.
        """
        ...


def load_encoder(folder: Path, weights: Path, device: str | None) -> Encoder:
    """Load the model of a folder: open_clip's format by its configuration, else transformers'.

    Args:
        folder: configuration, tokenizer and weights.
        weights: the file of weights, already compared with its hash.
        device: a torch device; None takes a GPU where there is one.

    Raises:
        ToolRefusal: if files are missing, damaged or of another model, or hold a program.
    """
    if (folder / OPEN_CLIP_CONFIG).is_file():
        from expert_models.image_embedding.open_clip_encoder import OpenClipEncoder

        return OpenClipEncoder(folder, weights, device)
    from expert_models.image_embedding.transformers_encoder import TransformersEncoder

    # transformers chooses by name, and safetensors first.
    others = [p.name for p in sorted(folder.glob("*.safetensors")) if p != weights]
    if others:
        raise ToolRefusal(f"{folder.name}: holds weights that are not stated: {others[0]}")

    return TransformersEncoder(folder, device)
