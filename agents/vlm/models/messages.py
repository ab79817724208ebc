"""Messages on their way in and out: how many images they hold, and an answer made whole."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    InvalidToolCall,
    ToolCall,
)
from langchain_core.messages.tool import invalid_tool_call, tool_call
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from agents.vlm.models.entry import PlannerEntry
from agents.vlm.models.errors import PlannerRefused
from agents.vlm.thinking import is_thought, thought_spans

NO_OBJECT = "its arguments are no JSON object"
THOUGHT = "it stands in the middle of a thought, and was not made"
_IMAGES = frozenset({"image", "image_url"})


def refuse_images(entry: PlannerEntry, messages: Iterable[BaseMessage]) -> None:
    """Refuse more images than the model takes.

    Raises:
        PlannerRefused: if there are more.
    """
    count = sum(
        isinstance(block, dict) and block.get("type") in _IMAGES
        for message in messages
        if isinstance(message.content, list)
        for block in message.content
    )
    if count > entry.images:
        raise PlannerRefused(f"{entry.name}: expected at most {entry.images} images, got {count}")


def whole_result(chunks: Iterable[ChatGenerationChunk]) -> ChatResult:
    """An answer from its pieces; a tool call whose arguments are no JSON object is invalid.

    So is one that was made in the middle of a thought: a parser of calls that knows nothing of
    thoughts finds it there. (LangChain itself closes open brackets, and would take half of the
    arguments for all.)
    """
    pieces: list[Any] = []
    begun: dict[int | str | None, int] = {}
    said = ""
    info: dict[str, Any] = {}
    for chunk in chunks:
        for call in getattr(chunk.message, "tool_call_chunks", ()):
            begun.setdefault(call["index"], len(said))
        said += chunk.text
        pieces.append(chunk.message)
        info.update(chunk.generation_info or {})
    # All at once: piece by piece, the arguments so far would be read anew with each piece.
    whole = AIMessageChunk(content="") + pieces
    spans = thought_spans(said)
    thought = frozenset(index for index, place in begun.items() if is_thought(place, spans))
    calls, invalid = _calls(whole, thought)
    message = AIMessage(
        content=whole.content,
        tool_calls=calls,
        invalid_tool_calls=invalid,
        usage_metadata=whole.usage_metadata,
        response_metadata={**whole.response_metadata, **info},
        id=whole.id,
    )
    return ChatResult(generations=[ChatGeneration(message=message, generation_info=info)])


def _calls(
    whole: AIMessageChunk, thought: frozenset[int | str | None]
) -> tuple[list[ToolCall], list[InvalidToolCall]]:
    calls: list[ToolCall] = []
    invalid: list[InvalidToolCall] = []
    for chunk in whole.tool_call_chunks:
        name, text, call_id = chunk["name"] or "", chunk["args"] or "", chunk["id"]
        arguments = _arguments(text)
        if chunk["index"] in thought:
            reason = THOUGHT
        elif arguments is None:
            reason = NO_OBJECT
        elif not name:
            reason = "the call names no tool"
        else:
            calls.append(tool_call(name=name, args=arguments, id=call_id))
            continue
        invalid.append(invalid_tool_call(name=name, args=text, id=call_id, error=reason))
    return calls, invalid


def _arguments(text: str) -> dict[str, Any] | None:
    try:
        arguments = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return None
    return arguments if isinstance(arguments, dict) else None
