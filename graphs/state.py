"""What the review graph carries from node to node."""

import operator
from typing import Annotated, TypedDict

from agents.intent import Intent
from agents.planner import PackChoice, Plan, Turn
from dxtrace.clinical import (
    Case,
    Change,
    CheckedClaim,
    CheckedSentence,
    Claim,
    Conclusion,
    Contradiction,
    Correction,
    Differential,
    Finding,
    MissingFact,
    QuotedPassage,
    Reliance,
    Result,
    TraceEntry,
)
from dxtrace.clinical.base import Frozen
from graphs.changes import Earlier
from tools import ToolRun


class PendingQuestion(Frozen):
    """What the graph asks a person.

    Attributes:
        fact: the fact that is missing or disputed, as ``concept.attribute``.
        text: the question in words.
        options: the answers that are possible; empty for a free number.
        unit: the unit of a number.
        lesion: the lesion that the fact belongs to, for a fact of a lesion.
    """

    fact: str
    text: str
    options: tuple[str, ...] = ()
    unit: str | None = None
    lesion: str | None = None

    @property
    def key(self) -> str:
        """What is asked, of which lesion: nothing is asked twice."""
        return f"{self.fact}@{self.lesion}" if self.lesion else self.fact


class ReviewState(TypedDict, total=False):
    """The state of one review.

    ``runs`` grows as parallel calls end; everything else is replaced by the node that owns it.
    """

    case: Case
    intents: tuple[Intent, ...]
    plan: Plan
    steps: int
    runs: Annotated[list[ToolRun], operator.add]
    findings: tuple[Finding, ...]
    replies: tuple[Finding, ...]
    asked: tuple[str, ...]
    pending: PendingQuestion | None
    packs: tuple[PackChoice, ...]
    report_claims: tuple[CheckedClaim, ...]
    drafts: tuple[Claim, ...]
    answers: tuple[CheckedClaim, ...]
    corrections: tuple[Correction, ...]
    earlier: Earlier
    changes: tuple[Change, ...]
    round: int
    asks_anew: bool
    memory: tuple[Turn, ...]
    ended: str
    stated: tuple[CheckedClaim, ...]
    sentences: tuple[CheckedSentence, ...]
    passages: tuple[QuotedPassage, ...]
    reliance: Reliance | None
    weighed: bool
    revised: bool
    conclusions: tuple[Conclusion, ...]
    contradictions: tuple[Contradiction, ...]
    missing: tuple[MissingFact, ...]
    problems: tuple[str, ...]
    differential: Differential | None
    trace: tuple[TraceEntry, ...]
    result: Result
