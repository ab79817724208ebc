"""Thresholds fitted on labelled cases.

The interval of a sensitivity or specificity is the exact one of Clopper and Pearson (Biometrika
1934; 26:404). A threshold counts only if the lower end of its interval reaches what was asked for:
a few cases cannot show a high sensitivity, and then there is no threshold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from expert_models.scores.calibration import ConceptCalibration, Threshold

Scores = NDArray[np.float64]


def fit_concept(
    scale: str,
    positives: Scores,
    negatives: Scores,
    *,
    sensitivity: float,
    specificity: float,
    confidence: float,
) -> ConceptCalibration:
    """Fit both thresholds of one concept.

    Args:
        scale: what the scores are.
        positives: scores of the cases that have it.
        negatives: scores of the cases that do not.
        sensitivity: asked for of the threshold below which *absent* begins.
        specificity: asked for of the threshold from which on it is *present*.
        confidence: of the two-sided intervals.
    """
    rule_out = [_sensitivity(positives, t, confidence) for t in np.unique(positives)]
    absent = next((t for t in reversed(rule_out) if t.low >= sensitivity), None)
    rule_in = [_specificity(negatives, t, confidence) for t in _just_above(np.unique(negatives))]
    present = next((t for t in rule_in if t.low >= specificity), None)
    if absent and present and present.threshold < absent.threshold:
        # Either rate only grows on the way to the middle, so one threshold serves both.
        middle = (present.threshold + absent.threshold) / 2
        absent = _sensitivity(positives, middle, confidence)
        present = _specificity(negatives, middle, confidence)
    open_ends = (
        (absent, f"{positives.size} cases that have it show no sensitivity of {sensitivity:g}"),
        (present, f"{negatives.size} cases that do not show no specificity of {specificity:g}"),
    )
    return ConceptCalibration(
        scale=scale,
        positives=positives.size,
        negatives=negatives.size,
        auc=_auc(positives, negatives),
        present=present,
        absent=absent,
        why_open=tuple(words for found, words in open_ends if found is None),
    )


def exact_interval(hits: int, count: int, confidence: float) -> tuple[float, float]:
    """The exact confidence interval of a proportion."""
    from scipy.stats import beta

    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, count - hits + 1))
    high = 1.0 if hits == count else float(beta.ppf(1 - tail, hits + 1, count - hits))
    return low, high


def _sensitivity(positives: Scores, threshold: float, confidence: float) -> Threshold:
    return _rate(threshold, int((positives >= threshold).sum()), positives.size, confidence)


def _specificity(negatives: Scores, threshold: float, confidence: float) -> Threshold:
    return _rate(threshold, int((negatives < threshold).sum()), negatives.size, confidence)


def _rate(threshold: float, hits: int, count: int, confidence: float) -> Threshold:
    low, high = exact_interval(hits, count, confidence)
    return Threshold(threshold=float(threshold), rate=hits / count, low=low, high=high)


def _just_above(values: Scores) -> Scores:
    """Half-way from each value to the next; behind the last, the nearest number."""
    if not values.size:
        return values
    return np.append((values[:-1] + values[1:]) / 2, np.nextafter(values[-1], np.inf))


def _auc(positives: Scores, negatives: Scores) -> float | None:
    """The share of pairs that the scores put in order; ties count half."""
    if not positives.size or not negatives.size:
        return None
    ordered = np.sort(negatives)
    below = np.searchsorted(ordered, positives, "left")
    up_to = np.searchsorted(ordered, positives, "right")
    return float((below + up_to).mean() / 2 / negatives.size)
