"""Conversations as the product would have them, with what a planner should say in each turn.

Messages come from the product's own briefing (:func:`agents.vlm.briefing.messages_for`), so a model
is trained on the very prompts that it is sent in a review.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from agents.pathway_planner import PathwayPlanner
from agents.vlm.briefing import bare_question, messages_for
from agents.vlm.dialects import dialect_named
from agents.vlm.dialects.dialect import text_of
from agents.vlm.dialects.tokens import aimed_call
from agents.vlm.offer import Offer
from agents.vlm.sight import Sight
from agents.vlm.voice import asked_concepts
from agents.vlm.wording import CompactWording, asked_for
from benchmarks.planner_training.pictures import KINDS, picture_of
from benchmarks.planner_training.session import Kind, Session
from benchmarks.planner_training.subjects import Subject
from benchmarks.planner_training.surroundings import sight_of
from dxtrace.clinical import CallRequest, Case
from graphs.workbench import Workbench

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from agents.planner import Situation

DIALECT = "tokens"
_PICTURES = 200  # different ones of a kind
_PICTURE, _LOOK = 0.7, 0.05


@dataclass(frozen=True)
class Lesson:
    """A conversation up to a turn of the planner, and what it should say there.

    Attributes:
        kind: ``call`` (an expert), ``none`` (no expert is needed or fits), ``answer`` (after
            results or a verdict), ``look`` (a question about the picture alone).
        messages: the prompt.
        answer: what it should say.
        thought: what it should think before, which no reader sees.
        calls: the calls among that.
        offer: the experts on offer.
        situation: what is known; None for ``look``.
    """

    kind: Kind
    messages: list[BaseMessage]
    answer: str
    calls: tuple[CallRequest, ...] = ()
    offer: Offer = field(default_factory=Offer)
    situation: Situation | None = None
    thought: str = ""

    @property
    def written(self) -> str:
        """All that the model should write."""
        return f"<think>{self.thought}</think>{self.answer}" if self.thought else self.answer


@dataclass(frozen=True)
class School:
    """What lessons are made of.

    Attributes:
        bench: knowledge and readers.
        subjects: the findings that are asked about.
        asked: what a question is read to ask about.
        held_out: whether names and wordings are those kept for the examination.
        rounds: most questions of a session.
        two: share of the questions to experts that ask for two findings at once.
    """

    bench: Workbench
    subjects: Sequence[Subject]
    asked: Callable[[str], Sequence[str]]
    held_out: bool = False
    rounds: int = 3
    two: float = 0.15

    def lesson(self, seed: int) -> Lesson:
        """A lesson; the same seed gives the same."""
        rng = random.Random(f"{seed}/{self.held_out}")  # noqa: S311  # no secret
        modality = rng.choice(list(KINDS))
        sight = Sight()
        if rng.random() < _PICTURE:
            picture = picture_of(modality, rng.randrange(_PICTURES))
            if rng.random() < _LOOK:
                return _look(rng, modality, Sight((picture,)))
            sight = sight_of(rng, modality, picture)
        session = Session(rng, self.subjects, modality, self.held_out, self.two)
        rounds = rng.randint(1, self.rounds)
        for number in range(rounds):
            session.ask(number, is_last=number == rounds - 1)
        return self._lesson(session, sight)

    def _lesson(self, session: Session, sight: Sight) -> Lesson:
        situation, turn = session.situation(), session.turns[-1]
        dialect = dialect_named(DIALECT)
        knowledge = self.bench.knowledge
        messages = messages_for(
            situation, offer=session.offer, dialect=dialect, knowledge=knowledge, outputs=(),
            sight=sight, wording=CompactWording(knowledge, self.asked),
        )  # fmt: skip
        said = dialect.spoken(turn, len(session.turns) - 1)
        return Lesson(
            kind=session.kind, messages=messages, answer=_as_listed(text_of(said)),  # type: ignore[arg-type]  # it is the planner's own message
            calls=turn.calls,
            offer=session.offer, situation=situation,
            thought="\n".join(asked_for(session.thought)),
        )  # fmt: skip


def _as_listed(answer: str) -> str:
    """Calls as the list shows them."""
    return re.sub(r"<([^<>()]+)\(([^()]+)\)>", lambda m: aimed_call(m[1], m[2]), answer)


def question_reader(bench: Workbench) -> Callable[[str], tuple[str, ...]]:
    """Reads a question as the product does; what was read before is remembered."""
    pathway = PathwayPlanner(bench.knowledge, bench.reader, bench.registry)

    @cache
    def read(question: str) -> tuple[str, ...]:
        return asked_concepts(pathway, Case(id="question"), question)

    return read


def _look(rng: random.Random, modality: str, sight: Sight) -> Lesson:
    kind = modality if rng.random() < 1 / 2 else rng.choice(list(KINDS))
    answer = "Yes." if kind == modality else "No."
    return Lesson("look", bare_question(f"Is this {KINDS[kind]}?", sight), answer)
