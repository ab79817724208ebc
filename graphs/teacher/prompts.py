"""A recorded review as the messages that a planner would have been sent."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agents.planner import Situation, Turn
from agents.vlm.briefing import messages_for
from agents.vlm.dialects import Dialect, dialect_named
from agents.vlm.offer import Offer, offer_in
from agents.vlm.sight import Sight
from dxtrace.clinical import CallRequest, Statement
from graphs.teacher.calls import reads_everything
from graphs.teacher.traced import TracedReview
from graphs.workbench import PATHWAY, Workbench

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

Message = dict[str, Any]


class Prompts:
    """The prompt of the planner, with the same words as when it plans; pictures are left out.

    Args:
        bench: knowledge and tools.
        dialect: ``tools``, ``tokens`` or ``json``.
        review: the review.

    Raises:
        ValueError: if there is no such dialect.
    """

    def __init__(self, bench: Workbench, dialect: str, review: TracedReview) -> None:
        self.bench, self.review = bench, review
        self.dialect: Dialect = dialect_named(dialect)

    @cached_property
    def calling(self) -> tuple[Turn, ...]:
        """The calls that a model makes or would make, in the order in which they were made.

        Readers of what came with the case are called before a model is asked. Where the built-in
        planner planned, what it called is one turn.
        """
        spoken = [t for t in self.review.turns if (t.calls or t.asks) and t.statement is None]
        if spoken:
            return tuple(
                Turn(calls=self._known(t.calls), asks=t.asks, question=self._question)
                for t in spoken
            )
        calls = self._known(self.review.calls)
        return (Turn(calls=calls, question=self._question),) if calls else ()

    @property
    def _question(self) -> str:
        return self.review.case.question or ""

    def _known(self, calls: tuple[CallRequest, ...]) -> tuple[CallRequest, ...]:
        tools = ((c, self.bench.registry.get(c.tool)) for c in dict.fromkeys(calls))
        return tuple(c for c, tool in tools if tool is None or not reads_everything(tool))

    def answering(self, statement: Statement) -> Turn:
        """The turn that says this."""
        return Turn(
            statement=statement, seen_calls=len(self.review.called), question=self._question
        )

    @cached_property
    def _situation(self) -> Situation:
        review = self.review
        return Situation(
            case=review.case, called=review.called, findings=review.findings,
            similar=review.similar, asked=review.asked,
        )  # fmt: skip

    @cached_property
    def offer(self) -> Offer:
        """The experts that fit the case."""
        return offer_in(self._situation, self.bench.registry)

    @property
    def tools(self) -> dict[str, str]:
        """The functions on offer, as a JSON text; a dialect without functions has no such column.

        Schemas differ from row to row, which a table's columns may not; trainers read the text.
        """
        functions = self.dialect.functions(self.offer)
        return {"tools": json.dumps(functions, ensure_ascii=False)} if functions else {}

    def messages(self, turns: tuple[Turn, ...]) -> list[Message]:
        """System and user message, then the turns with what came of their calls."""
        situation = self._situation.model_copy(update={"memory": turns})
        intents = self.bench.planner(PATHWAY).intents(self.review.case)
        found = messages_for(
            situation, offer=self.offer, dialect=self.dialect, knowledge=self.bench.knowledge,
            outputs=dict.fromkeys(i.output for i in intents if i.output), sight=Sight(),
        )  # fmt: skip
        # A model is told that its answer was read; the lesson ends with the answer.
        last = max((n for n, m in enumerate(found) if m.type == "ai"), default=len(found))
        ends = bool(turns) and turns[-1].statement is not None
        return as_messages(found[: last + 1] if ends else found)

    def spoken(self, statement: Statement) -> Message:
        """A statement as the message that says it."""
        said = self.dialect.spoken(self.answering(statement), len(self.calling))
        return as_messages([said])[0]


def as_messages(messages: list[BaseMessage]) -> list[Message]:
    """LangChain's messages as Hugging Face writes them."""
    roles = {"system": "system", "human": "user", "ai": "assistant", "tool": "tool"}
    names: dict[str, str] = {}
    found: list[Message] = []
    for message in messages:
        written: Message = {"role": roles[message.type], "content": message.content}
        calls = getattr(message, "tool_calls", None)
        if calls:
            names.update({c["id"]: c["name"] for c in calls})
            written["tool_calls"] = [_call(c) for c in calls]
        if message.type == "tool":
            written["name"] = names[message.tool_call_id]  # type: ignore[attr-defined]
        found.append(written)
    return found


def _call(call: Any) -> Message:
    return {"type": "function", "function": {"name": call["name"], "arguments": call["args"]}}
