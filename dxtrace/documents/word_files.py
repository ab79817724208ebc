"""DOCX: headings by style, lists, tables, insertions; pages where the file itself records them."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dxtrace.documents.blocks import (
    Block,
    Facts,
    Heading,
    Paragraph,
    ReadDocument,
    Table,
    one_line,
    superscript,
)
from dxtrace.documents.errors import UnreadableDocument
from dxtrace.documents.grid import Cell, fill_grid

if TYPE_CHECKING:
    from docx.document import Document

MOST_UNPACKED = 300 * 1024 * 1024
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BREAKS = {f"{_W}tab": " ", f"{_W}br": " ", f"{_W}cr": " ", f"{_W}noBreakHyphen": "-"}
_STYLE = re.compile(r"heading (\d)", re.IGNORECASE)
_CAPTION = re.compile(r"caption", re.IGNORECASE)
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
        blocks = tuple(_Walk(document).blocks())
    except (
        KeyError, ValueError, AttributeError, LxmlError, zipfile.BadZipFile, zlib.error, OSError,
        RuntimeError, EOFError,
    ) as error:  # fmt: skip
        raise UnreadableDocument(
            f"expected a Word document (.docx), it cannot be read: {error!s:.200}"
        ) from None
    return ReadDocument(blocks=blocks, facts=_facts(document), notes=_notes(document))


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
        paged = self.body.find(f".//{_W}lastRenderedPageBreak") is not None
        self.page = 1 if paged else None

    def blocks(self) -> Iterator[Block]:
        """What the document holds."""
        for element in _content(self.body):
            page = self._page_of(element)
            if element.tag == f"{_W}p":
                yield from self._paragraph(element, page)
            else:
                yield from self._table(element, page)
            self._count_pages(element)

    def _paragraph(self, element: Any, page: int | None) -> Iterator[Block]:
        text = one_line(_words(element))
        if not text:
            return
        level = self._level(element)
        if level:
            yield Heading(text=text, level=level, page=page)
        else:
            listed = element.find(f"{_W}pPr/{_W}numPr") is not None or "List" in self._name(element)
            yield Paragraph(text=f"• {text}" if listed and text[0] != "•" else text, page=page)

    def _table(self, element: Any, page: int | None) -> Iterator[Block]:
        rows = [row for row in element.iter(f"{_W}tr") if _table_of(row) is element]
        nested = any(_table_of(inner) is not None for inner in element.iter(f"{_W}tbl"))
        grid = None if nested else fill_grid(_cells(rows))
        if grid is None:
            for cell in (c for row in rows for c in row.iter(f"{_W}tc") if _row_of(c) is row):
                for inner in _content(cell):
                    step = self._paragraph if inner.tag == f"{_W}p" else self._table
                    yield from step(inner, page)
            return
        marked = 0
        for row in rows:
            if row.find(f"{_W}trPr/{_W}tblHeader") is None:
                break
            marked += 1
        yield Table(rows=grid, header_rows=min(marked or 1, len(grid) - 1), page=page)

    def _level(self, element: Any) -> int:
        stated = element.find(f"{_W}pPr/{_W}outlineLvl")
        if stated is not None:
            value = str(stated.get(f"{_W}val"))
            return int(value) + 1 if value.isdigit() and int(value) < _DEEPEST else 0
        return self.styles.get(self._style(element), (0, ""))[0]

    def _name(self, element: Any) -> str:
        return self.styles.get(self._style(element), (0, ""))[1]

    def _style(self, element: Any) -> str:
        style = element.find(f"{_W}pPr/{_W}pStyle")
        return "" if style is None else str(style.get(f"{_W}val"))

    def _page_of(self, element: Any) -> int | None:
        """The page on which the words of an element begin."""
        if self.page is None:
            return None
        before = 0
        for part in element.iter():
            if part.tag == f"{_W}lastRenderedPageBreak":
                before += 1
            elif part.tag == f"{_W}t" and (part.text or "").strip():
                break
        return self.page + before

    def _count_pages(self, element: Any) -> None:
        if self.page is not None:
            self.page += sum(1 for _ in element.iter(f"{_W}lastRenderedPageBreak"))


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
        if child.tag in (f"{_W}p", f"{_W}tbl"):
            yield child
        elif child.tag == f"{_W}sdt":
            inner = child.find(f"{_W}sdtContent")
            if inner is not None:
                yield from _content(inner)
        elif child.tag in (f"{_W}ins", f"{_W}customXml"):
            yield from _content(child)


def _words(element: Any) -> str:
    """The words of a paragraph: insertions, links and text boxes too, deletions not."""
    parts = []
    for part in element.iter(f"{_W}t", *_BREAKS):
        if any(_is_unread(parent) for parent in part.iterancestors()):
            continue
        if part.tag in _BREAKS:
            parts.append(_BREAKS[part.tag])
        else:
            parts.append(_raised(part))
    return "".join(parts)


def _is_unread(parent: Any) -> bool:
    if parent.tag == f"{_W}r":
        hidden = parent.find(f"{_W}rPr/{_W}vanish")
        return hidden is not None and hidden.get(f"{_W}val") not in ("0", "false")
    return parent.tag in (_FALLBACK, f"{_W}del", f"{_W}moveFrom")


def _raised(part: Any) -> str:
    words = part.text or ""
    run = part.getparent()
    place = run.find(f"{_W}rPr/{_W}vertAlign") if run is not None else None
    raised = place is not None and place.get(f"{_W}val") == "superscript"
    return superscript(words) if raised else words


def _table_of(element: Any) -> Any:
    return next((p for p in element.iterancestors() if p.tag == f"{_W}tbl"), None)


def _row_of(element: Any) -> Any:
    return next((p for p in element.iterancestors() if p.tag == f"{_W}tr"), None)


def _cells(rows: list[Any]) -> list[list[Cell]]:
    """Cells with what they span; one that goes on from above is taken into that one."""
    laid: list[list[Cell]] = []
    for row in rows:
        cells, column = [], 0
        for cell in (c for c in row.iter(f"{_W}tc") if _row_of(c) is row):
            width = _span(cell)
            text = one_line(" ".join(_words(p) for p in cell.iter(f"{_W}p")))
            merge = cell.find(f"{_W}tcPr/{_W}vMerge")
            if merge is not None and merge.get(f"{_W}val") != "restart" and laid:
                text = _above(laid[-1], column)
            cells.append(Cell(text, width))
            column += width
        laid.append(cells)
    return laid


def _above(row: list[Cell], column: int) -> str:
    at = 0
    for cell in row:
        if at == column:
            return cell.text
        at += cell.columns
    return ""


def _span(cell: Any) -> int:
    span = cell.find(f"{_W}tcPr/{_W}gridSpan")
    value = "" if span is None else str(span.get(f"{_W}val"))
    return int(value) if value.isdigit() and 0 < int(value) <= 64 else 1  # noqa: PLR2004 - columns


def _facts(document: Document) -> Facts:
    said = document.core_properties
    return Facts(title=one_line(said.title or ""), version=one_line(said.version or ""))


def _notes(document: Document) -> tuple[str, ...]:
    kinds = {relation.reltype.rpartition("/")[2] for relation in document.part.rels.values()}
    unread = [kind for kind in ("footnotes", "endnotes") if kind in kinds]
    return (f"{' and '.join(unread)} are not read",) if unread else ()
