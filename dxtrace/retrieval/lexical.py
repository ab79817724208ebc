"""The lexical half of search: BM25 (Robertson and Zaragoza 2009) over words."""

from __future__ import annotations

import math
from collections import Counter
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
        self._frequency = Counter(word for text in counted for word in set(text))
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

    def knows(self, word: str) -> bool:
        """Whether any text has the word."""
        return word in self._frequency

    def weight(self, word: str) -> float:
        """How much a word tells texts apart (inverse document frequency, as BM25 counts it)."""
        seen = self._frequency[word]
        return math.log(1 + (self._size - seen + 0.5) / (seen + 0.5))
