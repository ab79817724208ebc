"""Clinicians' shorthand, spelled out as guidelines do."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from dxtrace.knowledge.strict_yaml import parse_yaml

_FILE = Path(__file__).with_name("shorthand.yaml")


def spelled_out(question: str) -> str:
    """The question in the words of guidelines."""
    for pattern, words in _entries():
        question = pattern.sub(words, question)
    return question


@cache
def _entries() -> tuple[tuple[re.Pattern[str], str], ...]:
    read = parse_yaml(_FILE.read_text(encoding="utf-8"), trusted=True)
    return tuple(
        (re.compile(rf"(?<![\w-])(?:{short})(?![\w-])", re.IGNORECASE), words)
        for short, words in read
    )
