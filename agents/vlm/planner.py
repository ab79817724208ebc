"""The planner that is a model: it asks experts and answers; the pathway keeps it complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from agents.intent import Intent
from agents.pathway_planner import PathwayPlanner
from agents.planner import PackChoice, Plan, Situation, Turn, requested
from agents.vlm.briefing import messages_for, new_evidence
from agents.vlm.budget import TalkBudget, sight_budget
from agents.vlm.claims import Known, statement_of
from agents.vlm.dialects import Dialect, dialect_named
from agents.vlm.models import PlannerEntry, PlannerError
from agents.vlm.offer import Offer, offer_in
from agents.vlm.sight import KeptFiles, Sight, pictures_for
from dxtrace.clinical import CallRequest, Case, CheckedClaim, Claim, Finding

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

_LEAST_SECONDS = 1.0


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
        self._open_model = open_model
        self._seen: tuple[object, Sight] | None = None

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
            message = self._ask(situation)
        except PlannerError as error:
            return needed.model_copy(update={"ended": f"unavailable: {error}"})
        turn = self._turn(message, situation)
        called = {CallRequest(tool=c.name, arguments=c.arguments) for c in situation.called}
        calls = tuple(c for c in turn.calls if c not in called)
        return Plan(
            calls=calls, why=("the planner asks for it",) * len(calls), intents=needed.intents,
            turn=turn,
        )  # fmt: skip

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
        if situation.seconds_left is not None and situation.seconds_left < _LEAST_SECONDS:
            return "the time of the review was used"
        return ""

    # -- the model -----------------------------------------------------------------------------

    @cached_property
    def _model(self) -> BaseChatModel:
        return self._open_model()

    @cached_property
    def dialect(self) -> Dialect:
        """How the model is told to write."""
        return dialect_named("tools" if self.entry.dialect == "auto" else self.entry.dialect)

    def offer(self, situation: Situation) -> Offer:
        """What the model may ask for."""
        return offer_in(situation, self.pathway.registry)

    def messages(self, situation: Situation, sight: Sight) -> list[BaseMessage]:
        """What the model is sent."""
        outputs = [i.output for i in self.intents(situation.case) if i.output]
        missing = {m.concept.partition(".")[0] for m in situation.missing}
        named = self.pathway.knowledge.outputs
        outputs += [n for n, (p, _) in named.items() if missing & set(p.header.selection.concepts)]
        return messages_for(
            situation, offer=self.offer(situation), dialect=self.dialect,
            knowledge=self.pathway.knowledge, outputs=dict.fromkeys(outputs), sight=sight,
        )  # fmt: skip

    def _ask(self, situation: Situation) -> AIMessage:
        functions = self.dialect.functions(self.offer(situation))
        model = self._model.bind_tools(functions) if functions else self._model
        if situation.seconds_left is not None:
            limit = max(_LEAST_SECONDS, situation.seconds_left)
            model = model.bind(timeout_s=min(limit, self.entry.timeout_s))
        return model.invoke(self.messages(situation, self.sight(situation)))

    def sight(self, situation: Situation) -> Sight:
        """What the model sees; drawn anew only when something was found since."""
        if not self.entry.images:
            return Sight()
        key = (situation.case, situation.findings, situation.artifacts)
        if self._seen is None or self._seen[0] != key:
            self._seen = (key, self._look(situation))
        return self._seen[1]

    def _look(self, situation: Situation) -> Sight:
        folder = situation.folder
        return pictures_for(
            situation.case, findings=situation.findings, budget=sight_budget(self.entry),
            concepts=self.pathway.knowledge.vocabulary.concepts,
            allow_burned_in_text=self.entry.images_with_text,
            kept=KeptFiles(folder, situation.artifacts) if folder is not None else None,
        )  # fmt: skip

    def _turn(self, message: AIMessage, situation: Situation) -> Turn:
        move = self.dialect.read(message, self.offer(situation))
        usage = message.usage_metadata
        calls = tuple(dict.fromkeys(move.calls))
        problems = [*move.problems, *self._odd_calls(calls, situation)]
        statement = None
        if move.sentences and not calls:
            known = Known(
                findings=frozenset(f.id for f in situation.findings),
                passages=frozenset(p.reference for c in situation.called for p in c.passages),
            )
            statement, unread = statement_of(move.sentences, self.pathway.knowledge, known)
            problems += unread
        if not (calls or statement or move.asks or problems):
            problems.append("nothing was said: expected calls or an answer")
        return Turn(
            calls=calls[: self.budget.calls], statement=statement, asks=tuple(move.asks),
            problems=tuple(problems), tokens=usage["total_tokens"] if usage else 0,
            seen_calls=len(situation.called), seen_replies=len(situation.asked),
            round=situation.round, question=situation.case.question or "",
        )  # fmt: skip

    def _odd_calls(self, calls: tuple[CallRequest, ...], situation: Situation) -> Iterable[str]:
        before = {CallRequest(tool=c.name, arguments=c.arguments) for c in situation.called}
        for call in calls:
            if call in before:
                yield f"{call.tool} was asked for the same before; its result stands"
        if len(calls) > self.budget.calls:
            yield f"{len(calls)} calls at once; only the first {self.budget.calls} are made"


def _has_answered(situation: Situation) -> bool:
    """Whether the model has said what it wants to say to this question, for now."""
    return bool(situation.turns) and situation.turns[-1].statement is not None


def _is_contradicted(turn: Turn) -> bool:
    return any(s.mark == "contradicted" for s in turn.checked)
