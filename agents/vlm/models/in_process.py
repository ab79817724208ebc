"""Models in this process as chat models: their own chat template, their own form of tool calls."""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from threading import Event
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    convert_to_openai_messages,
)
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from agents.vlm.models.entry import PlannerEntry
from agents.vlm.models.errors import PlannerRefused, PlannerStopped, PlannerUnavailable
from agents.vlm.models.messages import refuse_images, whole_result
from agents.vlm.models.tool_calls import Said, held_back, read_calls
from agents.vlm.thinking import thought_spans
from expert_models.errors import ToolRefusal
from expert_models.image_text.writing import HowToWrite, Piece, Prompt, Writer
from expert_models.runtime.within_time import OutOfTimeError, Stopping

_MARKS = re.compile(
    r"tool|args|call|python|function|parameter|think|thought|unused9[45]", re.IGNORECASE
)


def open_in_process(entry: PlannerEntry) -> InProcessChatModel:
    """Load a model; the last one that was loaded stays in memory.

    Raises:
        PlannerUnavailable: if a library or a file is missing, or the folder holds something else.
    """
    folder = Path(entry.model)
    if not folder.is_dir():
        raise PlannerUnavailable(f"{entry.name}: expected a model's folder, got none at {folder}")
    stated = "context_tokens" in entry.model_fields_set
    try:
        writer = _load(entry, folder, stated=stated)
    except ToolRefusal as error:
        raise PlannerUnavailable(f"{entry.name}: {error}") from error
    return InProcessChatModel(entry=entry.fitted(writer.context_tokens), writer=writer)


def _load(entry: PlannerEntry, folder: Path, *, stated: bool) -> Writer:
    if entry.kind == "vllm":
        from expert_models.image_text.vllm_writer import load_vllm_writer

        return load_vllm_writer(folder, entry.images, entry.context_tokens if stated else None)
    from expert_models.image_text.transformers_writer import load_transformers_writer

    return load_transformers_writer(folder)


