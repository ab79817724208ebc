"""From which likeness on a case is called similar; below it, nothing similar is the answer.

Calibrated on development reports (``benchmarks/case_bound.py``). From :data:`LEAST` on, at least
half of the cases in each step of likeness share a third or more of the human coding. A report that
shares hardly a word with another is about something else, even where the few findings that were
read in it are alike. Some reports of other examinations find something all the same
(``docs/measurements.md``).
"""

from __future__ import annotations

from collections.abc import Mapping

from dxtrace.retrieval.cases.vectors import IMAGE

LEAST, LEAST_WORDS = 0.40, 0.06
"""Of the whole likeness, and of that of words alone, for a case to be called similar."""
LEAST_COUNTED = 0.30
"""Of the whole likeness, for a case to be counted in a differential: there, of many cases that are
somewhat alike more is learnt than of the few that are similar
(``benchmarks/case_differential.py --part development``)."""


def as_bounded(scores: Mapping[str, float], likeness: float) -> float:
    """The likeness that a bound is held against.

    It is nothing where two reports have hardly a word in common. It is all where nothing but images
    was compared: what their cosines mean depends on the model, and no bound is known for it.

    Args:
        scores: likeness by each list that the case was compared by, from 0 to 1.
        likeness: of all together.
    """
    if not scores.keys() - {IMAGE}:
        return 1.0
    return likeness if scores.get("words", 1.0) >= LEAST_WORDS else 0.0
