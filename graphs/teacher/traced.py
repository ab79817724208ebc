"""A recorded review, as the teacher and the export need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agents.planner import Turn
from dxtrace.clinical import (
    CallRequest,
    Case,
    CheckedClaim,
    Finding,
    SimilarCase,
    ToolCall,
    Trace,
)
from graphs.recorded import recorded_calls, recorded_similar, recorded_turns
from graphs.teacher.conversation import Conversation, Exchange


class UntaughtTraceError(ValueError):
    """A trace that holds no answered review, or entries that DxTrace does not write."""


@dataclass(frozen=True, slots=True)
class TracedReview:
    """What a trace says of a review.

    Attributes:
        head: the hash of the whole trace.
        version: the version of DxTrace that wrote it.
        planner: who planned it.
        case: the case.
        findings: all findings.
        called: the calls and how they ended.
        similar: similar cases that were found.
        asked: the facts that a person was asked for.
        turns: what a planner that speaks said of the last question; empty for one that does not.
        earlier: earlier questions of the session with their answers; none where a person corrected
            findings since, for they were about other evidence.
        packs: the packs that applied.
        claims: every claim with its verdict, of every check, in order.
        answer: the answer's words.
    """

    head: str
    version: str
    planner: str
    case: Case
    findings: tuple[Finding, ...]
    called: tuple[ToolCall, ...]
    similar: tuple[SimilarCase, ...]
    asked: tuple[str, ...]
    turns: tuple[Turn, ...]
    earlier: tuple[tuple[str, str], ...]
    packs: tuple[str, ...]
    claims: tuple[CheckedClaim, ...]
    answer: str

    @property
    def calls(self) -> tuple[CallRequest, ...]:
        """The calls as they were asked for."""
        return tuple(CallRequest(tool=c.name, arguments=c.arguments) for c in self.called)


def traced_review(trace: Trace) -> TracedReview:
    """The review that a trace records.

    Raises:
        UntaughtTraceError: if it holds no answer, or its entries are not what DxTrace writes.
    """
    last: dict[str, dict[str, Any]] = {e.kind: e.data for e in trace.entries}
    lacking = [k for k in ("versions", "input", "check", "answer") if k not in last]
    if lacking:
        raise UntaughtTraceError(f"holds no answered review: no {', '.join(lacking)}")
    try:
        return _review(trace, last)
    except (KeyError, TypeError, ValueError) as error:
        raise UntaughtTraceError(f"cannot be read: {str(error).splitlines()[0]}") from error


def _review(trace: Trace, last: dict[str, dict[str, Any]]) -> TracedReview:
    case = Case.model_validate(last["input"]["case"])
    corrected = "correction" in last
    return TracedReview(
        head=trace.head,
        version=str(last["versions"]["dxtrace"]),
        planner=str(last["versions"]["planner"]),
        case=case,
        findings=_findings(trace),
        called=recorded_calls(trace),
        similar=recorded_similar(trace),
        asked=tuple(str(e.data["fact"]) for e in trace.entries if e.kind == "question"),
        turns=_last_round(recorded_turns(trace), case.question or ""),
        earlier=() if corrected else _earlier(trace),
        packs=tuple(str(p["pack"]) for p in last["check"]["packs"]),
        claims=tuple(
            CheckedClaim.model_validate(claim)
            for e in trace.entries
            if e.kind == "check"
            for claim in (*e.data["claims"], *e.data.get("stated", ()))
        ),
        answer=str(last["answer"]["text"]),
    )


def _findings(trace: Trace) -> tuple[Finding, ...]:
    """The findings as they stand at the end: one that was corrected is recorded again."""
    recorded = {str(e.data["id"]): e.data for e in trace.entries if e.kind == "finding"}
    return tuple(map(Finding.model_validate, recorded.values()))


def _last_round(turns: tuple[Turn, ...], question: str) -> tuple[Turn, ...]:
    """The turns of the last question, as if it were the only one."""
    last = max((t.round for t in turns), default=0)
    alone = {"round": 0, "question": question}
    return tuple(t.model_copy(update=alone) for t in turns if t.round == last)


def _earlier(trace: Trace) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    question = ""
    for entry in trace.entries:
        if entry.kind == "input":
            question = str(entry.data["case"].get("question") or "")
        elif entry.kind == "answer":
            found.append((question, str(entry.data["text"])))
    return tuple(found[:-1])


def conversation_of(review: TracedReview) -> Conversation:
    """A recorded review as a conversation: the last question, all calls, what was said last.

    Earlier questions of a session are what the last answer must agree with.

    Where a model planned, its last statement is the answer; otherwise the review's own words are.
    """
    said = [t.statement for t in review.turns if t.statement is not None]
    words = "\n".join(s.text for s in said[-1].sentences) if said else review.answer
    asked = tuple(c for t in review.turns for c in t.calls) if review.turns else review.calls
    exchange = Exchange(
        question=review.case.question or "", answer=words, calls=asked,
        claims=said[-1].claims if said else (),
        asks=tuple(a for t in review.turns for a in t.asks),
        unreadable=tuple(p for t in review.turns for p in t.problems),
    )  # fmt: skip
    before = tuple(Exchange(question=q, answer=a, given=True) for q, a in review.earlier)
    return Conversation(
        case=review.case, findings=review.findings, packs=review.packs,
        exchanges=(*before, exchange),
    )  # fmt: skip
