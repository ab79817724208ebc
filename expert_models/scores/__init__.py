"""Scores of classifiers: what may be said of one, and thresholds fitted on labelled cases."""

from expert_models.scores.calibration import (
    Calibration,
    ConceptCalibration,
    Threshold,
    calibrated_card,
    decide,
    load_calibration,
    plain_version,
)
from expert_models.scores.decision import UNDECIDED, Decision, ScoredConcept, score_finding

__all__ = [
    "UNDECIDED",
    "Calibration",
    "ConceptCalibration",
    "Decision",
    "ScoredConcept",
    "Threshold",
    "calibrated_card",
    "decide",
    "load_calibration",
    "plain_version",
    "score_finding",
]
