"""Which parts of the body, and which guidelines, a question names."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from dxtrace.knowledge.strict_yaml import parse_yaml

_FILE = Path(__file__).with_name("regions.yaml")


def named_regions(text: str) -> frozenset[str]:
    """The parts of the body that a text names."""
    lowered = text.lower()
    return frozenset(name for name, pattern in _patterns()[0].items() if pattern.search(lowered))


def region_names() -> tuple[str, ...]:
    """The parts of the body that are told apart."""
    return tuple(sorted(_patterns()[0]))


def named_guidelines(text: str) -> frozenset[str]:
    """The guidelines that a text names, of those that are often asked for."""
    lowered = text.lower()
    return frozenset(name for name, pattern in _patterns()[1].items() if pattern.search(lowered))


def names_treatment(text: str) -> bool:
    """Whether a text speaks of treating."""
    return _patterns()[2].search(text) is not None


def without_guidelines(text: str) -> str:
    """The text with the names of those guidelines blanked: they may hold the names of others."""
    for pattern in _patterns()[1].values():
        text = pattern.sub(lambda match: " " * len(match.group()), text)
    return text


@cache
def _patterns() -> tuple[dict[str, re.Pattern[str]], dict[str, re.Pattern[str]], re.Pattern[str]]:
    read = parse_yaml(_FILE.read_text(encoding="utf-8"), trusted=True)
    regions = {name: _whole("|".join(words)) for name, words in read["regions"].items()}
    guidelines = {name: _whole(words) for name, words in read["guidelines"].items()}
    return regions, guidelines, _whole("|".join(read["treatment"]))


def _whole(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{words})(?!\w)", re.IGNORECASE)
