"""Models in the folder format of open_clip, such as BiomedCLIP; loaded offline."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expert_models.errors import ToolRefusal
from expert_models.image_embedding.encoder import OPEN_CLIP_CONFIG
from expert_models.runtime.device import torch_device
from expert_models.runtime.pretrained import refused_if_wrong

if TYPE_CHECKING:
    from expert_models.image_embedding.encoder import Picture, Vectors

_TEXT_FOLDERS = ("text", ".")


class OpenClipEncoder:
    """A model of open_clip.

    A text part of transformers is built from its ``config.json`` in the folder or in ``text`` below
    it; open_clip itself would fetch that from the network.

    Args:
        folder: ``open_clip_config.json``, the tokenizer, and that ``config.json``.
        weights: the file of weights.
        device: a torch device; None takes a GPU where there is one.

    Raises:
        ToolRefusal: if files are missing, damaged or of another model, or hold a program.
    """

    def __init__(self, folder: Path, weights: Path, device: str | None) -> None:
        import open_clip
        from open_clip.transform import PreprocessCfg, image_transform_v2

        self._device = torch_device(device)
        name = f"local-dir:{folder.resolve()}"
        with refused_if_wrong(folder), _without_warnings():
            text = _text_options(folder)
            model = open_clip.create_model(
                name, load_weights=False, pretrained_image=False, pretrained_text=False,
                text_cfg=text,
            )  # fmt: skip
            open_clip.load_checkpoint(model, str(weights), weights_only=True)
            offline = {"local_files_only": True, "trust_remote_code": False}
            options = offline if text.get("hf_tokenizer_name") else {}
            self._tokenizer = open_clip.get_tokenizer(name, **options)
        self._model = model.eval().to(self._device)
        self._prepare: Any = image_transform_v2(
            PreprocessCfg(**model.visual.preprocess_cfg), is_train=False
        )
        self.scale = float(model.logit_scale.detach().exp())

    def images(self, pictures: Sequence[Picture]) -> Vectors:
        """Pictures to rows."""
        import torch
        from PIL import Image

        with torch.inference_mode():
            batch = torch.stack([self._prepare(Image.fromarray(p)) for p in pictures])
            found: Vectors = self._model.encode_image(batch.to(self._device)).float().cpu().numpy()
        return found

    def texts(self, texts: Sequence[str]) -> Vectors:
        """Texts to rows."""
        import torch

        with torch.inference_mode():
            tokens = self._tokenizer(list(texts)).to(self._device)
            found: Vectors = self._model.encode_text(tokens).float().cpu().numpy()
        return found


def _text_options(folder: Path) -> dict[str, Any]:
    """The text part's configuration, with a folder instead of a name on the network."""
    config = json.loads((folder / OPEN_CLIP_CONFIG).read_text(encoding="utf-8"))
    text = dict(config["model_cfg"]["text_cfg"])
    asked = text.get("hf_model_name")
    if asked:
        places = [folder / below for below in _TEXT_FOLDERS]
        found = next((p for p in places if (p / "config.json").is_file()), None)
        if found is None:
            raise ToolRefusal(
                f"{folder.name}: expected text/config.json, the configuration of {asked}, got none"
            )
        if "auto_map" in json.loads((found / "config.json").read_text(encoding="utf-8")):
            raise ToolRefusal(f"{folder.name}: its text part asks for a program of its own")
        text |= {"hf_model_name": str(found.resolve()), "hf_model_pretrained": False}
    return text


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """open_clip warns of weights that it has not loaded; they are loaded right after that."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
