"""PDF: headings by size and weight, paragraphs, tables, page numbers; running heads left out."""

from __future__ import annotations

import io
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dxtrace.documents.blocks import (
    Block,
    Facts,
    Heading,
    Paragraph,
    ReadDocument,
    Table,
    one_line,
)
from dxtrace.documents.errors import UnreadableDocument
from dxtrace.documents.pdf_lines import (
    Line,
    cluster_lines,
    gutter,
    read_lines,
    without_hyphens,
    without_running_heads,
)
from dxtrace.documents.pdf_tables import PdfTable, find_tables

_ENDING = 64 * 1024
_LARGER = 1.09
_LONGEST_HEADING = 160
_MOST_LEVELS = 6
_WIDER_GAP = 0.75
_INDENT_PT = 6.0
_ITEM = re.compile(r"(?:[•▪◦●‣\u2013*-]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+\S")
_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+\D")
_UNMAPPED = re.compile(r"\(cid:\d+\)")
_NO_TITLE = re.compile(
    r"untitled.*|microsoft word.*|document\d*|.*\.(?:docx?|pdf|indd|tex|dvi|qxd)", re.I
)
_MOST_UNMAPPED = 0.05
_CONTINUED = re.compile(r"\b(?:continued|cont\.)", re.IGNORECASE)
_WORDS = {"extra_attrs": ["size", "fontname"], "keep_blank_chars": False, "x_tolerance_ratio": 0.15}


Watch = Callable[[int, int], None]
"""Told how many pages are read, of how many."""


def read_pdf(content: bytes, watch: Watch | None = None) -> ReadDocument:
    """Read a PDF.

    Args:
        content: the file.
        watch: told of pages as they are read.

    Raises:
        UnreadableDocument: if it is none, is damaged or encrypted, or holds no text.
    """
    pages = _pages(content, watch, as_lines=False)
    return ReadDocument(blocks=tuple(pages.blocks()), facts=pages.facts, notes=pages.notes)


def read_pdf_lines(content: bytes) -> ReadDocument:
    """Read a PDF line by line: each block is a paragraph of lines, tables are lines as well.

    Letters and reports are read so: what stands on a line of its own, or far apart on one (``|``),
    tells what it is.

    Args:
        content: the file.

    Raises:
        UnreadableDocument: as :func:`read_pdf`.
    """
    pages = _pages(content, None, as_lines=True)
    return ReadDocument(blocks=tuple(pages.paragraphs()), notes=pages.notes)


def _pages(content: bytes, watch: Watch | None, *, as_lines: bool) -> _Pages:
    import pdfplumber
    from pdfminer.psparser import PSException
    from pdfplumber.utils.exceptions import MalformedPDFException, PdfminerException

    if b"%%EOF" not in content[-_ENDING:]:
        raise UnreadableDocument("expected a whole PDF, its end is missing: truncated?")
    try:
        with pdfplumber.open(io.BytesIO(content), raise_unicode_errors=False) as pdf:
            return _Pages(pdf, watch, as_lines=as_lines)
    except (
        PSException, PdfminerException, MalformedPDFException, ValueError, KeyError, TypeError,
        AttributeError, IndexError, AssertionError, RecursionError, OverflowError,
    ) as error:  # fmt: skip
        raise UnreadableDocument(_reason(error)) from None


def _reason(error: Exception) -> str:
    from pdfminer.pdfdocument import PDFEncryptionError

    inner = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    if isinstance(inner, PDFEncryptionError):
        return "it is encrypted: expected a PDF that opens without a password"
    return f"expected a PDF, it cannot be read ({type(inner).__name__}: {inner!s:.120}): damaged?"


