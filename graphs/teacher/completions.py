"""What a model under training wrote, as an exchange: read as the planner's messages are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agents.vlm.claims import Known, statement_of
from agents.vlm.dialects import dialect_named
from agents.vlm.moves import RawSentence
from agents.vlm.offer import Offer
from dxtrace.clinical import CallRequest, Claim
from expert_models.card import EMBEDDING
from graphs.teacher.conversation import Exchange
from graphs.workbench import Workbench

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

_QUESTION = "Question: "
"""What the question stands behind in :mod:`agents.vlm.briefing`."""
Message = Mapping[str, Any]
Completion = str | Sequence[Message]


class CompletionReader:
    """Reads completions in any dialect: tool calls, expert tokens, JSON, plain prose.

    Args:
        bench: knowledge and tools.
    """

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self._dialect = dialect_named("tools")

    @cached_property
    def _offer(self) -> Offer:
        """Every expert and every fact: whether a call or question fits is judged, not read."""
        knowledge = self.bench.knowledge
        facts = (
            f"{c.key}.{name}"
            for c in knowledge.vocabulary.concepts.values()
            for name in ("present", "left", "right", *(a.key for a in c.attributes))
        )
        cards = (t.card for t in self.bench.registry if t.card.task != EMBEDDING)
        return Offer(cards=tuple(cards), facts=tuple(facts))

    def read(
        self, completion: Completion, question: str, known: Known, *, given: bool = False
    ) -> Exchange:
        """A completion as an exchange: the words of the last message that answers, calls of all.

        Args:
            completion: a text, or messages; those of tools and of the user are passed over.
            question: what was asked.
            known: what a claim may rest on.
            given: whether it was said before.
        """
        answer: list[RawSentence] = []
        calls: list[CallRequest] = []
        asks: list[str] = []
        unreadable: list[str] = []
        for message in _spoken(completion):
            move = self._dialect.read(message, self._offer)
            answer = move.sentences or answer
            calls += move.calls
            asks += move.asks
            unreadable += move.problems
        claims, unread = self._claims(answer, known)
        return Exchange(
            question=question, answer="\n".join(s.text for s in answer), claims=claims,
            calls=tuple(calls), asks=tuple(asks), unreadable=(*unreadable, *unread), given=given,
        )  # fmt: skip

    def _claims(
        self, answer: list[RawSentence], known: Known
    ) -> tuple[tuple[Claim, ...], tuple[str, ...]]:
        if not any(s.claims for s in answer):
            return (), ()
        statement, problems = statement_of(answer, self.bench.knowledge, known)
        return statement.claims, problems

    def said_before(self, prompt: Completion, known: Known) -> tuple[Exchange, ...]:
        """Earlier answers in a prompt, each with the question before it."""
        found: list[Exchange] = []
        question, messages = "", list[Message]()
        for message in [] if isinstance(prompt, str) else prompt:
            if message["role"] == "user":
                if messages:
                    found.append(self.read(messages, question, known, given=True))
                question, messages = _question_in(text_of(message)), []
            elif message["role"] == "assistant":
                messages.append(message)
        if messages:
            found.append(self.read(messages, question, known, given=True))
        return tuple(found)


def _question_in(text: str) -> str:
    """The question of a planner's briefing; the whole text of any other message."""
    return text.rpartition(_QUESTION)[2].strip()


def text_of(message: Message) -> str:
    """The words of a message; pictures are left out."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part["text"]) for part in content if part.get("type") == "text")


def _spoken(completion: Completion) -> Iterable[AIMessage]:
    """The model's own messages, as the dialects read them."""
    from langchain_core.messages import AIMessage

    if isinstance(completion, str):
        yield AIMessage(content=completion)
        return
    for message in completion:
        if message.get("role", "assistant") != "assistant":
            continue
        made: list[dict[str, Any]] = []
        broken: list[dict[str, Any]] = []
        for call in message.get("tool_calls") or ():
            name, arguments = _function(call)
            kept = made if isinstance(arguments, dict) and name else broken
            kept.append({"name": name, "args": arguments, "id": str(len(made))})
        yield AIMessage(
            content=text_of(message),
            tool_calls=[{**c, "type": "tool_call"} for c in made],
            invalid_tool_calls=[
                {"name": c["name"], "args": str(c["args"]), "id": c["id"],
                 "error": "unreadable", "type": "invalid_tool_call"}
                for c in broken
            ],
        )  # fmt: skip


def _function(call: Any) -> tuple[str, Any]:
    """Name and arguments of a call; tables fill what a call does not have with None."""
    function = call.get("function") or call if isinstance(call, Mapping) else {}
    name, arguments = str(function.get("name") or ""), function.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            return name, arguments
    if arguments is None:
        return name, {}
    if isinstance(arguments, Mapping):
        return name, {k: v for k, v in arguments.items() if v is not None}
    return name, arguments
