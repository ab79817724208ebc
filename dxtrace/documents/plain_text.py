"""Plain text: form feeds end pages, underlined, numbered and capital lines are headings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dxtrace.documents.blocks import (
    Block,
    Heading,
    Paragraph,
    ReadDocument,
    Table,
    one_line,
    seen,
)
from dxtrace.documents.decoding import decode
from dxtrace.documents.grid import Cell, lay_out

_UNDERLINE = re.compile(r"\s*(=+|-+|~+|\*+)\s*")
_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+[A-Z]\S*(?:\s+\S+){0,14}")
_ITEM = re.compile(r"\s*(?:[-*•\u2013]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+")
_COLUMNS = re.compile(r"\t+| {3,}|\s*\|\s*")
_LONGEST = 120
_FIRST, _CAPITAL = 1, 2


def read_plain_text(content: bytes) -> ReadDocument:
    """Read a text file.

    Args:
        content: the file.

    Raises:
        UnreadableDocument: if it is no text.
    """
    decoded = decode(content)
    paged = "\f" in decoded.text
    blocks: list[Block] = []
    for number, page in enumerate(decoded.text.split("\f"), start=1):
        blocks += _page(seen(page), number if paged else None)
    return ReadDocument(blocks=tuple(blocks), notes=(decoded.note,) if decoded.note else ())


def _page(text: str, page: int | None) -> Iterator[Block]:
    for chunk in re.split(r"\n[ \t]*\n", text):
        lines = [line.rstrip() for line in chunk.split("\n") if line.strip()]
        heading = _heading(lines)
        if heading is not None:
            yield Heading(text=one_line(lines[0]), level=heading[0], page=page)
            lines = lines[heading[1] :]
        table = _table(lines, page)
        if table is not None:
            yield table
            continue
        for paragraph in _paragraphs(lines):
            yield Paragraph(text=paragraph, page=page)


def _heading(lines: list[str]) -> tuple[int, int] | None:
    """Level and number of lines of the heading that a chunk begins with."""
    if not lines or len(lines[0]) > _LONGEST:
        return None
    first = lines[0].strip()
    under = _UNDERLINE.fullmatch(lines[1]) if len(lines) > 1 else None
    if under and len(under[1]) >= max(3, len(first) // 2):
        return (_FIRST if under[1][0] == "=" else _CAPITAL), 2
    if len(lines) > 1 or first.endswith((".", ";", ",", ":")):
        return None
    numbered = _NUMBERED.fullmatch(first)
    if numbered:
        return numbered[1].count(".") + _CAPITAL, 1
    letters = [c for c in first if c.isalpha()]
    capital = len(letters) > 3 and all(c.isupper() for c in letters)  # noqa: PLR2004 - CT, MRI
    return (_CAPITAL, 1) if capital and not _COLUMNS.search(first) else None


def _table(lines: list[str], page: int | None) -> Table | None:
    """Lines of which each has as many columns, set apart by tabs, bars or three spaces."""
    rows = [
        [c for c in _COLUMNS.split(line.strip().strip("|")) if c is not None]
        for line in lines
        if not re.fullmatch(r"[\s|+:=-]+", line)
    ]
    if len(rows) < 2 or len(rows[0]) < 2 or len({len(row) for row in rows}) != 1:  # noqa: PLR2004
        return None
    return lay_out([[Cell(one_line(cell)) for cell in row] for row in rows], page=page)


def _paragraphs(lines: list[str]) -> Iterator[str]:
    """The lines of a chunk as paragraphs; an item of a list is one."""
    gathered: list[str] = []
    for line in lines:
        if _ITEM.match(line) and gathered:
            yield one_line(" ".join(gathered))
            gathered = []
        gathered.append(line)
    if text := one_line(" ".join(gathered)):
        yield text