class InProcessChatModel(BaseChatModel):
    """A model of this process.

    Attributes:
        entry: what it is.
        writer: the loaded model.
    """

    entry: PlannerEntry
    writer: Any = Field(exclude=True, repr=False)

    @property
    def _llm_type(self) -> str:
        return self.entry.kind

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.entry.model}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools, as the model's chat template shows them to it.

        Raises:
            PlannerRefused: if the template shows none, or a choice is to be forced.
        """
        if not self.writer.takes_tools:
            raise PlannerRefused(
                f"{self.entry.name}: its chat template takes no tools: dialect json or tokens does"
            )
        if tool_choice not in (None, "auto"):
            raise PlannerRefused(f"{self.entry.name}: a tool cannot be forced, got {tool_choice!r}")
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return whole_result(self._stream(messages, stop, run_manager, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        refuse_images(self.entry, messages)
        how = HowToWrite(
            max_tokens=int(kwargs.get("max_tokens", self.entry.max_tokens)),
            temperature=float(kwargs.get("temperature", self.entry.temperature)),
            stop=tuple(stop or ()),
            limit_s=min(self.entry.timeout_s, float(kwargs.get("timeout_s", math.inf))),
        )
        prompt = Prompt(messages_for_writer(messages), kwargs.get("tools", ()))
        stopping: Stopping | None = kwargs.get("stopping")
        stopped = Event()
        try:
            with stopping(stopped.set) if stopping else nullcontext():
                for chunk in self._chunks(prompt, how, stopped):
                    if run_manager:
                        run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk
        except ToolRefusal as error:
            raise PlannerRefused(f"{self.entry.name}: {error}") from error
        except OutOfTimeError as error:
            raise PlannerUnavailable(
                f"{self.entry.name}: no whole answer within {how.limit_s:.3g} s"
            ) from error

    def _chunks(
        self, prompt: Prompt, how: HowToWrite, stopped: Event
    ) -> Iterator[ChatGenerationChunk]:
        answer = _Answer(
            tuple(tool["function"]["name"] for tool in prompt.tools), self.writer.control_tokens
        )
        pieces: Iterator[Piece] = self.writer.write(prompt, how)
        for piece in pieces:
            if stopped.is_set():
                raise PlannerStopped(f"{self.entry.name}: called off before it had answered")
            shown = answer.add(piece.text)
            if shown:
                yield ChatGenerationChunk(message=AIMessageChunk(content=shown))
            if piece.finish is not None:
                yield _last_chunk(answer.rest(), piece)


class _Answer:
    """An answer as it comes: words at once, what may be a call when it is whole.

    Args:
        tools: names of the tools that were offered; without any, all is words.
        control_tokens: what is no text.
    """

    def __init__(self, tools: Sequence[str], control_tokens: frozenset[str]) -> None:
        self._tools, self._tokens = tools, control_tokens
        self._ends = frozenset(token for token in control_tokens if not _MARKS.search(token))
        self._shown = self._held = ""

    def add(self, text: str) -> str:
        """Take more of the answer; what of it is words for sure is returned."""
        if not self._tools:
            return text
        self._held += text
        place = held_back(self._held)
        shown, self._held = _without(self._held[:place], self._ends), self._held[place:]
        self._shown += shown
        return shown

    def rest(self) -> Said:
        """What was kept until the end: thoughts as they are, and calls from outside of them."""
        start = len(self._shown)
        whole = self._shown + _without(self._held, self._ends)
        thoughts, last, free = "", start, ""
        for begin, end in thought_spans(whole):
            free += whole[last : max(last, begin)]
            thoughts += whole[max(last, begin) : end]
            last = max(last, end)
        said = read_calls(free + whole[last:], self._tools)
        return Said(thoughts + _without(said.text, self._tokens), said.calls)


def _without(text: str, tokens: frozenset[str]) -> str:
    for token in tokens:
        text = text.replace(token, "")
    return text


def _last_chunk(said: Said, piece: Piece) -> ChatGenerationChunk:
    calls = [
        # Nine letters and digits are what some templates want of an id.
        tool_call_chunk(name=call.name, args=call.arguments, id=f"call{n:05d}", index=n)
        for n, call in enumerate(said.calls)
    ]
    usage = UsageMetadata(
        input_tokens=piece.prompt_tokens,
        output_tokens=piece.answer_tokens,
        total_tokens=piece.prompt_tokens + piece.answer_tokens,
    )
    message = AIMessageChunk(content=said.text, tool_call_chunks=calls, usage_metadata=usage)
    finish = "tool_calls" if calls and piece.finish == "stop" else piece.finish
    return ChatGenerationChunk(message=message, generation_info={"finish_reason": finish})


def messages_for_writer(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Messages as a writer in this process takes them, with pictures instead of their data.

    Raises:
        PlannerRefused: if a picture's data is none.
    """
    return [_message(m) for m in _plain(messages)]


def _plain(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    found = convert_to_openai_messages(list(messages), text_format="block")
    return found if isinstance(found, list) else [found]


def _message(message: dict[str, Any]) -> dict[str, Any]:
    """A message of OpenAI's shape as a writer takes it."""
    content = message.get("content") or []
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    shaped = {**message, "content": [_part(part) for part in content]}
    if message.get("tool_calls"):
        shaped["tool_calls"] = [
            {**call, "function": {**call["function"], "arguments": _arguments(call)}}
            for call in message["tool_calls"]
        ]
    return shaped


def _arguments(call: dict[str, Any]) -> Any:
    return json.loads(call["function"]["arguments"])


def _part(part: dict[str, Any]) -> dict[str, Any]:
    if part["type"] != "image_url":
        return part
    from PIL import Image, UnidentifiedImageError

    head, _, data = part["image_url"]["url"].partition(",")
    if not head.startswith("data:image/"):
        raise PlannerRefused(f"expected an image's data, got {head!r:.60}")
    try:
        with Image.open(io.BytesIO(base64.b64decode(data, validate=True))) as picture:
            return {"type": "image", "image": picture.convert("RGB")}
    except (binascii.Error, UnidentifiedImageError, OSError) as error:
        raise PlannerRefused(f"expected an image, got {error}") from error
