"""Lessons as numbers: tokens, pictures, and which tokens are to be learned."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from agents.vlm.models.in_process import messages_for_writer
from benchmarks.planner_training.lessons import Lesson, School
from benchmarks.planner_training.network import END, PICTURE, PICTURE_TOKENS
from expert_models.image_text.chat_template import ChatTemplate

IGNORED = -100
_EXERCISES, _EXERCISES_LATE = 0.5, 0.4  # of the rows at first; of that share, later
_EXERCISED = 4_000  # rows
_OF_CALLS = 0.7  # of the exercises
_REPEATED = 1_000  # rows: so long half of the exercises are the easiest
_REPEATS = (10, 60)
_PAIRS = (4, 16)
_KEY, _VALUE, _NAME = (1, 5), (2, 9), (2, 8)


@dataclass(frozen=True)
class Row:
    """A conversation in tokens.

    Attributes:
        ids: the tokens, the answer included.
        labels: the same where they are to be learned, else ``IGNORED``.
        pixels: of its pictures.
        last: where the answer that is asked for begins.
    """

    ids: list[int]
    labels: list[int]
    pixels: tuple[Tensor, ...] = ()
    last: int = 0


@dataclass(frozen=True)
class Batch:
    """Rows of about one length, filled up to the longest."""

    ids: Tensor
    labels: Tensor
    mask: Tensor
    pixels: Tensor | None
    last: Tensor


class RowMaker:
    """Makes rows; a prompt has the very tokens that it has when the model plans.

    Args:
        processor: of the model.
    """

    def __init__(self, processor: Any) -> None:
        self._processor, self._tokenizer = processor, processor.tokenizer
        self._template = ChatTemplate(processor, "own")
        self._speaks = self._tokenizer.convert_tokens_to_ids("<|assistant|>")

    def text_of(self, lesson: Lesson) -> tuple[str, tuple[Any, ...]]:
        """The prompt and its pictures."""
        from expert_models.image_text.writing import Prompt

        messages = self._template.prepare(Prompt(messages_for_writer(lesson.messages)))
        pictures = [
            part["image"] for m in messages if isinstance(m["content"], list)
            for part in m["content"] if part["type"] == "image"
        ]  # fmt: skip
        return str(self._template.render(messages, (), tokenize=False)), tuple(pictures)

    def row(self, lesson: Lesson) -> Row:
        """A lesson; of what the planner said only the last is learned, which has its thoughts."""
        prompt, pictures = self.text_of(lesson)
        prompt = prompt.replace(PICTURE, PICTURE * PICTURE_TOKENS)
        before, said = self._cut(prompt), self._cut(lesson.written + END)
        labels = [IGNORED] * len(before) + said
        pixels = [
            self._processor.image_processor(p, return_tensors="pt").pixel_values[0]
            for p in pictures
        ]
        return Row(before + said, labels, tuple(pixels), len(before))

    def repeating(self, rng: random.Random) -> Row:
        """An exercise: pieces of words drawn at random, and the same again."""
        once = self._drawn(rng, _REPEATS)
        return Row(once + once, [IGNORED] * len(once) + once, (), len(once))

    def looking_up(self, rng: random.Random) -> Row:
        """An exercise: a list of keys and values, then each key asked for its value.

        Keys and values are drawn at random, so that nothing but looking up helps.
        """
        line, colon, close = self._cut("\n"), self._cut(": <"), self._cut(">")
        pairs = [
            (self._drawn(rng, _KEY), self._drawn(rng, _VALUE)) for _ in range(rng.randint(*_PAIRS))
        ]
        ids = [i for key, value in pairs for i in (*line, *key, *colon, *value, *close)]
        labels = [IGNORED] * len(ids)
        for key, value in rng.sample(pairs, len(pairs)):
            asked = [*line, *key, self._speaks, colon[-1]]
            ids += [*asked, *value, *close]
            labels += [*[IGNORED] * len(asked), *value, *close]
        return Row(ids, labels, (), len(ids))

    def calling(self, rng: random.Random) -> Row:
        """An exercise: what experts mark, and calls that name both the expert and what is asked."""
        ids: list[int] = []
        known = []
        for _ in range(rng.randint(1, 3)):
            name = self._drawn(rng, _NAME)
            for _ in range(rng.randint(1, 5)):
                known.append((self._drawn(rng, _KEY), name))
                ids += [*self._cut("\nCT"), *self._call(*known[-1])]
        labels = [IGNORED] * len(ids)
        for key, name in rng.sample(known, len(known)):
            asked = [self._speaks, *self._cut("<think>Asked for:")]
            call = self._call(key, name)
            ids += [*asked, *call]
            labels += [*[IGNORED] * (len(asked) + len(key)), *call[len(key) :]]
        return Row(ids, labels, (), len(ids))

    def _call(self, key: list[int], name: list[int]) -> list[int]:
        return [*key, *self._cut(": <"), *key, *self._cut("@"), *name, *self._cut(">")]

    def _cut(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False).input_ids)

    def _drawn(self, rng: random.Random, length: tuple[int, int]) -> list[int]:
        first, most = len(self._tokenizer.added_tokens_decoder), len(self._tokenizer)
        return [rng.randrange(first, most) for _ in range(rng.randint(*length))]


class Lessons(Dataset[Row]):
    """Rows by number: lessons, and among them exercises in copying, many at first.

    Args:
        school: makes lessons.
        maker: makes rows.
        rows: how many there are.
    """

    def __init__(self, school: School, maker: RowMaker, rows: int) -> None:
        self._school, self._maker, self._rows = school, maker, rows

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, number: int) -> Row:
        rng = random.Random(number)  # noqa: S311  # no secret
        share = _EXERCISES * max(_EXERCISES_LATE, 1 - number / _EXERCISED)
        if rng.random() < share:
            return self._exercise(rng, number)
        return self._maker.row(self._school.lesson(number))

    def _exercise(self, rng: random.Random, number: int) -> Row:
        if number < _REPEATED and rng.random() < 1 / 2:
            return self._maker.repeating(rng)
        if rng.random() < _OF_CALLS:
            return self._maker.calling(rng)
        return self._maker.looking_up(rng)


def batches_of(rows: Sequence[Row], tokens: int, pad: int) -> list[Batch]:
    """Rows sorted by length, in batches of about so many tokens."""
    if not rows:
        return []
    ordered = sorted(rows, key=lambda r: len(r.ids))
    starts, longest = [0], 0
    for number, row in enumerate(ordered):
        longest = max(longest, len(row.ids))
        if number > starts[-1] and longest * (number + 1 - starts[-1]) > tokens:
            starts.append(number)
            longest = len(row.ids)
    return [_batch(ordered[a:b], pad) for a, b in pairwise([*starts, len(ordered)])]


def _batch(rows: Sequence[Row], pad: int) -> Batch:
    longest = max(len(r.ids) for r in rows)

    def filled(values: list[list[int]], by: int) -> Tensor:
        return torch.tensor([v + [by] * (longest - len(v)) for v in values])

    pixels = [p for r in rows for p in r.pixels]
    return Batch(
        ids=filled([r.ids for r in rows], pad),
        labels=filled([r.labels for r in rows], IGNORED),
        mask=filled([[1] * len(r.ids) for r in rows], 0),
        pixels=torch.stack(pixels) if pixels else None,
        last=torch.tensor([r.last for r in rows]),
    )
