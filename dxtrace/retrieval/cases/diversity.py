"""Similar cases that are not all the same: maximal marginal relevance.

Carbonell J, Goldstein J. SIGIR 1998:335-336, DOI 10.1145/290941.291025: each next item is like the
query, and unlike those that were chosen before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dxtrace.knowledge.vocabulary import Vocabulary
from dxtrace.retrieval.cases.features import features_of, likeness, weight_of
from dxtrace.retrieval.cases.record import Neighbour

RELEVANCE = 0.5
"""How much likeness to the case counts against unlikeness to what was chosen."""


def diverse(neighbours: Sequence[Neighbour], vocabulary: Vocabulary) -> Iterator[Neighbour]:
    """The neighbours, each next one like the case asked about and unlike those before it.

    Args:
        neighbours: cases like one, no two of one patient.
        vocabulary: concepts, for how alike two of them are in findings.
    """
    features = [
        {f: weight_of(f) for f in features_of(n.record.findings, vocabulary)} for n in neighbours
    ]
    best = max((n.likeness for n in neighbours), default=0.0) or 1.0
    left = list(range(len(neighbours)))
    nearest = [0.0] * len(neighbours)
    while left:
        chosen = max(
            left,
            key=lambda i: (
                RELEVANCE * neighbours[i].likeness / best - (1 - RELEVANCE) * nearest[i], -i
            ),
        )  # fmt: skip
        left.remove(chosen)
        yield neighbours[chosen]
        for i in left:
            alike = likeness(features[i], features[chosen]) if features[chosen] else 0.0
            nearest[i] = max(nearest[i], alike)
