"""Markdown: as CommonMark with tables renders it, read as HTML; its front matter as metadata."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from dxtrace.documents.blocks import ReadDocument
from dxtrace.documents.decoding import decode
from dxtrace.documents.errors import UnreadableDocument
from dxtrace.documents.front_matter import read_front_matter
from dxtrace.documents.html_pages import read_markup
from dxtrace.knowledge.strict_yaml import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
# The parser leaves out what is nested deeper than it was told. More costs it time where brackets
# are nested, so that it is told so only where lists or quotations need it.
_USUAL_DEPTH, _DEEPEST = 20, 240


def read_markdown(content: bytes) -> ReadDocument:
    """Read a Markdown file.

    Args:
        content: the file.

    Raises:
        UnreadableDocument: if it is no text, or nested deeper than can be read.
    """
    decoded = decode(content)
    notes = [decoded.note] if decoded.note else []
    front = _FRONT.match(decoded.text)
    said: object = {}
    if front:
        try:
            said = parse_yaml(front[1])
        except yaml.YAMLError:
            notes.append("its front matter is no YAML and is not read")
    matter = read_front_matter(said)
    body = decoded.text[front.end() :] if front else decoded.text
    read = read_markup(_rendered(body))
    return ReadDocument(blocks=read.blocks, facts=matter.facts, notes=(*notes, *matter.notes))


def _rendered(body: str) -> str:
    """The text as HTML, nothing of it left out.

    Raises:
        UnreadableDocument: if it is nested deeper than can be read.
    """
    from markdown_it import MarkdownIt

    for most in (_USUAL_DEPTH, _DEEPEST):
        parser = MarkdownIt("commonmark", {"maxNesting": most}).enable("table")
        tokens = parser.parse(body)
        if _depth(tokens) < most - 1:
            return str(parser.renderer.render(tokens, parser.options, {}))
    raise UnreadableDocument(
        f"its lists or quotations are nested in more than {_DEEPEST // 2} others: expected a "
        f"document that can be read without them"
    )


def _depth(tokens: Sequence[Token]) -> int:
    return max((token.level for token in tokens), default=0)