class _Pages:
    """Lines and tables of all pages."""

    def __init__(self, pdf: Any, watch: Watch | None, *, as_lines: bool) -> None:
        self.facts, self._as_lines = _facts(pdf.metadata), as_lines
        self.lines: list[Line] = []
        self.tables: list[tuple[int, PdfTable]] = []
        self.gutters: list[float | None] = []
        self.count = 0
        bare, damaged = [], []
        for number, page in enumerate(pdf.pages, start=1):
            self.count += 1
            broken = _is_damaged(page)
            found = self._take(page, number)
            if broken:
                damaged.append(number)
            elif not found:
                bare.append(number)
            page.close()
            if watch is not None:
                watch(number, len(pdf.pages))
        self._expect_text()
        self.lines = without_running_heads(self.lines)
        self._on = {
            page: list(lines) for page, lines in groupby(self.lines, key=lambda line: line.page)
        }
        said = (
            ("without text (scanned or blank)", bare),
            ("damaged, some of its text may be missing", damaged),
        )
        self.notes = tuple(f"{what}: page {_ranges(on)}" for what, on in said if on)

    def _take(self, page: Any, number: int) -> bool:
        upright = page.filter(lambda o: o["object_type"] != "char" or o.get("upright", True))
        words = [
            w for w in upright.extract_words(**_WORDS) if w["x0"] >= 0 and w["x1"] <= page.width + 1
        ]
        size = (float(page.width), float(page.height))
        usual, often = Counter(self.gutters).most_common(1)[0] if self.gutters else (None, 0)
        hint = usual if 2 * often >= len(self.gutters) else None
        stripe = gutter(cluster_lines(words), size[0], hint)
        self.gutters.append(stripe)
        columns = stripe is not None
        tables = [] if self._as_lines else find_tables(upright, words, in_columns=columns)
        rest = [w for w in words if not any(table.holds(w) for table in tables)]
        apart = " | " if self._as_lines else " "
        self.lines += read_lines(rest, number, size, stripe, apart=apart)
        self.tables += [(number, table) for table in tables]
        return bool(words)

    def _expect_text(self) -> None:
        text = " ".join(line.text for line in self.lines)
        cells = sum(len(c) for _, t in self.tables for row in t.rows for c in row)
        if not text.strip() and not cells:
            raise UnreadableDocument(
                f"none of its {self.count} page(s) holds text: expected a PDF with text; a "
                f"scanned one needs character recognition first"
            )
        unmapped = sum(len(m) for m in _UNMAPPED.findall(text))
        if unmapped > _MOST_UNMAPPED * len(text):
            raise UnreadableDocument(
                "its fonts do not say which letters they show: expected a PDF with readable text"
            )

    def blocks(self) -> Iterator[Block]:
        """Headings, paragraphs and tables in order; a paragraph over two pages is one."""
        words = (re.findall(r"[^\W\d_]+", line.text.lower()) for line in self.lines)
        known = frozenset(w for each in words for w in each)
        levels = _Levels(self.lines)
        pending: Paragraph | None = None
        for group in self._groups(levels):
            block = group if isinstance(group, Table) else _block(group, levels, known)
            if pending and isinstance(block, Paragraph) and _goes_on(pending, block):
                whole = without_hyphens([pending.text, block.text], known)
                pending = Paragraph(text=whole, page=pending.page)
                continue
            if pending:
                yield pending
            pending = block if isinstance(block, Paragraph) else None
            if pending is None:
                yield block
        if pending:
            yield pending

    def paragraphs(self) -> Iterator[Paragraph]:
        """Lines as they stand, those without a wider gap between them together."""
        gathered: list[Line] = []
        for line in self.lines:
            if gathered and _is_apart(gathered[-1], line):
                yield _as_lines(gathered)
                gathered = []
            gathered.append(line)
        if gathered:
            yield _as_lines(gathered)

    def _groups(self, levels: _Levels) -> Iterator[list[Line] | Table]:
        """Lines that belong together, and tables at their place."""
        tables = _placed(self.tables, self.lines)
        for page in range(1, self.count + 1):
            here = [t for t in tables if t.page == page]
            gathered: list[Line] = []
            for line in self._on.get(page, ()):
                passed = [t for t in here if t.is_before(line)]
                if gathered and (passed or _breaks(gathered[-1], line, levels)):
                    yield gathered
                    gathered = []
                for table in passed:
                    here.remove(table)
                    yield Table(rows=tuple(table.rows), page=page)
                gathered.append(line)
            if gathered:
                yield gathered
            yield from (Table(rows=tuple(t.rows), page=page) for t in here)


def _block(lines: Sequence[Line], levels: _Levels, known: frozenset[str]) -> Heading | Paragraph:
    text = one_line(without_hyphens([line.text for line in lines], known))
    level = levels.of(lines[0], text)
    page = lines[0].page
    return Heading(text=text, level=level, page=page) if level else Paragraph(text=text, page=page)


