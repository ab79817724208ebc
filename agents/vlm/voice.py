"""What a model is sent and how its words are read: one turn at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from agents.pathway_planner import PathwayPlanner
from agents.planner import Situation, Turn
from agents.vlm.briefing import bare_question, messages_for
from agents.vlm.budget import sight_budget
from agents.vlm.claims import Known, statement_of
from agents.vlm.dialects import dialect_named
from agents.vlm.dialects.dialect import text_of
from agents.vlm.models import PlannerEntry, PlannerRefused
from agents.vlm.neutral_ids import NeutralIds
from agents.vlm.offer import Offer, offer_in, takes_places
from agents.vlm.private import without_identifiers
from agents.vlm.sight import KeptFiles, Sight, pictures_for
from agents.vlm.wording import FULL, CompactWording, Wording
from dxtrace.clinical import CallRequest, Case

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel, LanguageModelInput
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.runnables import Runnable

LEAST_SECONDS = 1.0


class Voice:
    """A model in a review.

    Args:
        entry: the model.
        pathway: knows the tools and what is asked.
        open_model: opens the model, when it is first asked.
        most_calls: calls in one message.
    """

    def __init__(
        self,
        entry: PlannerEntry,
        pathway: PathwayPlanner,
        open_model: Callable[[], BaseChatModel],
        most_calls: int,
    ) -> None:
        self.entry, self.pathway, self.most_calls = entry, pathway, most_calls
        self._open_model = open_model
        self._is_open = entry.dialect == "auto"
        self.dialect = dialect_named("tools" if self._is_open else entry.dialect)

    def speak(self, situation: Situation) -> Turn:
        """Let the model speak.

        Where the dialect is left open, tool calls are tried first; of a model or server that
        refuses them JSON is asked from then on.

        Raises:
            PlannerError: if it cannot be reached or refuses.
        """
        try:
            message = self._ask(situation)
        except PlannerRefused:
            if not self._is_open:
                raise
            self._is_open = False
            self.dialect = dialect_named("json")
            message = self._ask(situation)
        self._is_open = False
        return self._turn(message, situation)

    def bare(self, question: str, situation: Situation) -> str:
        """What the model says to a question about the pictures alone.

        Raises:
            PlannerError: as :meth:`speak`.
        """
        messages = bare_question(question, self.sight(situation))
        return text_of(self._timed(self._model, situation).invoke(messages))

    @cached_property
    def _model(self) -> BaseChatModel:
        return self._open_model()

    @cached_property
    def _true_entry(self) -> PlannerEntry:
        """The entry with what the model or its server says of itself."""
        return getattr(self._model, "entry", self.entry)

    def offer(self, situation: Situation) -> Offer:
        """What the model may ask for."""
        offer = offer_in(situation, self.pathway.registry)
        if not any(map(takes_places, offer.cards)):
            return offer
        return replace(offer, pictures=self.sight(situation).pictures)

    def messages(self, situation: Situation, sight: Sight) -> list[BaseMessage]:
        """What the model is sent."""
        outputs = [i.output for i in self.pathway.intents(situation.case) if i.output]
        missing = {m.concept.partition(".")[0] for m in situation.missing}
        named = self.pathway.knowledge.outputs
        outputs += [n for n, (p, _) in named.items() if missing & set(p.header.selection.concepts)]
        knowledge = self.pathway.knowledge
        return messages_for(
            without_identifiers(situation, knowledge),
            offer=self.offer(situation), dialect=self.dialect,
            knowledge=knowledge, outputs=dict.fromkeys(outputs), sight=sight,
            wording=self._wording(situation.case),
        )  # fmt: skip

    def _wording(self, case: Case) -> Wording:
        if self.entry.briefing == "full":
            return FULL
        return CompactWording(
            self.pathway.knowledge, lambda question: asked_concepts(self.pathway, case, question)
        )

    def _ask(self, situation: Situation) -> AIMessage:
        functions = self.dialect.functions(self.offer(situation))
        model = self._model.bind_tools(functions) if functions else self._model
        messages = self.messages(situation, self.sight(situation))
        return self._timed(model, situation).invoke(messages)

    def _timed(
        self, model: Runnable[LanguageModelInput, AIMessage], situation: Situation
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model, with no more time than the review has left, and called off with it."""
        if situation.cancellation is not None:
            model = model.bind(stopping=situation.cancellation.stopping)
        if situation.seconds_left is None:
            return model
        limit = max(LEAST_SECONDS, situation.seconds_left)
        return model.bind(timeout_s=min(limit, self.entry.timeout_s))

    def sight(self, situation: Situation) -> Sight:
        """What the model sees."""
        if not self.entry.images:
            return Sight()
        folder, ids = situation.folder, NeutralIds.of(situation.findings)
        return pictures_for(
            situation.case, findings=tuple(map(ids.shown, situation.findings)),
            budget=sight_budget(self._true_entry),
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
            ids = NeutralIds.of(situation.findings)
            known = Known(
                findings=frozenset(ids.shown(f).id for f in situation.findings),
                passages=frozenset(p.reference for c in situation.called for p in c.passages),
            )
            statement, unread = statement_of(move.sentences, self.pathway.knowledge, known)
            statement = ids.meant(statement)
            problems += unread
        if not (calls or statement or move.asks or problems):
            problems.append("nothing was said: expected calls or an answer")
        return Turn(
            calls=calls[: self.most_calls], statement=statement, asks=tuple(move.asks),
            problems=tuple(problems), tokens=max(0, usage["total_tokens"]) if usage else 0,
            seen_calls=len(situation.called), seen_replies=len(situation.asked),
            round=situation.round, question=situation.case.question or "",
        )  # fmt: skip

    def _odd_calls(self, calls: tuple[CallRequest, ...], situation: Situation) -> Iterable[str]:
        before = {CallRequest(tool=c.name, arguments=c.arguments) for c in situation.called}
        for call in calls:
            if call in before:
                yield f"{call.tool} was asked for the same before; its result stands"
        if len(calls) > self.most_calls:
            yield f"{len(calls)} calls at once; only the first {self.most_calls} are made"


def asked_concepts(pathway: PathwayPlanner, case: Case, question: str) -> tuple[str, ...]:
    """The concepts that a question is read to ask about, by the reader of questions."""
    intents = pathway.intents(case.model_copy(update={"question": question}))
    return tuple(dict.fromkeys(i.concept for i in intents if i.concept))
