"""A conversation about a case, as it is given to the teacher."""

from pydantic import Field

from dxtrace.clinical import CallRequest, Case, Claim, Finding
from dxtrace.clinical.base import Frozen


class Exchange(Frozen):
    """A question and all that was done and said to answer it.

    Attributes:
        question: the question; empty for a general review.
        answer: the answer's words.
        claims: what the answer is said to claim, beside what its words are read as.
        calls: the calls that were made, in order.
        unreadable: why calls, questions or claims could not be read or followed.
        asks: facts that the user was asked for, as ``concept.attribute``, beside the words.
        given: said before, not now: what follows must agree with it, and it is not rewarded.
    """

    question: str = ""
    answer: str = ""
    claims: tuple[Claim, ...] = ()
    calls: tuple[CallRequest, ...] = ()
    unreadable: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    given: bool = False


class Conversation(Frozen):
    """A case, the evidence, and what was said.

    Attributes:
        case: patient, studies and, if they are at hand, reports. Pixels are never looked at.
        findings: the evidence: what tools, reports, records and people found.
        packs: the packs that apply; None lets the built-in planner choose, as in a review.
        exchanges: the turns, in order.
    """

    case: Case
    findings: tuple[Finding, ...] = ()
    packs: tuple[str, ...] | None = None
    exchanges: tuple[Exchange, ...] = Field(min_length=1)
