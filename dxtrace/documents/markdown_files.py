"""Markdown: as CommonMark with tables renders it, read as HTML; its front matter as metadata."""

from __future__ import annotations

import re

import yaml

from dxtrace.documents.blocks import Facts, ReadDocument, one_line
from dxtrace.documents.decoding import decode
from dxtrace.documents.html_pages import read_markup
from dxtrace.knowledge.strict_yaml import parse_yaml

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_NAMES = {
    "title": "title", "publisher": "publisher", "year": "year", "version": "version",
    "source": "source", "url": "url", "licence": "licence", "license": "licence",
}  # fmt: skip
_YEAR = re.compile(r"(?:1[89]|20)\d\d")


def read_markdown(content: bytes) -> ReadDocument:
    """Read a Markdown file.

    Args:
        content: the file.

    Raises:
        UnreadableDocument: if it is no text.
    """
    from markdown_it import MarkdownIt

    decoded = decode(content)
    notes = [decoded.note] if decoded.note else []
    front = _FRONT.match(decoded.text)
    facts = Facts()
    if front:
        try:
            facts = _facts(parse_yaml(front[1]))
        except yaml.YAMLError:
            notes.append("its front matter is no YAML and is not read")
    body = decoded.text[front.end() :] if front else decoded.text
    read = read_markup(MarkdownIt("commonmark").enable("table").render(body))
    return ReadDocument(blocks=read.blocks, facts=facts, notes=tuple(notes))


def _facts(said: object) -> Facts:
    if not isinstance(said, dict):
        return Facts()
    found = {
        _NAMES[key]: one_line(str(value))
        for key, value in said.items()
        if key in _NAMES and isinstance(value, str | int | float)
    }
    year = found.pop("year", "")
    stated = int(year) if _YEAR.fullmatch(year) else None
    return Facts.model_validate({**found, "year": stated})
