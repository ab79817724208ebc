"""How like the words of two reports are, by BM25, from 0 to 1.

The score of a report is divided by what the query would score itself, so that the likeness of two
reports is the same whichever other reports are looked at beside them.

Robertson S, Zaragoza H. Found Trends Inf Retr 2009;3:333-389, DOI 10.1561/1500000019.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from dxtrace.retrieval.cases.features import rarity

_K1, _B = 1.2, 0.75
"""The usual values: how soon a repeated word tells nothing more, how much length counts."""


class WordLikeness:
    """Compares reports with one.

    Args:
        said: words of the query, as often as they are in it.
        cases: of each word, how many cases have it; of those that none has, nothing need be said.
        size: how many cases there are.
        mean_length: how many words a case has on average.
    """

    def __init__(
        self, said: Sequence[str], cases: Mapping[str, int], size: int, mean_length: float
    ) -> None:
        self._mean = max(mean_length, 1.0)
        self._rarity = {word: rarity(cases.get(word, 0), size) for word in set(said)}
        self._own = self._score(said)

    def of(self, said: Sequence[str]) -> float:
        """The likeness of a report; 1 for the query's own words.

        Args:
            said: its words.
        """
        return min(self._score(said) / self._own, 1.0) if self._own else 0.0

    def _score(self, said: Sequence[str]) -> float:
        fixed = _K1 * (1 - _B + _B * len(said) / self._mean)
        shared = Counter(word for word in said if word in self._rarity)
        return sum(
            self._rarity[word] * count * (_K1 + 1) / (count + fixed)
            for word, count in shared.items()
        )
