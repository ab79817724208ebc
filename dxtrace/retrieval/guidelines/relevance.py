"""Whether a passage bears on a question: a fitted score, and the bound below which it does not.

The number of passages is decided for each query, as MMed-RAG (Xia et al., ICLR 2025) and RULE
(Xia et al., EMNLP 2024) do: by the gap between scores, and by a bound that keeps the share of
questions answered with something irrelevant small on questions with known answers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from dxtrace.clinical.base import Frozen
from dxtrace.knowledge.strict_yaml import parse_yaml

CALIBRATION = Path(__file__).with_name("calibration.yaml")


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for a passage, each from 0 to 1 (the cosine from -1).

    Attributes:
        cosine: of question and passage.
        coverage: share of the question's words, by their weight, that the passage has (BM25).
        expanded: the same with the passage's further terms.
        asked: how specifically the question asks for the document.
        category: whether it names a category of the document.
        concepts: share of the question's concepts that the document is about.
        passage_concepts: share of them that the passage is about.
        facts: share of the facts stated in the question that the passage turns on; those whose
            other values it turns on count against it.
    """

    cosine: float
    coverage: float
    expanded: float
    asked: float
    category: float
    concepts: float
    passage_concepts: float
    facts: float


class Calibration(Frozen):
    """A fitted score, with what it was fitted on.

    Attributes:
        embedder: fingerprint of the embedder whose cosines it weighs.
        fitted: the date.
        covered: number of questions that a passage answers.
        uncovered: number of questions that none answers.
        weights: of each signal, and ``constant``; the score is their sum, a logit.
        bound: a question whose best score lies below it is answered with 'nothing relevant'.
        gap: passages after the first larger step between scores are left out.
        answered_wrongly: uncovered questions above the bound, in the fit.
        risk_at_most: upper end of the exact one-sided 95 % interval of their share.
    """

    embedder: str
    fitted: str
    covered: int
    uncovered: int
    weights: dict[str, float]
    bound: float
    gap: float
    answered_wrongly: int
    risk_at_most: float

    def score(self, signals: Signals) -> float:
        """How much a passage bears on the question, as a logit."""
        values = asdict(signals).items()
        return sum((self.weights[name] * v for name, v in values), self.weights["constant"])

    def chosen(self, scores: Sequence[float], most: int) -> int:
        """How many passages to give.

        Args:
            scores: best first.
            most: never more than these.

        Returns:
            0 if nothing bears on the question.
        """
        if not scores or scores[0] < self.bound:
            return 0
        steps = pairwise(scores[:most])
        first = next((n for n, (a, b) in enumerate(steps, start=1) if a - b > self.gap), most)
        return min(first, len(scores))


def probability(score: float) -> float:
    """A logit as a number from 0 to 1."""
    return 1 / (1 + math.exp(-score))


@cache
def load_calibration(path: Path = CALIBRATION) -> Calibration:
    """The calibration that comes with DxTrace."""
    read = parse_yaml(path.read_text(encoding="utf-8"), trusted=True)
    return Calibration.model_validate(read)
