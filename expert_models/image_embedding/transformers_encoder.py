"""Models in the folder format of transformers: CLIP, SigLIP; for images alone DINOv2 and others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expert_models.errors import ToolRefusal
from expert_models.runtime.device import torch_device
from expert_models.runtime.pretrained import load_model, load_processor

if TYPE_CHECKING:
    from expert_models.image_embedding.encoder import Picture, Vectors

_PADDED = "siglip"
"""Models of this type were trained on texts filled up to the full length."""


class TransformersEncoder:
    """A model of transformers with an image part.

    Args:
        folder: ``config.json``, ``preprocessor_config.json``, weights; a tokenizer for texts.
        device: a torch device; None takes a GPU where there is one.

    Raises:
        ToolRefusal: if files are missing, damaged or of another model, or hold a program.
    """

    def __init__(self, folder: Path, device: str | None) -> None:
        from transformers import AutoImageProcessor, AutoModel

        self._folder, self._device = folder, torch_device(device)
        self._model = load_model(AutoModel, folder, self._device)
        self._processor = load_processor(AutoImageProcessor, folder)
        self._tokenizer: Any = None
        scale = getattr(self._model, "logit_scale", None)
        self.scale = 1.0 if scale is None else float(scale.detach().exp())

    def images(self, pictures: Sequence[Picture]) -> Vectors:
        """Pictures to rows: the projected vector, or what the model pools."""
        import torch

        inputs = self._processor(images=list(pictures), return_tensors="pt").to(self._device)
        encode = getattr(self._model, "get_image_features", self._model)
        with torch.inference_mode():
            return _rows(encode(pixel_values=inputs["pixel_values"]))

    def texts(self, texts: Sequence[str]) -> Vectors:
        """Texts to rows.

        Raises:
            ToolRefusal: if the model has no text part, or the folder no tokenizer.
        """
        import torch
        from transformers import AutoTokenizer

        if not hasattr(self._model, "get_text_features"):
            kind = self._model.config.model_type
            raise ToolRefusal(f"{self._folder.name}: a {kind} model has no text part")
        if self._tokenizer is None:
            self._tokenizer = load_processor(AutoTokenizer, self._folder)
        config = self._model.config
        inputs = self._tokenizer(
            list(texts), return_tensors="pt", truncation=True,
            max_length=config.text_config.max_position_embeddings,
            padding="max_length" if config.model_type.startswith(_PADDED) else True,
        ).to(self._device)  # fmt: skip
        wanted = {k: v for k, v in inputs.items() if k in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            return _rows(self._model.get_text_features(**wanted))


def _rows(output: Any) -> Vectors:
    found: Vectors = getattr(output, "pooler_output", output).float().cpu().numpy()
    return found
