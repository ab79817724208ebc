"""What a model that writes is asked, and what comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Message = Mapping[str, Any]
"""``role`` (system, user, assistant, tool) and ``content``: a list of ``{"type": "text", "text":
...}`` and ``{"type": "image", "image": PIL.Image.Image}``; with ``tool_calls`` (OpenAI's shape, the
arguments an object) from an assistant, ``name`` and ``tool_call_id`` from a tool."""


@dataclass(frozen=True)
class Prompt:
    """A conversation that is to be continued.

    Attributes:
        messages: what was said.
        tools: JSON schemas of functions, in OpenAI's shape.
    """

    messages: Sequence[Message]
    tools: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class HowToWrite:
    """How the answer is written.

    Attributes:
        max_tokens: how much at most.
        temperature: 0 for the likeliest words.
        stop: texts that end it.
        limit_s: after so many seconds it ends, unfinished.
    """

    max_tokens: int
    temperature: float = 0.0
    stop: tuple[str, ...] = ()
    limit_s: float = 600.0


@dataclass(frozen=True)
class Piece:
    """A piece of an answer; the last one has no text but says why it ended.

    Attributes:
        text: words; control tokens are kept if there are tools, since calls are marked by them.
        finish: ``stop`` or ``length``.
        prompt_tokens: how long the prompt was, images included.
        answer_tokens: how long the answer is.
    """

    text: str = ""
    finish: Literal["stop", "length"] | None = None
    prompt_tokens: int = 0
    answer_tokens: int = 0


class Writer(Protocol):
    """A loaded model."""

    takes_tools: bool
    """Whether its chat template shows tools, calls and results to it."""
    context_tokens: int
    """How much it can read and write at once."""
    control_tokens: frozenset[str]
    """What is no text in its answers."""

    def write(self, prompt: Prompt, how: HowToWrite) -> Iterator[Piece]:
        """Continue a conversation; closing the iterator stops the model.

        Raises:
            ToolRefusal: if the prompt does not fit the model, or the model the memory.
            OutOfTimeError: if it has not ended in time.
        """
        ...
