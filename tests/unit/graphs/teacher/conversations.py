"""Conversations about one CT of the chest, for tests of the teacher."""

from functools import cache
from typing import Any

from dxtrace.clinical import CallRequest, Case, Finding
from graphs import review_with_trace
from graphs.teacher import Conversation, Exchange, Teacher
from tests.unit.graphs.benches import report_case

REPORT = (
    "FINDINGS: CT chest. There is a 7 mm solid nodule in the right upper lobe. No pleural "
    "effusion. No pneumothorax. The heart is not enlarged. IMPRESSION: Right pleural effusion."
)
QUESTION = "What follow-up does the Fleischner Society recommend?"
HONEST = (
    "There is a 7 mm solid nodule in the right upper lobe. "
    "CT at 6 to 12 months, then consider CT at 18 to 24 months."
)
SEARCH = (CallRequest(tool="guideline_search"),)


def case(report: str = REPORT, **patient: Any) -> Case:
    """A case with this report; without further words a woman or man of 60 without risk factors."""
    known = patient or {"age": 60, "risk_factors": ()}
    return report_case(report, patient=known)


@cache
def findings(about: Case) -> tuple[Finding, ...]:
    """What a review of it finds."""
    return review_with_trace(about).result.findings


def conversation(
    *answers: str, question: str = QUESTION, about: Case | None = None, **fields: Any
) -> Conversation:
    """A conversation in which one question is answered, again and again."""
    chosen = about or case()
    given = {"calls": SEARCH if question == QUESTION else (), **fields}
    first = Exchange(question=question, answer=answers[0], **given)
    later = [Exchange(question=question, answer=a) for a in answers[1:]]
    return Conversation(case=chosen, findings=findings(chosen), exchanges=(first, *later))


@cache
def teacher() -> Teacher:
    """A teacher for all tests: what it has solved for a case is used again."""
    return Teacher()
