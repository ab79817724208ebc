"""One JSON object in a message, for models that have neither tool calls nor expert tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from agents.planner import Turn
from agents.vlm.dialects.dialect import Dialect, raw_sentences, text_of
from agents.vlm.moves import Move
from agents.vlm.offer import Offer, argument_fields

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

_KEYS = ("calls", "answer", "ask")
_PLACES = (
    "\nPlaces may be given in pixels of a picture: "
    '{"points": [{"picture": 1, "x": 120, "y": 80}]}, '
    '{"boxes": [{"picture": 1, "left": 100, "top": 60, "right": 140, "bottom": 90}]}.'
)
_BEGINNING = re.compile(r'\{(?=\s*")')
_MOST_TRIES = 64  # each may read to the end of the text
_FORM = """{"calls": [{"expert": "NAME", "classes": ["..."]}]}
or, when nothing more is needed,
{"answer": [{"text": "A sentence.", "claims": [{"concept": "key", "presence": "present", \
"laterality": "left", "findings": ["f1"], "passages": []}]}]}
or, for a missing fact, {"ask": ["concept.attribute"]}"""


class JsonDialect(Dialect):
    """An object with ``calls``, ``answer`` or ``ask``; words around it are passed over."""

    name = "json"

    def instructions(self, offer: Offer) -> str:
        """The form of the object."""
        takes = [f"{c.name}: {', '.join(f)}" for c in offer.cards if (f := argument_fields(c))]
        arguments = f"\nExperts with arguments: {'; '.join(takes)}." if takes else ""
        places = _PLACES if offer.takes_places else ""
        return f"Write one JSON object and nothing else:\n{_FORM}{arguments}{places}"

    def read(self, message: AIMessage, offer: Offer) -> Move:
        """Read the first object with a key that is known; without one, the text is an answer."""
        move, text = Move(), text_of(message)
        found = object_in(text)
        if found is None:
            if "{" in text:
                move.problems.append(f"expected one JSON object with {', '.join(_KEYS)}")
            else:
                move.add_sentences(text)
            return move
        for call in _items(found.get("calls")):
            if isinstance(call, dict) and isinstance(call.get("expert"), str):
                arguments = {k: v for k, v in call.items() if k != "expert"}
                move.add_call(offer, call["expert"], arguments)
            else:
                move.problems.append(f"calls: expected objects with 'expert', got {call!r:.80}")
        for fact in _items(found.get("ask")):
            move.add_question(offer, fact)
        if "answer" in found:
            move.add_sentences(found["answer"])
        return move

    def spoken(self, turn: Turn, number: int) -> BaseMessage:
        """The turn as an object."""
        from langchain_core.messages import AIMessage

        del number
        written: dict[str, Any] = {}
        if turn.calls:
            written["calls"] = [
                {"expert": c.tool, **c.arguments.model_dump(mode="json")} for c in turn.calls
            ]
        if turn.asks:
            written["ask"] = list(turn.asks)
        if turn.statement is not None:
            written["answer"] = raw_sentences(turn.statement)
        return AIMessage(content=json.dumps(written, ensure_ascii=False))

    def told(self, turn: Turn, number: int, results: Sequence[str], rest: str) -> list[BaseMessage]:
        """All results in one message."""
        from langchain_core.messages import HumanMessage

        del turn, number
        told = "\n\n".join([*results, *([rest] if rest else [])])
        return [HumanMessage(content=told)] if told else []


def _items(given: Any) -> list[Any]:
    if given is None:
        return []
    return given if isinstance(given, list) else [given]


def object_in(text: str) -> dict[str, Any] | None:
    """The first JSON object in a text that calls, answers or asks; None if there is none."""
    decoder = json.JSONDecoder()
    for start in islice(_BEGINNING.finditer(text), _MOST_TRIES):
        try:
            found, _ = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and any(key in found for key in _KEYS):
            return found
    return None
