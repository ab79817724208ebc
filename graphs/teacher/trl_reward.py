"""The teacher as a reward function of TRL's ``GRPOTrainer``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agents.vlm.claims import Known
from dxtrace.clinical import Case, Finding
from graphs.teacher.completions import Completion, CompletionReader
from graphs.teacher.conversation import Conversation
from graphs.teacher.settings import RewardSettings
from graphs.teacher.teacher import Teacher
from graphs.workbench import default_workbench

_FINDINGS = TypeAdapter(tuple[Finding, ...])
_LOGGED = ("validity", "completeness", "calls", "consistency")


class ColumnError(ValueError):
    """A column that the reward needs is missing or is not what ``export`` writes."""


class CheckerReward:
    """Scores completions; give it to ``GRPOTrainer(reward_funcs=...)``.

    The data set needs the columns that ``dxtrace trace export --format grpo`` writes: ``case`` and
    ``findings`` (JSON texts), and, where they are there, ``packs`` (a list of names) and
    ``question``. Prompts and completions may be plain texts or lists of messages; tool calls,
    expert tokens and JSON are read, and earlier answers in the prompt bind the new one.

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
            self._conversation(prompt, completion, {k: _at(columns, k, i) for k in _COLUMNS})
            for i, (prompt, completion) in enumerate(zip(prompts, completions, strict=True))
        ]
        rewards = self.teacher.score_batch(conversations)
        log_metric: Callable[[str, float], None] | None = columns.get("log_metric")
        if log_metric is not None and rewards:
            for part in _LOGGED:
                log_metric(part, sum(getattr(r, part) for r in rewards) / len(rewards))
        return [r.total for r in rewards]

    def _conversation(
        self, prompt: Completion, completion: Completion, row: Mapping[str, Any]
    ) -> Conversation:
        case, findings = _evidence(row)
        known = Known(findings=frozenset(f.id for f in findings))
        question, packs = row["question"] or case.question or "", row["packs"]
        now = self._reader.read(completion, question, known)
        return Conversation(
            case=case, findings=findings, packs=None if packs is None else tuple(packs),
            exchanges=(*self._reader.said_before(prompt, known), now),
        )  # fmt: skip

    @cached_property
    def _reader(self) -> CompletionReader:
        return CompletionReader(default_workbench())

    def close(self) -> None:
        """End the worker processes, if there are any."""
        self.teacher.close()


_COLUMNS = ("case", "findings", "packs", "question")


def _at(columns: Mapping[str, Any], name: str, index: int) -> Any:
    column = columns.get(name)
    return None if column is None else column[index]


def _evidence(row: Mapping[str, Any]) -> tuple[Case, tuple[Finding, ...]]:
    for name in ("case", "findings"):
        if row[name] is None:
            raise ColumnError(f"column {name!r} is missing; dxtrace trace export writes it")
    try:
        return Case.model_validate_json(row["case"]), _FINDINGS.validate_json(row["findings"])
    except (ValidationError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise ColumnError(f"columns case and findings: expected JSON texts: {reason}") from error
