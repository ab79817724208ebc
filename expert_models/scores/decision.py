"""What may be said of a score.

A score is no probability, and one threshold does not separate present from absent. Three readings:

* With thresholds from a calibration set, *present* from the one at which its specificity was shown,
  *absent* below the one at which its sensitivity was shown, and *indeterminate* between them.
* With an operating point of a package only, *present* with mere likelihood from there on, and
  *indeterminate* below. Such points balance sensitivity and specificity on mixed test data: a large
  part of the diseased lie below, and of a rare disease most that lie above do not have it.
* With neither, *indeterminate*.

A score of a whole image points out no lesion, so of a concept that comes in lesions it never says
*present*: that would be a lesion with a place and a size to ask for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from dxtrace.clinical import Evidence, Finding, Presence, Score, Source

_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Decision:
    """How scores of one concept are read.

    Attributes:
        present_at: from this score on, present; None if no score shows it.
        absent_below: below this score, absent; None if no score excludes it.
        certainty: of *present*.
    """

    present_at: float | None = None
    absent_below: float | None = None
    certainty: Literal["stated", "probable"] = "stated"

    def presence(self, value: float) -> Presence:
        """Present, absent or indeterminate."""
        if self.present_at is not None and value >= self.present_at:
            return Presence.PRESENT
        if self.absent_below is not None and value < self.absent_below:
            return Presence.ABSENT
        return Presence.INDETERMINATE

    def operating_point(self, value: float) -> float | None:
        """The threshold that a score is held against: the one that decided, if one did."""
        if self.presence(value) is Presence.ABSENT or self.present_at is None:
            return self.absent_below
        return self.present_at


UNDECIDED = Decision()


@dataclass(frozen=True, slots=True)
class ScoredConcept:
    """A score for a concept.

    Attributes:
        concept: key of the concept.
        value: the raw score.
        scale: what the score is.
        lesion: whether the concept comes in lesions.
        note: what a reader should know of this score, such as the slice that it is from.
    """

    concept: str
    value: float
    scale: str
    lesion: bool = False
    note: str = ""


def score_finding(
    scored: ScoredConcept, decision: Decision, evidence: Evidence, series: str
) -> Finding:
    """A score as a finding.

    Args:
        scored: the score.
        decision: how it is read.
        evidence: the expert, with the hash of its weights.
        series: id of the series that it is about.
    """
    # What is shown and what decides is the same number.
    scored = replace(scored, value=round(scored.value, _DIGITS))
    presence = decision.presence(scored.value)
    if presence is Presence.PRESENT and scored.lesion:
        presence = Presence.INDETERMINATE
    return Finding(
        id=f"{evidence.tool}:{series}:{scored.concept}",
        concept=scored.concept,
        presence=presence,
        certainty=decision.certainty if presence is Presence.PRESENT else "stated",
        score=Score(
            value=scored.value,
            scale=scored.scale,
            operating_point=decision.operating_point(scored.value),
        ),
        source=Source.TOOL,
        evidence=(evidence,),
        text=_words(scored, decision),
    )


def _words(scored: ScoredConcept, decision: Decision) -> str:
    value, scale = scored.value, scored.scale.replace("_", " ")
    note = f" {scored.note}" if scored.note else ""
    if decision.presence(value) is Presence.ABSENT:
        against = f"below {decision.absent_below:.3g}, which excludes it"
    elif decision.present_at is not None:
        side = "over" if value >= decision.present_at else "below"
        against = f"{side} its operating point {decision.present_at:.3g}"
    else:
        against = "decided by no operating point"
    return f"{scale} {value:.3g}{note}, {against}"
