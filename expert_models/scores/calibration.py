"""Thresholds that were fitted on labelled cases, for one expert with one set of weights."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from dxtrace.clinical.base import Frozen
from expert_models.card import ModelCard, OperatingPoint
from expert_models.scores.decision import UNDECIDED, Decision

_LARGEST_FILE = 4 * 1024 * 1024
_DIGEST = 12


class Threshold(Frozen):
    """A threshold and what it was shown to reach.

    Attributes:
        threshold: on the scale of the score.
        rate: the sensitivity or specificity that it had on the calibration set.
        low: lower end of the exact confidence interval of that rate.
        high: its upper end.
    """

    threshold: float
    rate: float = Field(ge=0, le=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)


class ConceptCalibration(Frozen):
    """What was fitted for one concept.

    Attributes:
        scale: what the score is.
        positives: number of cases that have it.
        negatives: number of cases that do not.
        auc: area under the ROC curve.
        present: from its threshold on, the concept is present: the specificity was shown.
        absent: below its threshold, the concept is absent: the sensitivity was shown.
        why_open: why a threshold is missing.
    """

    scale: str
    positives: int = Field(ge=0)
    negatives: int = Field(ge=0)
    auc: float | None = None
    present: Threshold | None = None
    absent: Threshold | None = None
    why_open: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _validate_order(self) -> Self:
        if self.present and self.absent and self.present.threshold < self.absent.threshold:
            raise ValueError("expected present to begin where absent ends, or over it")
        return self


class Calibration(Frozen):
    """Thresholds for one expert.

    Attributes:
        expert: name of the expert.
        version: its version, without what a calibration adds to it.
        weights_sha256: hash of its weights.
        dataset: what the cases are.
        cases: number of cases.
        date: day of the fit, ISO 8601.
        sensitivity: the sensitivity that *absent* rests on: the confidence interval's lower end.
        specificity: the specificity that *present* rests on, in the same way.
        confidence: of the intervals.
        concepts: what was fitted, by concept.
    """

    expert: str
    version: str
    weights_sha256: str
    dataset: str = Field(min_length=1)
    cases: int = Field(ge=1)
    date: str
    sensitivity: float = Field(gt=0, lt=1)
    specificity: float = Field(gt=0, lt=1)
    confidence: float = Field(gt=0, lt=1)
    concepts: dict[str, ConceptCalibration]

    def decision(self, concept: str, scale: str) -> Decision | None:
        """How a score is read; None for what was not fitted, or on another scale."""
        fitted = self.concepts.get(concept)
        if fitted is None or fitted.scale != scale:
            return None
        return Decision(
            present_at=fitted.present.threshold if fitted.present else None,
            absent_below=fitted.absent.threshold if fitted.absent else None,
        )

    def operating_points(self) -> tuple[OperatingPoint, ...]:
        """The thresholds for a card."""
        source = f"calibration on {self.dataset} ({self.cases} cases, {self.date})"
        return tuple(
            OperatingPoint(
                concept=concept,
                threshold=point.threshold,
                scale=fitted.scale,
                source=f"{words} {point.rate:.3f} ({point.low:.3f} to {point.high:.3f}), {source}",
            )
            for concept, fitted in self.concepts.items()
            for point, words in (
                (fitted.present, "present from here on, specificity"),
                (fitted.absent, "absent below, sensitivity"),
            )
            if point is not None
        )


def load_calibration(path: Path, card: ModelCard) -> Calibration:
    """Load the calibration of an expert.

    Args:
        path: as ``dxtrace experts calibrate`` writes it.
        card: the expert's card, without a calibration.

    Raises:
        ValueError: if it is no calibration, or one of another expert, version or weights.
    """
    if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
        raise ValueError(f"{card.name}: expected a calibration in {path.name}, got no such file")
    try:
        calibration = Calibration.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        where = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
        raise ValueError(f"{card.name}: {path.name} is no calibration: {where}") from None
    except (ValueError, RecursionError):
        raise ValueError(f"{card.name}: {path.name} is no calibration: expected JSON") from None
    for key, expected in (
        ("expert", card.name),
        ("version", plain_version(card)),
        ("weights_sha256", card.weights_sha256),
    ):
        found = getattr(calibration, key)
        if found != expected:
            raise ValueError(
                f"{card.name}: {path.name} was fitted for {key} {found}, not {expected}: "
                f"calibrate again"
            )
    return calibration


def plain_version(card: ModelCard) -> str:
    """The version without what a calibration adds to it."""
    return card.version.partition("+")[0]


def calibrated_card(card: ModelCard, calibration: Calibration) -> ModelCard:
    """A card with the thresholds of a calibration; its version names the calibration.

    Results are kept by version, so those of another calibration are never taken for these.
    """
    digest = sha256(calibration.model_dump_json().encode()).hexdigest()[:_DIGEST]
    others = tuple(p for p in card.operating_points if p.concept not in calibration.concepts)
    return card.model_copy(
        update={
            "version": f"{plain_version(card)}+cal.{digest}",
            "operating_points": (*others, *calibration.operating_points()),
        }
    )


def decide(
    calibration: Calibration | None, concept: str, scale: str, otherwise: Decision = UNDECIDED
) -> Decision:
    """How a score is read: by the calibration, where it has fitted the concept.

    Args:
        calibration: of the expert, if it has one.
        concept: key of the concept.
        scale: what the score is.
        otherwise: the reading without a calibration.
    """
    fitted = calibration.decision(concept, scale) if calibration is not None else None
    return otherwise if fitted is None else fitted
