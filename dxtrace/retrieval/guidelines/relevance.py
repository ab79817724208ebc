"""Whether a passage bears on a question: a fitted score, and the bound below which it does not.

The number of passages is decided for each query, as MMed-RAG (Xia et al., ICLR 2025) and RULE
(Xia et al., EMNLP 2024) do: by the gap between scores, and by a bound that keeps the share of
questions answered with something irrelevant small on questions with known answers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from dxtrace.clinical.base import Frozen
from dxtrace.clinical.verdict import Strength
from dxtrace.knowledge.strict_yaml import parse_yaml

CALIBRATION = Path(__file__).with_name("calibration.yaml")


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for a passage, most from 0 to 1 (the cosines from -1).

    Attributes:
        cosine: of question and passage.
        asked_cosine: of the question and the nearest of what is asked that the passage answers;
            that of the passage if it is larger or nothing is known to be asked.
        coverage: share of the question's words, by their weight, that the passage has (BM25).
        expanded: the same with what is asked and with the passage's further terms.
        passage_concepts: share of the question's concepts that the passage is about.
        facts: share of the facts stated in the question that the passage turns on; those whose
            other values it turns on count against it.
        named: whether the question calls the document by its name.
        unsaid: how many aspects, such as treatment or outlook, the question is after of which the
            passage does not speak.
        plain: whether nothing is known to be asked of the passage, as of a user's own document.
    """

    cosine: float
    asked_cosine: float
    coverage: float
    expanded: float
    passage_concepts: float
    facts: float
    named: float
    unsaid: float
    plain: float


@dataclass(frozen=True, slots=True)
class QuestionSignals:
    """What speaks for a question's being answered at all.

    Attributes:
        best: the best score of a passage.
        unsaid: of that passage, as in :class:`Signals`.
        elsewhere: how many of the examinations that the question names, such as ultrasound, neither
            that passage nor its document is about.
        length: logarithm of the number of the question's words: the more it tells of the
            circumstances, the less of it stands in any passage.
    """

    best: float
    unsaid: float
    elsewhere: float
    length: float


class Calibration(Frozen):
    """Fitted scores, with what they were fitted on.

    Attributes:
        embedder: fingerprint of the embedder whose cosines it weighs.
        fitted: the date.
        covered: number of questions that a passage answers.
        uncovered: number of questions that none answers.
        weights: of each signal of a passage, and ``constant``; the score is their sum, a logit.
        question_weights: the same for a question.
        bound: a question whose score lies below it is answered with 'nothing relevant'.
        gap: passages after the first larger step between scores are left out.
        strong_from: relevance, from 0 to 1, from which at least one in two of the passages that are
            given decides its question.
        fair_from: the same for one in five; what is given below, down to the bound, is weak.
        answered_wrongly: uncovered questions above the bound, in the fit.
        risk_at_most: upper end of the exact one-sided 95 % interval of their share.
    """

    embedder: str
    fitted: str
    covered: int
    uncovered: int
    weights: dict[str, float]
    question_weights: dict[str, float]
    bound: float
    gap: float
    strong_from: float
    fair_from: float
    answered_wrongly: int
    risk_at_most: float

    def score(self, signals: Signals) -> float:
        """How much a passage bears on the question, as a logit."""
        return _weighed(self.weights, signals)

    def question_score(self, signals: QuestionSignals) -> float:
        """How surely the question is answered by some passage, as a logit."""
        return _weighed(self.question_weights, signals)

    def strength(self, relevance: float) -> Strength:
        """How much a passage that is given bears on the question, in a word.

        Args:
            relevance: its score as a number from 0 to 1.
        """
        if relevance >= self.strong_from:
            return "strong"
        return "fair" if relevance >= self.fair_from else "weak"

    def chosen(self, scores: Sequence[float], question_score: float, most: int) -> int:
        """How many passages to give.

        Args:
            scores: of the passages, best first.
            question_score: of the question.
            most: never more than these.

        Returns:
            0 if nothing bears on the question.
        """
        if not scores or question_score < self.bound:
            return 0
        steps = pairwise(scores[:most])
        first = next((n for n, (a, b) in enumerate(steps, start=1) if a - b > self.gap), most)
        return min(first, len(scores))


def _weighed(weights: Mapping[str, float], signals: Signals | QuestionSignals) -> float:
    return sum((weights[name] * v for name, v in asdict(signals).items()), weights["constant"])


def probability(score: float) -> float:
    """A logit as a number from 0 to 1."""
    return 1 / (1 + math.exp(-score))


@cache
def load_calibration(path: Path = CALIBRATION) -> Calibration:
    """The calibration that comes with DxTrace."""
    read = parse_yaml(path.read_text(encoding="utf-8"), trusted=True)
    return Calibration.model_validate(read)
