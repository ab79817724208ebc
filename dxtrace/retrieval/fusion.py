"""Several lists of results made one."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

RANK_CONSTANT = 60
"""As in the paper; the larger, the less the first places stand out."""
Item = TypeVar("Item", bound=Hashable)


def fuse_rankings(
    rankings: Iterable[Sequence[Item]],
    *,
    weights: Sequence[float] | None = None,
    constant: float = RANK_CONSTANT,
) -> dict[Item, float]:
    """Reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009).

    Args:
        rankings: lists of items, best first; an item that a list lacks gets nothing from it.
        weights: of each list; all alike if None.
        constant: added to each rank.

    Returns:
        Every item's score, best first; ties in the order in which the items were met.
    """
    lists = list(rankings)
    scores: dict[Item, float] = defaultdict(float)
    for ranking, weight in zip(lists, weights or [1.0] * len(lists), strict=True):
        for rank, item in enumerate(ranking, start=1):
            scores[item] += weight / (constant + rank)
    return dict(sorted(scores.items(), key=lambda pair: -pair[1]))
