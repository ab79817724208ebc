"""Text embedders of sentence-transformers, by transformers and torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dxtrace.retrieval.embedding import encodable
from dxtrace.retrieval.errors import EmbedderUnavailable
from dxtrace.retrieval.minilm import batches_by_length
from expert_models.errors import ToolRefusal
from expert_models.runtime.checksums import file_sha256
from expert_models.runtime.device import torch_device
from expert_models.runtime.pretrained import load_model, load_processor, weights_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_POOLINGS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "first token"}
_READ = ("config.json", "tokenizer.json", "vocab.txt", "tokenizer_config.json")
_LONGEST = 512


class TransformersEmbedder:
    """A transformer's tokens pooled into one vector of unit norm.

    The pooling is that of the folder's ``1_Pooling/config.json`` (mean, or the first token), the
    mean if there is none. A dense layer behind the pooling is refused rather than left out.

    Args:
        folder: ``config.json``, tokenizer and weights.

    Raises:
        EmbedderUnavailable: if it is no such folder, or pools in another way.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / "config.json").is_file():
            raise EmbedderUnavailable(f"expected a model folder with config.json, got {folder}")
        self.folder, self.name = folder, folder.resolve().name
        self.pooling = _pooling(folder)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of weights, configuration and tokenizer, and the pooling."""
        digest = sha256(self.pooling.encode())
        for weights in weights_of(self.folder):
            digest.update(f"{weights.name} {weights.sha256}".encode())
        for name in _READ:
            if (self.folder / name).is_file():
                digest.update(f"{name} {file_sha256(self.folder / name)}".encode())
        return f"{self.name}-{digest.hexdigest()[:16]}"

    @cached_property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._model.config.hidden_size)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts; see :class:`dxtrace.retrieval.embedding.TextEmbedder`.

        Raises:
            EmbedderUnavailable: if the model cannot be loaded.
        """
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), np.float32)
        longest = min(self._tokenizer.model_max_length, _LONGEST)
        tokens = [
            self._tokenizer(encodable(t), truncation=True, max_length=longest)["input_ids"]
            for t in texts
        ]
        for batch in batches_by_length([len(ids) for ids in tokens]):
            vectors[batch] = self._pooled([tokens[i] for i in batch])
        return vectors

    def _pooled(self, tokens: list[list[int]]) -> NDArray[np.float32]:
        import torch

        padded = self._tokenizer.pad({"input_ids": tokens}, return_tensors="pt")
        inputs = {k: padded[k].to(self._model.device) for k in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            states = self._model(**inputs).last_hidden_state.float()
        seen = inputs["attention_mask"][..., None].float()
        mean = (states * seen).sum(1) / seen.sum(1)
        pooled = mean if self.pooling == "mean" else states[:, 0]
        vectors: NDArray[np.float32] = (
            torch.nn.functional.normalize(pooled, dim=1).cpu().numpy().astype("float32")
        )
        return vectors

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        try:
            return load_processor(AutoTokenizer, self.folder)
        except ToolRefusal as error:
            raise EmbedderUnavailable(str(error)) from None

    @cached_property
    def _model(self) -> Any:
        from transformers import AutoModel

        try:
            return load_model(AutoModel, self.folder, torch_device())
        except ToolRefusal as error:
            raise EmbedderUnavailable(str(error)) from None


def _pooling(folder: Path) -> str:
    modules = folder / "modules.json"
    kinds = [str(m["type"]) for m in _read(modules)] if modules.is_file() else []
    odd = [k for k in kinds if k.rpartition(".")[2] not in ("Transformer", "Pooling", "Normalize")]
    if odd:
        raise EmbedderUnavailable(f"{folder.name}: cannot compute {', '.join(odd)}")
    path = folder / "1_Pooling" / "config.json"
    if not path.is_file():
        return "mean"
    wanted = [k for k, v in _read(path).items() if k.startswith("pooling_mode_") and v is True]
    if len(wanted) != 1 or wanted[0] not in _POOLINGS:
        raise EmbedderUnavailable(
            f"{folder.name}: expected the mean or the first token as pooling, got {wanted}"
        )
    return _POOLINGS[wanted[0]]


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise EmbedderUnavailable(f"{path}: {error}") from error
