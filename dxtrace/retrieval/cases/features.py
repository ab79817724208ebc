"""Structured findings as weighted features, and how like two sets of them are.

The weights were chosen on reports of the collection whose number leaves 1 when divided by 5
(``benchmarks/case_search.py --part development``); the held-back queries were not looked at.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from dxtrace.clinical import Context, Finding, Presence
from dxtrace.knowledge.vocabulary import Vocabulary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DETAIL = {"@": 0.5, "#": 0.4, "=": 0.4}
"""Weight of the side, the site and an attribute of what is there."""
_WEIGHTS = {"is": 1.0, "may": 0.5, "no": 0.15, "so": 0.3}
"""Weight of what is there, is doubted, is denied, and of a summary such as clear lungs."""
NOTHING = "is:nothing_abnormal"
_UNPLAIN = re.compile(r"[^a-z0-9]+")
_RARITY = 0.25
_FURTHER = 100


def features_of(findings: Iterable[Finding], vocabulary: Vocabulary) -> frozenset[str]:
    """Features of what is stated of today.

    ``is:effusion``, ``is:effusion@left``, ``is:effusion=size:small``, ``no:pneumothorax`` ...
    """
    found: set[str] = set()
    for finding in findings:
        concept = vocabulary.concepts.get(finding.concept)
        if concept is not None and concept.kind != "context" and is_stated(finding):
            found |= _features(finding, is_state=concept.kind == "state")
    # Of a case that nothing is said of, nobody knows whether it is normal.
    if found and not any(f.startswith(("is:", "may:")) for f in found):
        found.add(NOTHING)
    return frozenset(found)


def is_stated(finding: Finding) -> bool:
    """Whether something is said of today."""
    return finding.context is Context.CURRENT and finding.presence is not Presence.UNKNOWN


def _features(finding: Finding, *, is_state: bool) -> set[str]:
    if finding.presence is Presence.ABSENT:
        return {f"no:{finding.concept}"}
    if is_state:
        return {f"so:{finding.concept}"}
    key = f"{'may' if finding.is_doubted else 'is'}:{finding.concept}"
    found = {key}
    if finding.laterality is not None:
        found.add(f"{key}@{finding.laterality.value}")
    if finding.location:
        found.add(f"{key}#{_plain(finding.location)}")
    for name, value in finding.attributes.items():
        found |= {
            f"{key}={_plain(name)}:{_plain(str(one))}"
            for one in (value if isinstance(value, tuple) else (value,))
        }
    return found


def _plain(words: str) -> str:
    return _UNPLAIN.sub("_", words.lower()).strip("_")


def weight_of(feature: str) -> float:
    """How much a feature counts, its rarity left aside."""
    kind, _, rest = feature.partition(":")
    detail = next((weight for sign, weight in DETAIL.items() if sign in rest), 1.0)
    return _WEIGHTS[kind] * detail


def rarity(count: int, size: int) -> float:
    """How much more something tells that few cases have (inverse document frequency of BM25).

    As if there were a few further cases that have it not: of a handful of cases alone nobody knows
    what is rare.

    Args:
        count: how many cases have it.
        size: how many cases there are.
    """
    return math.log(1 + max(size + _FURTHER - count + 0.5, 0.5) / (count + 0.5))


class FeatureWeights:
    """Weights of features in a collection: what few cases have says more.

    Args:
        counts: how many cases have each feature.
        size: how many cases there are.
    """

    def __init__(self, counts: Mapping[str, int], size: int) -> None:
        self._counts, self._size = counts, size

    def of(self, features: Iterable[str]) -> dict[str, float]:
        """The weighted features; doubt stands for the same thing, at a lower weight."""
        weighted: dict[str, float] = {}
        for feature in features:
            merged = feature.replace("may:", "is:", 1)
            weight = weight_of(feature) * self._rarity(merged)
            weighted[merged] = max(weighted.get(merged, 0.0), weight)
        return weighted

    def _rarity(self, feature: str) -> float:
        return float(rarity(self._counts.get(feature, 0), self._size) ** _RARITY)

    def rarest(self, features: Iterable[str], most: int) -> list[str]:
        """The features that find the fewest cases, of those that any case has."""
        known = [f for f in features if self._counts.get(f.replace("may:", "is:", 1))]
        return sorted(known, key=lambda f: (-weight_of(f) * self._rarity(f), f))[:most]


def likenesses(cases: Sequence[Mapping[str, float]]) -> NDArray[np.float64]:
    """(case, case): :func:`likeness` of each two sets of weighted features."""
    import numpy as np

    return np.array([[likeness(one, other) for other in cases] for one in cases])


def likeness(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Cosine of two sets of weighted features."""
    if len(other) < len(one):
        one, other = other, one
    shared = sum(weight * other[f] for f, weight in one.items() if f in other)
    length = math.hypot(*one.values()) * math.hypot(*other.values())
    return shared / length if length else 0.0
