"""Which parts of the body, which guidelines, and what of them a question is after."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from dxtrace.knowledge.strict_yaml import parse_yaml

_FILE = Path(__file__).with_name("regions.yaml")
_Patterns = dict[str, re.Pattern[str]]


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


def named_aspects(text: str) -> frozenset[str]:
    """What a text speaks of besides findings and categories: treatment, outlook, cost ..."""
    lowered = text.lower()
    return frozenset(name for name, pattern in _patterns()[2].items() if pattern.search(lowered))


def named_examinations(text: str) -> frozenset[str]:
    """The examinations that a text names, by DICOM modality in lower case (``es``: endoscopy)."""
    lowered = text.lower()
    return frozenset(name for name, pattern in _patterns()[3].items() if pattern.search(lowered))


def without_guidelines(text: str) -> str:
    """The text with the names of those guidelines blanked: they may hold the names of others."""
    for pattern in _patterns()[1].values():
        text = pattern.sub(lambda match: " " * len(match.group()), text)
    return text


@cache
def _patterns() -> tuple[_Patterns, _Patterns, _Patterns, _Patterns]:
    read = parse_yaml(_FILE.read_text(encoding="utf-8"), trusted=True)
    regions = {name: _whole("|".join(words)) for name, words in read["regions"].items()}
    guidelines = {name: _whole(words) for name, words in read["guidelines"].items()}
    aspects = {name: _whole("|".join(words)) for name, words in read["aspects"].items()}
    examinations = {name: _whole("|".join(words)) for name, words in read["examinations"].items()}
    return regions, guidelines, aspects, examinations


def _whole(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{words})(?!\w)", re.IGNORECASE)
