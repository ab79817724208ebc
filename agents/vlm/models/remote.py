"""A chat model behind a network: in time, tried again where that helps, with typed errors."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableBinding
from langchain_core.tools import BaseTool
from pydantic import Field

from agents.vlm.models.entry import PlannerEntry
from agents.vlm.models.errors import PlannerRefused, PlannerStopped, PlannerUnavailable
from agents.vlm.models.explaining import explain, place_of
from agents.vlm.models.messages import refuse_images, whole_result
from expert_models.runtime.within_time import (
    OutOfTimeError,
    StoppedError,
    Stopping,
    stream_within,
)

Item = TypeVar("Item")
_LONGEST_TOKEN = 64  # characters; the longest words of tokenizers are shorter
REPLIES: ContextVar[list[str] | None] = ContextVar("REPLIES", default=None)
"""What a server answered to the tries of one request, but for success."""


class BrokenOffError(PlannerUnavailable):
    """The answer broke off in the middle."""


class RemoteChatModel(BaseChatModel):
    """Any chat model behind a network, for a planner.

    Answers are streamed also where they are wanted whole: what breaks off is noticed, and what
    nobody waits for any more is stopped at the server. A call may be given less time than the
    entry states, and be called off: ``model.bind(timeout_s=10, stopping=cancellation.stopping)``.

    Attributes:
        entry: what it is; its ``model`` is the one that answers.
        inner: the library's model.
    """

    entry: PlannerEntry
    inner: BaseChatModel = Field(exclude=True, repr=False)

    @property
    def _llm_type(self) -> str:
        return self.entry.kind

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.entry.model, "base_url": self.entry.base_url}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind tools, described as the library does it for this model."""
        bound = self.inner.bind_tools(tools, tool_choice=tool_choice, **kwargs)
        # The library's own type for what it returns is wider than what it returns.
        return cast(
            "Runnable[LanguageModelInput, AIMessage]",
            self.bind(**cast("RunnableBinding[Any, Any]", bound).kwargs),
        )

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002  # nothing is handed out
        **kwargs: Any,
    ) -> ChatResult:
        until = time.monotonic() + self._limit_s(kwargs)
        for tries_left in reversed(range(self.entry.retries + 1)):
            try:
                return whole_result(self._chunks(messages, stop, until, kwargs))
            except BrokenOffError:
                if not tries_left:
                    raise
        raise AssertionError("unreachable: the last try returns or raises")

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        until = time.monotonic() + self._limit_s(kwargs)
        for chunk in self._chunks(messages, stop, until, kwargs):
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    def _limit_s(self, kwargs: dict[str, Any]) -> float:
        return min(self.entry.timeout_s, float(kwargs.pop("timeout_s", self.entry.timeout_s)))

    def _chunks(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        until: float,
        kwargs: dict[str, Any],
    ) -> Iterator[ChatGenerationChunk]:
        refuse_images(self.entry, messages)
        stopping: Stopping | None = kwargs.get("stopping")
        given = _past_the_parser({k: v for k, v in kwargs.items() if k != "stopping"})

        def answer() -> AsyncIterator[ChatGenerationChunk]:
            return self.inner._astream(messages, stop=stop, **given)  # noqa: SLF001  # the hook of every chat model; callbacks are ours

        begun, ended = False, self.entry.kind == "hosted"  # whose library says what broke off
        most = int(kwargs.get("max_tokens", self.entry.max_tokens))
        room = most * _LONGEST_TOKEN
        try:
            for chunk in timed(self.entry, answer, until - time.monotonic(), stopping):
                begun, ended = True, ended or _is_last(chunk)
                room -= _length(chunk)
                if room < 0:
                    raise PlannerRefused(
                        f"{place_of(self.entry)}: its answer is longer than the {most} tokens "
                        f"that it was asked for"
                    )
                yield chunk
        except PlannerUnavailable as error:
            # Before the answer began, the library has tried again already.
            if begun and time.monotonic() < until:
                raise BrokenOffError(f"{error} (in the middle of the answer)") from error
            raise
        if not ended:
            raise BrokenOffError(f"{place_of(self.entry)}: the answer broke off before its end")


def _past_the_parser(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, with a format of the answer where the client's own parser does not see it.

    That parser takes no tools but strict ones.
    """
    if "response_format" not in kwargs:
        return dict(kwargs)
    body = {**kwargs.get("extra_body", {}), "response_format": kwargs["response_format"]}
    rest = {name: value for name, value in kwargs.items() if name != "response_format"}
    return {**rest, "extra_body": body}


def _length(chunk: ChatGenerationChunk) -> int:
    calls = getattr(chunk.message, "tool_call_chunks", ())
    return len(chunk.text) + sum(len(call["args"] or "") for call in calls)


def _is_last(chunk: ChatGenerationChunk) -> bool:
    return bool((chunk.generation_info or {}).get("finish_reason"))


def timed(
    entry: PlannerEntry,
    source: Callable[[], AsyncIterator[Item]],
    limit_s: float,
    stopping: Stopping | None = None,
) -> Iterator[Item]:
    """What comes from a model, in time and with typed errors.

    Raises:
        PlannerError: if it does not come, or not in time, or is called off.
    """
    replies: list[str] = []

    async def explained() -> AsyncIterator[Item]:
        REPLIES.set(replies)
        try:
            async for item in source():
                yield item
        except Exception as error:  # a server's nonsense comes as any error
            raise explain(entry, error) from error

    try:
        yield from stream_within(explained, limit_s, stopping)
    except StoppedError as error:
        raise PlannerStopped(f"{place_of(entry)}: called off before it had answered") from error
    except OutOfTimeError as error:
        last = f"; before, it answered {replies[-1]}" if replies else ""
        raise PlannerUnavailable(
            f"{place_of(entry)}: no whole answer within {limit_s:.3g} s{last}"
        ) from error
