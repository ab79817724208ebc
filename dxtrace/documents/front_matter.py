"""What the front matter of a Markdown file says of the document, and what of it cannot be used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from dxtrace.clinical.web_address import EXPECTED_ADDRESS, web_address
from dxtrace.documents.blocks import Facts, one_line

_NAMES = {
    "title": "title", "publisher": "publisher", "year": "year", "version": "version",
    "source": "source", "url": "url", "licence": "licence", "license": "licence",
}  # fmt: skip
_DATED = ("year", "version")
_YEAR = re.compile(r"((?:1[89]|20)\d\d)(?:-\d\d-\d\d)?")
_EXPECTED = {"url": EXPECTED_ADDRESS, "year": "a year such as 2020"}


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What front matter says.

    Attributes:
        facts: what can be used.
        notes: which fields cannot, with their values.
    """

    facts: Facts
    notes: tuple[str, ...] = ()


def read_front_matter(said: object) -> FrontMatter:
    """The facts in front matter; an empty field says nothing, a wrong one is named in a note.

    Args:
        said: front matter as YAML gives it.
    """
    if said is None:
        return FrontMatter(Facts())
    if not isinstance(said, dict):
        return FrontMatter(
            Facts(), (f"front matter: expected fields, got {_shown(said)}: not used",)
        )
    facts: dict[str, str | int] = {}
    notes = []
    for key, value in said.items():
        fact = _NAMES.get(key) if isinstance(key, str) else None
        if fact is None or value in (None, ""):
            continue
        used = _value(fact, value)
        if used is None:
            expected = _EXPECTED.get(fact, "words")
            notes.append(f"front matter: {key}: expected {expected}, got {_shown(value)}: not used")
        else:
            facts[fact] = used
    return FrontMatter(Facts.model_validate(facts), tuple(notes))


def _value(fact: str, value: object) -> str | int | None:
    """A value as the fact is kept; None if it cannot be one."""
    usable = isinstance(value, str | int | float) and not isinstance(value, bool)
    if not usable and not (isinstance(value, date) and fact in _DATED):
        return None
    text = one_line(str(value))
    if fact == "year":
        year = _YEAR.fullmatch(text)
        return int(year[1]) if year else None
    if fact == "url":
        return web_address(text) or None
    return text or None


def _shown(value: object) -> str:
    return f"{one_line(str(value))!r:.80}"
