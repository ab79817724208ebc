"""The lexical half of search: BM25 (Robertson and Zaragoza 2009) over words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dxtrace.retrieval.words import words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class LexicalIndex:
    """BM25 scores of texts.

    Args:
        texts: what is searched; a text's position is its number.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._size = len(texts)
        self._index = None
        counted = [words(text) for text in texts]
        if any(counted):
            from bm25s import BM25

            self._index = BM25()
            self._index.index(counted, show_progress=False)

    def __len__(self) -> int:
        return self._size

    def scores(self, query: str) -> NDArray[np.float32]:
        """The score of every text, (number of texts,); 0 where no word is shared."""
        import numpy as np

        asked = words(query)
        if self._index is None or not asked:
            return np.zeros(self._size, np.float32)
        found: NDArray[np.float32] = self._index.get_scores(asked).astype(np.float32)
        return found
