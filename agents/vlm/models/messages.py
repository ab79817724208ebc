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

    (LangChain itself closes open brackets, and would take half of the arguments for all.)
    """
    whole = AIMessageChunk(content="")
    info: dict[str, Any] = {}
    for chunk in chunks:
        whole += chunk.message  # type: ignore[assignment]  # of two AI chunks it is one
        info.update(chunk.generation_info or {})
    calls, invalid = _calls(whole)
    message = AIMessage(
        content=whole.content,
        tool_calls=calls,
        invalid_tool_calls=invalid,
        usage_metadata=whole.usage_metadata,
        response_metadata={**whole.response_metadata, **info},
        id=whole.id,
    )
    return ChatResult(generations=[ChatGeneration(message=message, generation_info=info)])


def _calls(whole: AIMessageChunk) -> tuple[list[ToolCall], list[InvalidToolCall]]:
    calls: list[ToolCall] = []
    invalid: list[InvalidToolCall] = []
    for chunk in whole.tool_call_chunks:
        name, text, call_id = chunk["name"] or "", chunk["args"] or "", chunk["id"]
        try:
            arguments = json.loads(text or "{}")
        except ValueError as error:
            reason = f"the arguments are no JSON: {error}"
        else:
            if name and isinstance(arguments, dict):
                calls.append(tool_call(name=name, args=arguments, id=call_id))
                continue
            reason = "expected a JSON object of arguments" if name else "the call names no tool"
        invalid.append(invalid_tool_call(name=name, args=text, id=call_id, error=reason))
    return calls, invalid
