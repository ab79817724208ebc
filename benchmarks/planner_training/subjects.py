"""What is asked about: findings that can be said and read back, and invented structures."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from dxtrace.clinical import Case, Presence
from graphs.workbench import Workbench

_WORDINGS = Path(__file__).parent / "wordings.yaml"
_ASKED = ("finding", "lesion")


@dataclass(frozen=True)
class Subject:
    """A finding that an answer can speak of.

    Attributes:
        concept: its key.
        name: what it is called.
    """

    concept: str
    name: str


def readable_subjects(
    bench: Workbench, names: Mapping[str, str], keys: Iterable[str] = ()
) -> Iterator[Subject]:
    """The concepts whose names the checker's reader takes for what they are, said and denied.

    Args:
        bench: the reader.
        names: what concepts are called, by key.
        keys: those to try; all that are findings, if there are none.
    """
    concepts = bench.knowledge.vocabulary.concepts
    for key in keys or [k for k, c in concepts.items() if c.kind in _ASKED]:
        name = names[key]
        said = all(
            _is_read(bench, sentence_on(name, presence), key, presence)
            for presence in (Presence.PRESENT, Presence.ABSENT)
        )
        if said:
            yield Subject(key, name)


def sentence_on(name: str, presence: Presence, side: str = "") -> str:
    """A finding in a sentence."""
    if presence is Presence.ABSENT:
        return f"There is no {name}."
    return f"There is {name} on the {side}." if side else f"There is {name}."


def _is_read(bench: Workbench, sentence: str, key: str, presence: Presence) -> bool:
    read = bench.statement_reader.read(sentence, Case(id="sentence"))
    said = [(c.concept, c.presence) for c in read.claims]
    return said == [(key, presence)] and not read.unknown and not read.open


@cache
def _wordings() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = yaml.safe_load(_WORDINGS.read_text(encoding="utf-8"))
    return found


def question_on(rng: random.Random, kind: str, *, held_out: bool, **words: str) -> str:
    """A question.

    Args:
        rng: decides the wording.
        kind: ``find``, ``mark`` or ``both``.
        held_out: whether in a wording that is kept for the examination.
        words: what is asked about.
    """
    wording = rng.choice(_wordings()["held_out" if held_out else "training"][kind])
    said = wording.format(**words)
    return said[0].upper() + said[1:]
