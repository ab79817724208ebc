"""What every planner offers; the graph knows no more about it."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from pydantic import ConfigDict

from agents.intent import Intent
from dxtrace.clinical import (
    Artifact,
    CallRequest,
    Case,
    CheckedClaim,
    CheckedSentence,
    Claim,
    Differential,
    Finding,
    MissingFact,
    SimilarCase,
    Statement,
    ToolCall,
)
from dxtrace.clinical.base import Frozen
from tools.cancellation import Cancellation


class Doubt(Frozen):
    """Something that a planner's own answers do not agree about; it is not said then.

    Attributes:
        concept: what it is about.
        why: how they disagree.
    """

    concept: str
    why: str


class Turn(Frozen):
    """One exchange with a planner that remembers: what it did, and what it was told of it.

    Attributes:
        calls: the calls that it asked for, in its order.
        statement: what it said, if it answered.
        asks: the facts that it would ask the user for.
        problems: what could not be read or done of it, as it was told.
        checked: the checker's marks on its sentences, as it was told.
        doubts: what its answers disagree about, where it was asked several times or the opposite.
        tokens: tokens that the exchange cost, if the model says so.
        seen_calls: number of calls whose results it knew.
        seen_replies: number of questions to a person that it knew the replies to.
        round: which question of the session it is about, from 0.
        question: that question.
    """

    calls: tuple[CallRequest, ...] = ()
    statement: Statement | None = None
    asks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    checked: tuple[CheckedSentence, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    tokens: int = 0
    seen_calls: int = 0
    seen_replies: int = 0
    round: int = 0
    question: str = ""


class Situation(Frozen):
    """What a planner may know when it decides.

    Attributes:
        case: the case.
        called: the calls so far, in the order of the plans.
        findings: all findings so far.
        missing: facts that would decide an open conclusion.
        similar: similar cases that were found: analogies.
        differential: what such cases were thought to be: likewise.
        artifacts: files that calls have left: masks, pictures.
        folder: what their paths are relative to; None if none are kept.
        memory: the exchanges so far, oldest first.
        asked: what a person was asked for.
        round: which question of the session is asked, from 0; the case holds the question.
        ended: why the planner said before that it says no more; empty if it did not.
        seconds_left: of the time that the review may take; None if nobody counts.
        cancellation: ends what a planner waits for; None if nobody can.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    case: Case
    called: tuple[ToolCall, ...] = ()
    findings: tuple[Finding, ...] = ()
    missing: tuple[MissingFact, ...] = ()
    similar: tuple[SimilarCase, ...] = ()
    differential: Differential | None = None
    artifacts: tuple[Artifact, ...] = ()
    folder: Path | None = None
    memory: tuple[Turn, ...] = ()
    asked: tuple[str, ...] = ()
    round: int = 0
    ended: str = ""
    seconds_left: float | None = None
    cancellation: Cancellation | None = None

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The exchanges about the question that is asked now."""
        return tuple(turn for turn in self.memory if turn.round == self.round)


class Plan(Frozen):
    """What to call next, and why.

    Attributes:
        calls: tools and what they are asked for; they may run in parallel. What the case itself
            asks for comes first.
        why: one reason for each call.
        intents: what is asked.
        turn: what a planner that speaks did, to be remembered.
        ended: why the planner says no more: a budget, or a model that cannot be reached.
    """

    calls: tuple[CallRequest, ...] = ()
    why: tuple[str, ...] = ()
    intents: tuple[Intent, ...] = ()
    turn: Turn | None = None
    ended: str = ""


class PackChoice(Frozen):
    """A pack that applies, and why."""

    pack: str
    why: str


class Planner(Protocol):
    """Decides what to look at and what to claim. It never judges its own claims."""

    name: str
    most_steps: int | None
    """How often it plans at most; None leaves that to the settings of the review."""

    def __hash__(self) -> int:
        """By identity: a graph is built once for each planner."""
        ...

    def intents(self, case: Case) -> tuple[Intent, ...]:
        """What the case's question asks; no model is asked for that."""
        ...

    def plan(self, situation: Situation) -> Plan:
        """Choose the tools to call next, :func:`requested` first; none if nothing is left."""
        ...

    def goes_on(self, situation: Situation) -> bool:
        """Whether :meth:`plan` would do anything more; told without asking a model."""
        ...

    def choose_packs(
        self, case: Case, findings: Iterable[Finding], holds: Callable[[str], bool]
    ) -> tuple[PackChoice, ...]:
        """Choose the packs that apply; ``holds`` proves a pack's condition."""
        ...

    def draft(self, intents: Iterable[Intent]) -> tuple[Claim, ...]:
        """The claims that would answer what is asked."""
        ...

    def revise(self, checked: Iterable[CheckedClaim]) -> tuple[Claim, ...]:
        """Other claims in the place of contradicted ones."""
        ...


def requested(case: Case, called: Iterable[ToolCall]) -> tuple[CallRequest, ...]:
    """What a case asks of tools and was not called yet; every plan begins with it."""
    done = {CallRequest(tool=call.name, arguments=call.arguments) for call in called}
    return tuple(call for call in dict.fromkeys(case.calls) if call not in done)
