"""What a planner may know of the state of a review, and what one run of the graph may use."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from agents.direct_answers import presence_answers
from agents.planner import Situation
from dxtrace.clinical import MissingFact, ToolCall, TraceEntry
from graphs.changes import Earlier
from graphs.reliance import calls_without
from graphs.state import ReviewState
from tools import ArtifactStore, Cancellation
from tools.ending import CANCELLED
from tools.runner import ToolRun


@dataclass(frozen=True)
class ReviewContext:
    """What one run of the graph may use.

    Attributes:
        deadline: monotonic time after which nothing new is planned.
        store: where the case's masks and pictures go; None keeps none.
        cancellation: ends the calls that are under way, and every later one at once.
    """

    deadline: float
    store: ArtifactStore | None = None
    cancellation: Cancellation | None = None

    @property
    def seconds_left(self) -> float:
        """Time in which something new may be planned; none once the review is called off."""
        if self.cancellation is not None and self.cancellation.is_cancelled:
            return 0.0
        return self.deadline - time.monotonic()


def situation_of(state: ReviewState, context: ReviewContext) -> Situation:
    """What the planner may know of the state."""
    runs = sorted(state["runs"], key=lambda r: r.order)
    reliance = state.get("reliance")
    aside = reliance.passages if reliance is not None else ()
    return Situation(
        case=state["case"], called=calls_without(_standing(runs, state["trace"]), aside),
        findings=state["findings"],
        missing=state.get("missing", ()), similar=tuple(s for r in runs for s in r.similar),
        differential=state.get("differential"),
        memory=state.get("memory", ()), asked=state.get("asked", ()), round=state.get("round", 0),
        ended=state.get("ended", ""),
        artifacts=tuple(a for r in runs for a in r.artifacts),
        folder=context.store.root if context.store else None,
        seconds_left=context.seconds_left, cancellation=context.cancellation,
    )  # fmt: skip


def _standing(runs: Sequence[ToolRun], trace: Sequence[TraceEntry]) -> list[ToolCall]:
    """The calls that a planner need not make again: not those that a person once called off."""
    begun = max((n for n, e in enumerate(trace) if e.kind == "input"), default=0)
    before = sum(e.kind == "result" for e in trace[:begun])
    return [r.call for n, r in enumerate(runs) if n >= before or r.call.reason != CANCELLED]


def lasting_calls(runs: Sequence[ToolRun]) -> tuple[ToolCall, ...]:
    """The calls in their order, without those that were called off and then made again."""
    made = [r.call for r in runs]
    return tuple(
        call
        for n, call in enumerate(made)
        if call.reason != CANCELLED
        or not any(c.name == call.name and c.arguments == call.arguments for c in made[n + 1 :])
    )


def said_before(state: ReviewState, corrections: int) -> Earlier:
    """What the answers so far have said, the last one included."""
    return state.get("earlier", Earlier()).with_answer(
        state.get("conclusions", ()), presence_answers(state.get("answers", ())),
        state["findings"], corrections,
    )  # fmt: skip


def asks_now(state: ReviewState) -> bool:
    """Whether the planner's last word was a question that nobody was asked yet."""
    memory = state.get("memory", ())
    asked = {key.partition("@")[0] for key in state.get("asked", ())}
    return bool(memory) and bool(set(memory[-1].asks) - asked)


def asked_for_first(state: ReviewState) -> list[MissingFact]:
    """The missing facts, first those that the planner asks for."""
    wanted = {fact for turn in state.get("memory", ()) for fact in turn.asks}
    return sorted(state["missing"], key=lambda m: m.concept not in wanted)
