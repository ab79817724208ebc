"""The planner that is a model: it asks experts and answers; the pathway keeps it complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from agents.intent import Intent
from agents.pathway_planner import PathwayPlanner
from agents.planner import PackChoice, Plan, Situation, Turn, requested
from agents.vlm.briefing import new_evidence
from agents.vlm.budget import TalkBudget
from agents.vlm.conscience import Conscience
from agents.vlm.models import PlannerEntry, PlannerError, PlannerStopped
from agents.vlm.voice import LEAST_SECONDS, Voice
from dxtrace.clinical import CallRequest, Case, CheckedClaim, Claim, Finding

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class VlmPlanner:
    """Lets a model decide what to call and what to say.

    What is asked, which packs apply and what they need is the pathway planner's to say, as without
    a model. What the pathway needs and the model did not ask for is called for before its answer
    is final.

    Args:
        entry: the model.
        pathway: says what packs need.
        open_model: opens the model.
        budget: how far it may go; from the environment by default.
    """

    def __init__(
        self,
        entry: PlannerEntry,
        pathway: PathwayPlanner,
        open_model: Callable[[], BaseChatModel],
        budget: TalkBudget | None = None,
    ) -> None:
        self.entry, self.pathway = entry, pathway
        self.name = entry.name
        self.budget = budget or TalkBudget()
        # Each turn may be followed by a step that calls for what the pathway needs.
        self.most_steps: int | None = 2 * self.budget.turns + 2
        self.voice = Voice(entry, pathway, open_model, self.budget.calls)
        self.conscience = Conscience(self.voice, pathway)

    # -- what the pathway says -----------------------------------------------------------------

    def intents(self, case: Case) -> tuple[Intent, ...]:
        """What the question asks."""
        return self.pathway.intents(case)

    def choose_packs(
        self, case: Case, findings: Iterable[Finding], holds: Callable[[str], bool]
    ) -> tuple[PackChoice, ...]:
        """The packs that apply."""
        return self.pathway.choose_packs(case, findings, holds)

    def draft(self, intents: Iterable[Intent]) -> tuple[Claim, ...]:
        """What is asked, as statements."""
        return self.pathway.draft(intents)

    def revise(self, checked: Iterable[CheckedClaim]) -> tuple[Claim, ...]:
        """The opposite of what was asked and is contradicted."""
        return self.pathway.revise(checked)

    # -- the loop ------------------------------------------------------------------------------

    def plan(self, situation: Situation) -> Plan:
        """Read what came with the case; then what the model asks; then what the pathway lacks."""
        needed = self.pathway.plan(situation)
        if not situation.called:
            needed_first = self._first(situation, needed)
            if needed_first.calls:
                return needed_first
        if situation.ended:
            return needed
        if _has_answered(situation) and needed.calls:
            why = tuple(f"{w}; the planner did not ask for it" for w in needed.why)
            return needed.model_copy(update={"why": why})
        ended = self._exhausted(situation)
        if ended:
            return needed.model_copy(update={"ended": ended})
        try:
            turn = self.voice.speak(situation)
            if turn.statement is not None:
                turn = self.conscience.examined(turn, situation, needed.intents)
        except PlannerStopped as error:
            return needed.model_copy(update={"ended": f"stopped: {error}"})
        except PlannerError as error:
            return needed.model_copy(update={"ended": f"unavailable: {error}"})
        called = {CallRequest(tool=c.name, arguments=c.arguments) for c in situation.called}
        calls = tuple(c for c in turn.calls if c not in called)
        reason = "its answers disagree" if turn.doubts else "the planner asks for it"
        return Plan(calls=calls, why=(reason,) * len(calls), intents=needed.intents, turn=turn)

    def goes_on(self, situation: Situation) -> bool:
        """Whether the model has to speak again, or the pathway lacks something."""
        if situation.ended:
            return bool(self.pathway.plan(situation).calls)
        if not _has_answered(situation):
            return True
        if self.pathway.plan(situation).calls:
            return True
        if self._exhausted(situation):
            return False
        return new_evidence(situation) or self._may_revise(situation)

    def _first(self, situation: Situation, needed: Plan) -> Plan:
        """Of the pathway's calls those that the case asks for, or that read what came with it."""
        asked = set(requested(situation.case, ()))
        kept = [
            (call, why)
            for call, why in zip(needed.calls, needed.why, strict=True)
            if call in asked or self._reads(call)
        ]
        return needed.model_copy(
            update={"calls": tuple(c for c, _ in kept), "why": tuple(w for _, w in kept)}
        )

    def _reads(self, call: CallRequest) -> bool:
        tool = self.pathway.registry.get(call.tool)
        return tool is not None and "*" in tool.card.produces

    def _may_revise(self, situation: Situation) -> bool:
        refused = [t for t in situation.turns if _is_contradicted(t)]
        return _is_contradicted(situation.turns[-1]) and len(refused) <= self.budget.revisions

    def _exhausted(self, situation: Situation) -> str:
        """Which budget is used; empty if none is."""
        memory, budget = situation.turns, self.budget
        unread = [t for t in memory if t.problems and not t.calls and t.statement is None]
        if len(unread) >= budget.mistakes:
            return f"it could not be understood {len(unread)} times, last: {unread[-1].problems[0]}"
        if len(memory) >= budget.turns:
            return f"its budget of {budget.turns} turns was used"
        if sum(t.tokens for t in memory) >= budget.tokens:
            return f"its budget of {budget.tokens} tokens was used"
        if situation.seconds_left is not None and situation.seconds_left < LEAST_SECONDS:
            return "the time of the review was used"
        return ""


def _has_answered(situation: Situation) -> bool:
    """Whether the model has said what it wants to say to this question, for now."""
    return bool(situation.turns) and situation.turns[-1].statement is not None


def _is_contradicted(turn: Turn) -> bool:
    return any(s.mark == "contradicted" for s in turn.checked)
