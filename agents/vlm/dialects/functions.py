"""Native tool calls: each expert is a function, and so are answering and asking."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.planner import Turn
from agents.vlm.dialects.dialect import Dialect, raw_sentences, text_of
from agents.vlm.dialects.json_object import JsonDialect, object_in
from agents.vlm.dialects.tokens import TokenDialect
from agents.vlm.moves import Move
from agents.vlm.offer import Offer, call_name
from expert_models import ModelCard

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

ANSWER, ASK = "answer", "ask_user"
_OBJECT = re.compile(r"\s*(?:```(?:json)?\s*)?\{")
_STRINGS = {"type": "array", "items": {"type": "string"}}
_INDEX = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 2, "maxItems": 3}
_PROMPTS: dict[str, dict[str, Any]] = {
    "phrases": {**_STRINGS, "description": "things to look for, in words"},
    "points": {
        "type": "array",
        "items": {
            "type": "object", "required": ["at"],
            "properties": {
                "at": {**_INDEX, "description": "(slice, row, column), or (row, column)"},
                "inside": {"type": "boolean"}, "series": {"type": "string"},
            },
        },
    },
    "boxes": {
        "type": "array",
        "items": {
            "type": "object", "required": ["low", "high"],
            "properties": {"low": _INDEX, "high": _INDEX, "series": {"type": "string"}},
        },
    },
    "everything": {"type": "boolean", "description": "mark everything that can be told apart"},
}  # fmt: skip
_PIXEL = {"type": "number", "minimum": 0}
_PICTURE = {"type": "integer", "minimum": 1, "description": "number of a picture"}
_IN_PICTURES: dict[str, dict[str, Any]] = {
    "points": {
        "type": "array",
        "description": "each by 'at', or by 'picture', 'x' and 'y': pixels from its top left",
        "items": {
            "type": "object",
            "properties": {
                **_PROMPTS["points"]["items"]["properties"],
                "picture": _PICTURE, "x": _PIXEL, "y": _PIXEL,
            },
        },
    },
    "boxes": {
        "type": "array",
        "description": "each by 'low' and 'high', or by 'picture' and its sides in pixels of it",
        "items": {
            "type": "object",
            "properties": {
                **_PROMPTS["boxes"]["items"]["properties"],
                "picture": _PICTURE, "left": _PIXEL, "top": _PIXEL, "right": _PIXEL,
                "bottom": _PIXEL,
            },
        },
    },
}  # fmt: skip
"""The same where pictures are there to point in."""
CLAIM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["concept"],
    "properties": {
        "concept": {"type": "string", "description": "key of a finding or of a conclusion"},
        "presence": {"enum": ["present", "absent"]},
        "value": {"type": "string", "description": "for a conclusion: its value"},
        "laterality": {"enum": ["left", "right", "bilateral", "midline"]},
        "size": {"type": "string", "description": "such as 7 mm"},
        "findings": {**_STRINGS, "description": "ids of the findings that it rests on"},
        "passages": {**_STRINGS, "description": "references of the passages that it rests on"},
    },
}
_ANSWER_SCHEMA = {
    "type": "object",
    "required": ["sentences"],
    "properties": {
        "sentences": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["text"],
                "properties": {
                    "text": {"type": "string"},
                    "claims": {"type": "array", "items": CLAIM_SCHEMA},
                },
            },
        }
    },
}


class FunctionDialect(Dialect):
    """Tool calls as an OpenAI-compatible endpoint gives them, several at once."""

    name = "tools"

    def instructions(self, offer: Offer) -> str:
        """How to call, ask and answer by functions."""
        del offer
        return (
            "Call the functions of the experts that you need, several at once where they do not "
            f"depend on each other. Answer with the function {ANSWER}: sentences, each with the "
            f"claims that it makes. Ask for a missing fact with {ASK}."
        )

    def functions(self, offer: Offer) -> list[dict[str, Any]]:
        """A function for each expert, one to answer, one to ask if anything is missing."""
        prompts = {**_PROMPTS, **_IN_PICTURES} if offer.pictures else _PROMPTS
        made = [
            _function(call_name(c), c.title or c.name, _arguments(c, prompts)) for c in offer.cards
        ]
        made.append(_function(ANSWER, "Answer the question, sentence by sentence", _ANSWER_SCHEMA))
        if offer.facts:
            schema = {
                "type": "object", "required": ["fact"],
                "properties": {"fact": {"enum": list(offer.facts)}},
            }  # fmt: skip
            made.append(_function(ASK, "Ask the user for a fact that decides", schema))
        return made

    def read(self, message: AIMessage, offer: Offer) -> Move:
        """Read tool calls; a message without any is read as it stands.

        A model that was told of functions and writes tokens or JSON is understood all the same.
        """
        move = Move()
        for call in message.tool_calls:
            name, arguments = call["name"], call["args"]
            if name == ANSWER:
                move.add_sentences(arguments.get("sentences"))
            elif name == ASK:
                move.add_question(offer, arguments.get("fact"))
            else:
                move.add_call(offer, name, arguments)
        for broken in message.invalid_tool_calls:
            why = broken.get("error") or "its arguments are no JSON object"
            name, given = str(broken.get("name"))[:64], str(broken.get("args"))[:80]
            move.problems.append(f"{name}: {why}: {given!r}")
        if not (message.tool_calls or message.invalid_tool_calls):
            return read_prose(message, offer)
        return move

    def spoken(self, turn: Turn, number: int) -> BaseMessage:
        """The turn as tool calls."""
        from langchain_core.messages import AIMessage

        calls = [(call_name_of(c.tool), c.arguments.model_dump(mode="json")) for c in turn.calls]
        calls += [(ASK, {"fact": fact}) for fact in turn.asks]
        if turn.statement is not None:
            calls.append((ANSWER, {"sentences": raw_sentences(turn.statement)}))
        return AIMessage(
            content="" if calls else "(nothing that could be read)",
            tool_calls=[
                {"name": name, "args": args, "id": _call_id(number, i), "type": "tool_call"}
                for i, (name, args) in enumerate(calls)
            ],
        )

    def told(self, turn: Turn, number: int, results: Sequence[str], rest: str) -> list[BaseMessage]:
        """A result for each call; what else there is to say belongs to the last of them."""
        from langchain_core.messages import HumanMessage, ToolMessage

        answered = [*results, *("noted" for _ in turn.asks)]
        answered += ["read"] if turn.statement is not None else []
        told: list[BaseMessage] = [
            ToolMessage(content=text, tool_call_id=_call_id(number, i))
            for i, text in enumerate(answered)
        ]
        return [*told, HumanMessage(content=rest)] if rest else told


def read_prose(message: AIMessage, offer: Offer) -> Move:
    """A message without function calls: a JSON object if there is one, or tokens and prose."""
    text = text_of(message)
    if object_in(text) is not None or _OBJECT.match(text):
        return JsonDialect().read(message, offer)
    return TokenDialect().read(message, offer)


def call_name_of(tool: str) -> str:
    """The name by which a model calls a tool."""
    return call_name(ModelCard(name=tool))


def _call_id(number: int, position: int) -> str:
    return f"call-{number}-{position}"


def _function(name: str, description: str, parameters: dict[str, Any]) -> dict[str, Any]:
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


def _arguments(card: ModelCard, prompts: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {name: prompts[name] for name in card.prompts}
    if card.arguments:
        classes = {"type": "array", "items": {"enum": list(card.arguments)}}
        properties = {"classes": classes, **properties}
    return {"type": "object", "properties": properties}
