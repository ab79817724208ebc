"""Experts that nobody has: cards with invented names, in any order, for what there is to ask."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from benchmarks.planner_training.invented import invented_name, invented_word
from benchmarks.planner_training.subjects import Subject
from expert_models import ModelCard

ORGANS = (
    "spleen", "liver", "left kidney", "right kidney", "aorta", "pancreas", "stomach", "bladder",
    "left lung", "right lung", "heart", "gallbladder", "hepatic tumor", "colon", "prostate",
)  # fmt: skip
_TASKS = ("segmentation", "detection", "classification", "measurement")
_MOST_CARDS = 5
_MOST_FINDINGS = 5
_MOST_CLASSES = 6
_INVENTED = 0.6  # of the classes
_TAKES_CLASSES, _TAKES_NONE, _FINDS_NOTHING = 0.35, 0.1, 0.08  # of the experts


@dataclass(frozen=True)
class Asked:
    """Something that an expert can be asked for.

    Attributes:
        card: the expert.
        subject: a finding that it reports; None for a structure.
        word: a structure that it marks; empty for a finding.
    """

    card: ModelCard
    subject: Subject | None
    word: str = ""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that a call for it names."""
        return (self.word,) if self.word in self.card.arguments else ()


def random_cards(
    rng: random.Random, subjects: Sequence[Subject], modality: str, *, held_out: bool
) -> tuple[ModelCard, ...]:
    """One to five experts; no two report the same finding or mark the same structure."""
    # At least half of the findings are left for questions that no expert can answer.
    left = rng.sample(list(subjects), min(len(subjects) // 2, _MOST_CARDS * _MOST_FINDINGS))
    words = _words(rng, held_out=held_out)
    names: set[str] = set()
    cards = []
    for _ in range(rng.randint(1, _MOST_CARDS)):
        while (name := invented_name(rng, held_out=held_out)).lower() in names:
            continue
        names.add(name.lower())
        cards.append(ModelCard(name=name, **_what_it_does(rng, modality, left, words)))
    return tuple(cards)


def _what_it_does(
    rng: random.Random, modality: str, left: list[Subject], words: Iterator[str]
) -> dict[str, Any]:
    """The fields of a card that say so.

    Args:
        rng: decides.
        modality: of the case.
        left: findings that no expert reports yet; those taken are removed.
        words: names of structures.
    """
    drawn = rng.random()
    if drawn < _FINDS_NOTHING:
        return {"task": "retrieval", "prompts": ("phrases",)}
    fields = {"accepts": ("image",), "modalities": (modality,), "task": rng.choice(_TASKS)}
    if drawn < _FINDS_NOTHING + _TAKES_CLASSES:
        return {**fields, "arguments": _some(rng, words)}
    if drawn < _FINDS_NOTHING + _TAKES_CLASSES + _TAKES_NONE:
        return {**fields, "marks": tuple(w.replace(" ", "_") for w in _some(rng, words))}
    taken = [left.pop() for _ in range(min(len(left), rng.randint(1, _MOST_FINDINGS)))]
    return {**fields, "produces": tuple(s.concept for s in taken)}


def _some(rng: random.Random, words: Iterator[str]) -> tuple[str, ...]:
    return tuple(islice(words, rng.randint(1, _MOST_CLASSES)))


def askable(cards: Sequence[ModelCard], subjects: Sequence[Subject]) -> list[Asked]:
    """All that the experts can be asked for."""
    known = {s.concept: s for s in subjects}
    found = [Asked(c, known[key]) for c in cards for key in c.produces if key in known]
    found += [Asked(c, None, word) for c in cards for word in c.arguments]
    return [*found, *(Asked(c, None, mark.replace("_", " ")) for c in cards for mark in c.marks)]


def _words(rng: random.Random, *, held_out: bool) -> Iterator[str]:
    seen: set[str] = set()
    while True:
        word = (
            invented_word(rng, held_out=held_out)
            if held_out or rng.random() < _INVENTED
            else rng.choice(ORGANS)
        )
        if word not in seen:
            seen.add(word)
            yield word
