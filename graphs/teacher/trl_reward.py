"""The teacher as a reward function of TRL's ``GRPOTrainer``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from dxtrace.clinical import Arguments, CallRequest, Case, Finding
from graphs.teacher.conversation import Conversation, Exchange
from graphs.teacher.settings import RewardSettings
from graphs.teacher.teacher import Teacher

Message = Mapping[str, Any]
Completion = str | Sequence[Message]
_FINDINGS = TypeAdapter(tuple[Finding, ...])
_LOGGED = ("validity", "completeness", "calls", "consistency")


class ColumnError(ValueError):
    """A column that the reward needs is missing or is not what ``export`` writes."""


class CheckerReward:
    """Scores completions; give it to ``GRPOTrainer(reward_funcs=...)``.

    The data set needs the columns that ``dxtrace trace export --format grpo`` writes: ``case`` and
    ``findings`` (JSON texts), and, where they are there, ``packs`` (a list of names) and
    ``question``. Prompts and completions may be plain texts or lists of messages; in messages, tool
    calls are read, and earlier answers in the prompt are what the new one must agree with.

    Args:
        settings: what things are worth.
        workers: processes; they live as long as this object.
    """

    def __init__(self, *, settings: RewardSettings | None = None, workers: int = 1) -> None:
        self.teacher = Teacher(settings=settings, workers=workers)
        self.__name__ = "checker_reward"
        """How a trainer calls it in its logs."""

    def __call__(
        self, prompts: Sequence[Completion], completions: Sequence[Completion], **columns: Any
    ) -> list[float]:
        """A reward from -1 to 1 for each completion.

        Args:
            prompts: the prompts, one a completion.
            completions: what the model made of them.
            columns: the other columns of the data set, each with one entry a completion, and what a
                trainer adds; of that, ``log_metric`` is told the means of the parts.

        Raises:
            ColumnError: if ``case`` or ``findings`` is missing or cannot be read.
        """
        conversations = [
            _conversation(prompt, completion, {k: _at(columns, k, i) for k in _COLUMNS})
            for i, (prompt, completion) in enumerate(zip(prompts, completions, strict=True))
        ]
        rewards = self.teacher.score_batch(conversations)
        log_metric: Callable[[str, float], None] | None = columns.get("log_metric")
        if log_metric is not None and rewards:
            for part in _LOGGED:
                log_metric(part, sum(getattr(r, part) for r in rewards) / len(rewards))
        return [r.total for r in rewards]

    def close(self) -> None:
        """End the worker processes, if there are any."""
        self.teacher.close()


_COLUMNS = ("case", "findings", "packs", "question")


def _at(columns: Mapping[str, Any], name: str, index: int) -> Any:
    column = columns.get(name)
    return None if column is None else column[index]


def _conversation(
    prompt: Completion, completion: Completion, row: Mapping[str, Any]
) -> Conversation:
    for name in ("case", "findings"):
        if row[name] is None:
            raise ColumnError(f"column {name!r} is missing; dxtrace trace export writes it")
    try:
        case = Case.model_validate_json(row["case"])
        findings = _FINDINGS.validate_json(row["findings"])
    except (ValidationError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise ColumnError(f"columns case and findings: expected JSON texts: {reason}") from error
    question = row["question"] or case.question or ""
    packs = row["packs"]
    earlier = [] if isinstance(prompt, str) else _said_before(prompt)
    return Conversation(
        case=case, findings=findings, packs=None if packs is None else tuple(packs),
        exchanges=(*earlier, exchange_of(completion, question)),
    )  # fmt: skip


def _said_before(prompt: Sequence[Message]) -> list[Exchange]:
    """Earlier answers in a prompt, each with the question before it; the last question is open."""
    found: list[Exchange] = []
    question, messages = "", list[Message]()
    for message in prompt:
        if message["role"] == "user":
            if messages:
                found.append(exchange_of(messages, question, given=True))
            question, messages = text_of(message), []
        elif message["role"] == "assistant":
            messages.append(message)
    return [*found, exchange_of(messages, question, given=True)] if messages else found


def exchange_of(completion: Completion, question: str, *, given: bool = False) -> Exchange:
    """A completion as an exchange: the words of the last message, the calls of all."""
    if isinstance(completion, str):
        return Exchange(question=question, answer=completion, given=given)
    own = [m for m in completion if m.get("role", "assistant") == "assistant"]
    calls, unreadable = _calls(own)
    answer = text_of(own[-1]) if own else ""
    return Exchange(
        question=question, answer=answer, calls=calls, unreadable=unreadable, given=given
    )


def text_of(message: Message) -> str:
    """The words of a message; pictures are left out."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part["text"]) for part in content if part.get("type") == "text")


def _calls(messages: Iterable[Message]) -> tuple[tuple[CallRequest, ...], tuple[str, ...]]:
    calls: list[CallRequest] = []
    unreadable: list[str] = []
    for message in messages:
        for call in message.get("tool_calls") or ():
            try:
                calls.append(_call(call))
            except (ValueError, TypeError, KeyError, AttributeError):
                unreadable.append(json.dumps(call, ensure_ascii=False, default=str)[:200])
    return tuple(calls), tuple(unreadable)


def _call(call: Message) -> CallRequest:
    function = call.get("function") or call
    arguments = function.get("arguments") or {}
    if isinstance(arguments, str):
        arguments = json.loads(arguments)
    return CallRequest(tool=function["name"], arguments=Arguments.model_validate(arguments))
