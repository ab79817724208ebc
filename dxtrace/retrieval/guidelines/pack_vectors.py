"""Vectors of the packs' own passages under the default embedder, so that first use is fast."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from dxtrace.retrieval.embedding import TextEmbedder
from dxtrace.retrieval.guidelines.passage import GuidelineDocument
from dxtrace.retrieval.vector_cache import text_hash

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VECTORS = Path(__file__).with_name("pack_vectors.npz")


def write_vectors(
    path: Path, embedder: TextEmbedder, documents: Iterable[GuidelineDocument]
) -> None:
    """Embed passages and what is asked of them; the vectors are kept in half precision."""
    import numpy as np

    passages = [p for d in documents for p in d.passages]
    texts = sorted({t for p in passages for t in (p.embedded_text, *p.asked)})
    np.savez(
        path, embedder=np.array(embedder.fingerprint),
        texts=np.array([text_hash(t) for t in texts]),
        vectors=embedder.embed(texts).astype(np.float16),
    )  # fmt: skip


def shipped_vectors(fingerprint: str, path: Path = VECTORS) -> dict[str, NDArray[np.float32]]:
    """Vectors by hash of their text; none if they are of another embedder."""
    import numpy as np

    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as kept:
        if str(kept["embedder"]) != fingerprint:
            return {}
        vectors = kept["vectors"].astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return dict(zip(kept["texts"].tolist(), vectors, strict=True))
