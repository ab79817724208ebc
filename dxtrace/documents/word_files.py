"""DOCX: headings by style, lists, tables, insertions; pages where the file itself records them."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from dxtrace.documents.blocks import Block, Facts, Heading, Paragraph, ReadDocument, one_line
from dxtrace.documents.errors import UnreadableDocument
from dxtrace.documents.grid import Cell, lay_out, number_of
from dxtrace.documents.word_notes import WordNotes
from dxtrace.documents.word_text import W, words_of

if TYPE_CHECKING:
    from docx.document import Document

MOST_UNPACKED = 300 * 1024 * 1024
_STYLE = re.compile(r"heading (\d)", re.IGNORECASE)
_DEEPEST = 9


def read_word(content: bytes) -> ReadDocument:
    """Read a DOCX file.

    Args:
        content: the file.

    Raises:
        UnreadableDocument: if it is none, is damaged, or would unpack to more than 300 MiB.
    """
    from docx import Document
    from lxml.etree import LxmlError

    _expect_sound(content)
    try:
        document = Document(io.BytesIO(content))
        walk = _Walk(document)
        blocks = tuple(walk.blocks())
    except (
        KeyError, ValueError, AttributeError, LxmlError, zipfile.BadZipFile, zlib.error, OSError,
        RuntimeError, EOFError,
    ) as error:  # fmt: skip
        raise UnreadableDocument(
            f"expected a Word document (.docx), it cannot be read: {error!s:.200}"
        ) from None
    return ReadDocument(blocks=blocks, facts=_facts(document), notes=walk.notes.remarks)


def _expect_sound(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            members = package.infolist()
    except (zipfile.BadZipFile, ValueError, OSError):
        raise UnreadableDocument(
            "expected a Word document (.docx), it is no whole ZIP file: truncated or encrypted?"
        ) from None
    size = sum(member.file_size for member in members)
    if size > MOST_UNPACKED:
        raise UnreadableDocument(
            f"it would unpack to {size / 2**20:,.0f} MiB: expected at most "
            f"{MOST_UNPACKED // 2**20} MiB"
        )
    if not any(member.filename == "word/document.xml" for member in members):
        raise UnreadableDocument("expected a Word document (.docx): it holds no word/document.xml")


class _Walk:
    """Goes through the body in order."""

    def __init__(self, document: Document) -> None:
        self.document, self.body = document, document.element.body
        self.styles = {
            style.style_id: _levels_and_name(style) for style in document.styles if style.style_id
        }
        paged = self.body.find(f".//{W}lastRenderedPageBreak") is not None
        self.page = 1 if paged else None
        self.notes = WordNotes(document)

    def blocks(self) -> Iterator[Block]:
        """What the document holds; notes behind the paragraph or table that refers to them.

        Those of a paragraph right above a table follow the table: it may be its caption.
        """
        for element in _content(self.body):
            page = self._page_of(element)
            if element.tag == f"{W}p":
                yield from self.notes.given()
                yield from self._paragraph(element, page)
            else:
                yield from self._table(element, page)
            self._count_pages(element)
        yield from self.notes.given()

    def _paragraph(self, element: Any, page: int | None) -> Iterator[Block]:
        text = self.notes.words(element, page)
        if not text:
            return
        level = self._level(element)
        if level:
            yield Heading(text=one_line(words_of(element)) or text, level=level, page=page)
        else:
            listed = element.find(f"{W}pPr/{W}numPr") is not None or "List" in self._name(element)
            yield Paragraph(text=f"• {text}" if listed and text[0] != "•" else text, page=page)

    def _table(self, element: Any, page: int | None) -> Iterator[Block]:
        rows = [row for row in element.iter(f"{W}tr") if _table_of(row) is element]
        nested = any(_table_of(inner) is not None for inner in element.iter(f"{W}tbl"))
        heads = len(list(takewhile(lambda r: r.find(f"{W}trPr/{W}tblHeader") is not None, rows)))
        table = None if nested else lay_out(self._cells(rows, page), heads=heads, page=page)
        if table is not None:
            yield table
            return
        for cell in (c for row in rows for c in _cells_of(row)):
            for inner in _content(cell):
                step = self._paragraph if inner.tag == f"{W}p" else self._table
                yield from step(inner, page)

    def _cells(self, rows: list[Any], page: int | None) -> list[list[Cell]]:
        """Cells with what they span; one that goes on from above is taken into that one."""
        laid: list[list[Cell]] = []
        for row in rows:
            cells, column = [], 0
            for cell in _cells_of(row):
                width = _span(cell)
                text = " ".join(self.notes.words(p, page) for p in cell.iter(f"{W}p")).strip()
                merge = cell.find(f"{W}tcPr/{W}vMerge")
                if merge is not None and merge.get(f"{W}val") != "restart" and laid:
                    text = _above(laid[-1], column)
                cells.append(Cell(text, width))
                column += width
            laid.append(cells)
        return laid

    def _level(self, element: Any) -> int:
        stated = element.find(f"{W}pPr/{W}outlineLvl")
        if stated is not None:
            value = str(stated.get(f"{W}val"))
            return int(value) + 1 if value.isdigit() and int(value) < _DEEPEST else 0
        return self.styles.get(self._style(element), (0, ""))[0]

    def _name(self, element: Any) -> str:
        return self.styles.get(self._style(element), (0, ""))[1]

    def _style(self, element: Any) -> str:
        style = element.find(f"{W}pPr/{W}pStyle")
        return "" if style is None else str(style.get(f"{W}val"))

    def _page_of(self, element: Any) -> int | None:
        """The page on which the words of an element begin."""
        if self.page is None:
            return None
        before = 0
        for part in element.iter():
            if part.tag == f"{W}lastRenderedPageBreak":
                before += 1
            elif part.tag == f"{W}t" and (part.text or "").strip():
                break
        return self.page + before

    def _count_pages(self, element: Any) -> None:
        if self.page is not None:
            self.page += sum(1 for _ in element.iter(f"{W}lastRenderedPageBreak"))


def _levels_and_name(style: Any) -> tuple[int, str]:
    """Level of the heading that a style or the one it is based on makes; 0 if none."""
    name, followed = str(style.name or ""), style
    for _ in range(_DEEPEST):
        if followed is None:
            break
        match = _STYLE.fullmatch(str(followed.name or "")) or None
        if match:
            return int(match[1]), name
        if str(followed.name or "").lower() == "title":
            return 1, name
        followed = getattr(followed, "base_style", None)
    return 0, name


def _content(container: Any) -> Iterator[Any]:
    """Paragraphs and tables of a container in order, also those of content controls."""
    for child in container.iterchildren():
        if child.tag in (f"{W}p", f"{W}tbl"):
            yield child
        elif child.tag == f"{W}sdt":
            inner = child.find(f"{W}sdtContent")
            if inner is not None:
                yield from _content(inner)
        elif child.tag in (f"{W}ins", f"{W}customXml"):
            yield from _content(child)


def _table_of(element: Any) -> Any:
    return next((p for p in element.iterancestors() if p.tag == f"{W}tbl"), None)


def _row_of(element: Any) -> Any:
    return next((p for p in element.iterancestors() if p.tag == f"{W}tr"), None)


def _cells_of(row: Any) -> list[Any]:
    return [cell for cell in row.iter(f"{W}tc") if _row_of(cell) is row]


def _above(row: list[Cell], column: int) -> str:
    at = 0
    for cell in row:
        if at == column:
            return cell.text
        at += cell.columns
    return ""


def _span(cell: Any) -> int:
    span = cell.find(f"{W}tcPr/{W}gridSpan")
    return number_of(None if span is None else span.get(f"{W}val"))


def _facts(document: Document) -> Facts:
    said = document.core_properties
    return Facts(title=one_line(said.title or ""), version=one_line(said.version or ""))
