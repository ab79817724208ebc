"""What a dialect is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agents.planner import Turn
from agents.vlm.moves import Move
from agents.vlm.offer import Offer
from agents.vlm.thinking import without_thinking
from dxtrace.clinical import Claim, Statement

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage


_THOUGHTS = ("thinking", "reasoning")


class Dialect(ABC):
    """A way to write calls, questions and answers.

    Reading never fails: what cannot be read is a problem of the move, for the model to mend.
    """

    name: str

    @abstractmethod
    def instructions(self, offer: Offer) -> str:
        """What the model is told of how to write."""

    def short_instructions(self, offer: Offer) -> str:
        """The same, where the briefing is short and shows the experts' calls."""
        return self.instructions(offer)

    def functions(self, offer: Offer) -> list[dict[str, Any]]:
        """Functions to bind, as an OpenAI-compatible endpoint takes them; empty if none are."""
        del offer
        return []

    @abstractmethod
    def read(self, message: AIMessage, offer: Offer) -> Move:
        """Read what a model wrote."""

    @abstractmethod
    def spoken(self, turn: Turn, number: int) -> BaseMessage:
        """An earlier turn of the model as the message that it would have been."""

    @abstractmethod
    def told(self, turn: Turn, number: int, results: Sequence[str], rest: str) -> list[BaseMessage]:
        """What the model is told after a turn.

        Args:
            turn: the turn.
            number: its position.
            results: the result of each of its calls, in order.
            rest: what else there is to say; may be empty.
        """


def text_of(message: AIMessage) -> str:
    """What a message says, whatever parts it is made of, without what was thought."""
    content = message.content
    text = content if isinstance(content, str) else "\n".join(_texts(content))
    return without_thinking(text)


def _texts(parts: Iterable[Any]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif (
            isinstance(part, dict)
            and isinstance(part.get("text"), str)
            and part.get("type") not in _THOUGHTS
        ):
            yield part["text"]


def raw_sentences(statement: Statement) -> list[dict[str, Any]]:
    """A statement in the form in which models write it."""
    claims = {c.id: c for c in statement.claims}
    return [
        {
            "text": s.text,
            "claims": [raw_claim(claims[i], statement) for i in s.claims if i in claims],
        }
        for s in statement.sentences
    ]


def raw_claim(claim: Claim, statement: Statement) -> dict[str, Any]:
    """A claim in the form in which models write it."""
    basis = statement.basis.get(claim.id)
    size = claim.measurements[0] if claim.measurements else None
    given = {
        "concept": claim.concept,
        "presence": claim.presence.value if claim.kind == "finding" else None,
        "value": claim.value,
        "laterality": claim.laterality.value if claim.laterality else None,
        "size": f"{size.value} {size.unit}" if size else None,
        "findings": list(basis.findings) if basis else [],
        "passages": list(basis.passages) if basis else [],
    }
    return {k: v for k, v in given.items() if v not in (None, [])}