class _Levels:
    """Which lines are headings, and of which level, by size and weight against the body text."""

    def __init__(self, lines: Sequence[Line]) -> None:
        sizes, bold = Counter[float](), Counter[bool]()
        for line in lines:
            sizes[line.size] += len(line.text)
        self.body = sizes.most_common(1)[0][0] if sizes else 0.0
        for line in lines:
            if line.size == self.body:
                bold[line.bold] += len(line.text)
        self.all_bold = bold[True] > bold[False]
        styles = {self._style(line) for line in lines if self._stands_out(line)}
        ordered = sorted(styles, reverse=True)
        self.levels = {s: min(n, _MOST_LEVELS) for n, s in enumerate(ordered, start=1)}

    def _style(self, line: Line) -> tuple[float, bool]:
        return line.size, line.bold

    def _stands_out(self, line: Line) -> bool:
        larger = line.size >= _LARGER * self.body
        bold = line.bold and not self.all_bold and line.size >= self.body
        return (larger or bold) and any(map(str.isalpha, line.text))

    def style(self, line: Line) -> tuple[float, bool] | None:
        """What tells a heading's style; None for body text."""
        return self._style(line) if self._stands_out(line) else None

    def of(self, line: Line, text: str) -> int:
        """The level of lines that begin with this one; 0 if they are no heading."""
        style = self.style(line)
        if style is None or len(text) > _LONGEST_HEADING or text.endswith((".", ";", ",")):
            return 0
        level = self.levels[style]
        number = _NUMBERED.match(text)
        if number and style[0] < _LARGER * self.body:
            level += number[1].count(".")
        return level


def _as_lines(lines: Sequence[Line]) -> Paragraph:
    text = "\n".join(one_line(line.text) for line in lines)
    return Paragraph(text=text, page=lines[0].page)


def _is_apart(before: Line, line: Line) -> bool:
    """Whether lines lie in different columns, or have a wider gap between them."""
    gap = line.top - before.bottom
    return gap < -line.size or gap > _WIDER_GAP * line.size


def _breaks(before: Line, line: Line, levels: _Levels) -> bool:
    """Whether a line begins something new."""
    if levels.style(before) != levels.style(line):
        return True
    if _is_apart(before, line):
        return True
    if _ITEM.match(line.text):
        return True
    ended = before.text.rstrip().endswith((".", ":", "?", "!"))
    short = before.x1 < line.x1 - 0.15 * (line.x1 - line.x0)
    indented = line.x0 - before.x0 > _INDENT_PT and not _ITEM.match(before.text)
    return ended and (short or indented)


def _goes_on(before: Paragraph, block: Paragraph) -> bool:
    """Whether a paragraph was cut by the end of a column or a page."""
    unfinished = not before.text.rstrip().endswith((".", ":", ";", "?", "!", ")"))
    return unfinished and block.text[:1].islower()


def _is_damaged(page: Any) -> bool:
    """Whether what a page is drawn by does not unpack; pdfminer would pass over the rest of it."""
    from pdfminer.pdftypes import PDFStream, resolve1

    for part in page.page_obj.contents:
        stream = resolve1(part)
        if not isinstance(stream, PDFStream) or stream.decipher or stream.rawdata is None:
            continue
        filters = [getattr(name, "name", "") for name, _ in stream.get_filters()]
        if filters == ["FlateDecode"]:
            try:
                zlib.decompress(stream.rawdata)
            except zlib.error:
                return True
    return False


@dataclass
class _Placed:
    """A table at its place, with the rows that follow on later pages."""

    page: int
    first: PdfTable
    rows: list[tuple[str, ...]]
    last: PdfTable
    ends: int

    def is_before(self, line: Line) -> bool:
        """Whether it stands above a line of its own column."""
        x0, top, x1, _ = self.first.box
        return top <= line.top and x0 < line.x1 and line.x0 < x1

    def goes_on(self, page: int, table: PdfTable, lines: Sequence[Line]) -> bool:
        """Whether a table at the top of the next page is the rest of this one."""
        return (
            page == self.ends + 1
            and table.continues(self.last)
            and not any(
                (line.page == self.ends and line.top > self.last.box[3])
                or (line.page == page and line.bottom < table.box[1])
                for line in lines
                if not _CONTINUED.search(line.text)
            )
        )


def _placed(tables: Iterable[tuple[int, PdfTable]], lines: Sequence[Line]) -> list[_Placed]:
    """Tables with their place; one that goes on over pages is one, its head taken once."""
    placed: list[_Placed] = []
    for page, table in tables:
        if placed and placed[-1].goes_on(page, table, lines):
            before = placed[-1]
            before.rows += table.rows[table.rows[0] == before.rows[0] :]
            before.last, before.ends = table, page
        else:
            placed.append(_Placed(page, table, list(table.rows), table, page))
    return placed


def _facts(metadata: dict[str, Any]) -> Facts:
    title = one_line(str(metadata.get("Title") or ""))
    return Facts(title="" if _NO_TITLE.fullmatch(title) else title)


def _ranges(numbers: Sequence[int]) -> str:
    """``1, 3-5``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in runs)
