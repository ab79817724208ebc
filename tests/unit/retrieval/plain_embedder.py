"""An embedder without weights: words hashed to directions, so that shared words are near."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from dxtrace.retrieval.words import words


class PlainEmbedder:
    """Deterministic and fast; counts what it was asked."""

    def __init__(self, fingerprint: str = "plain-1", dimension: int = 64) -> None:
        self.name, self.fingerprint, self.dimension = "plain", fingerprint, dimension
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += texts
        vectors = np.full((len(texts), self.dimension), 1e-3, np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in words(text):
                row[crc32(word.encode()) % self.dimension] += 1
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit
