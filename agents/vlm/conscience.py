"""Whether a model stands by what it says: asked again, and asked the opposite."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from agents.intent import Intent
from agents.pathway_planner import PathwayPlanner
from agents.planner import Doubt, Situation, Turn
from agents.statement_reader import StatementReader
from agents.vlm.doubts import claims_of, disagreements, probed, without_doubted
from agents.vlm.voice import Voice
from dxtrace.clinical import Arguments, CallRequest
from tools.guideline_search import GUIDELINE_SEARCH


class Conscience:
    """Finds what a model is not sure of, and sees to it that it is settled or not said.

    Args:
        voice: the model.
        pathway: knows what is asked, and the vocabulary.
    """

    def __init__(self, voice: Voice, pathway: PathwayPlanner) -> None:
        self.voice, self.pathway = voice, pathway

    @cached_property
    def _reader(self) -> StatementReader:
        questions = self.pathway.questions
        return StatementReader(self.pathway.knowledge, questions.reader, questions.claims)

    def examined(self, turn: Turn, situation: Situation, intents: Iterable[Intent]) -> Turn:
        """The answer without what the model's own answers disagree about.

        At the first doubt of a question who may settle it is called, and the model asked again; at
        the next what is doubted is left out.
        """
        further = [self.voice.speak(situation) for _ in range(self.voice.entry.samples - 1)]
        doubts = self._doubts(turn, further, situation, intents)
        tokens = turn.tokens + sum(t.tokens for t in further)
        if not doubts or turn.statement is None:
            return turn.model_copy(update={"tokens": tokens})
        update: dict[str, object] = {"tokens": tokens, "doubts": doubts}
        settling = self._settling(doubts, situation)
        if settling and not any(t.doubts for t in situation.turns):
            return turn.model_copy(update={**update, "calls": settling, "statement": None})
        case = situation.case
        update["statement"] = without_doubted(turn.statement, doubts, self._reader, case)
        update["problems"] = (
            *turn.problems,
            *(f"{d.concept} is not said: {d.why}" for d in doubts),
        )
        return turn.model_copy(update=update)

    def _doubts(
        self, turn: Turn, further: list[Turn], situation: Situation, intents: Iterable[Intent]
    ) -> tuple[Doubt, ...]:
        said = [t.statement for t in (turn, *further) if t.statement is not None]
        doubts = disagreements(said, self._reader, situation.case)
        sight = self.voice.sight(situation)
        if doubts or not sight.pictures:
            return doubts
        return probed(
            intents, claims_of(said[0], self._reader, situation.case),
            frozenset(f.concept for f in situation.findings), self.pathway.knowledge,
            lambda question: self.voice.bare(question, situation),
        )  # fmt: skip

    def _settling(self, doubts: Iterable[Doubt], situation: Situation) -> tuple[CallRequest, ...]:
        """Calls that may settle doubts: experts that find what is doubted, and the guidelines."""
        done = {c.name for c in situation.called}
        names = self.pathway.knowledge.vocabulary.concepts
        calls = [
            CallRequest(tool=card.name)
            for card in self.voice.offer(situation).cards
            if not card.prompt_needed
            and card.name not in done
            and any(d.concept in card.produces for d in doubts)
        ]
        phrases = tuple(names[d.concept].name for d in doubts if d.concept in names)
        if phrases and GUIDELINE_SEARCH in self.voice.offer(situation).by_name:
            calls.append(
                CallRequest(tool=GUIDELINE_SEARCH, arguments=Arguments(phrases=phrases[:1]))
            )
        before = {CallRequest(tool=c.name, arguments=c.arguments) for c in situation.called}
        return tuple(c for c in calls if c not in before)[: self.voice.most_calls]
