"""How much of a guideline survives being added: sections, paragraphs, tables and pages.

    python -m benchmarks.document_reading

Documents are written in every format (`benchmarks/written_documents.py`), read back, and compared
word for word. They are plainer than what publishers print.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.written_documents import (
    WrittenSection,
    WrittenTable,
    as_html,
    as_markdown,
    as_pdf,
    as_text,
    as_word,
    write_sections,
)
from dxtrace.documents.blocks import Block, Heading, Table
from dxtrace.documents.reader import read_document
from dxtrace.retrieval.guidelines.cutting import cut

TITLE = "Written guideline"
FORMATS: dict[str, tuple[str, Callable[[str, Sequence[WrittenSection]], bytes]]] = {
    "HTML": (".html", as_html),
    "Markdown": (".md", as_markdown),
    "text": (".txt", as_text),
    "DOCX": (".docx", as_word),
    "PDF, ruled tables": (".pdf", as_pdf),
    "PDF, tables with horizontal rules": (".pdf", partial(as_pdf, borders="HORIZONTAL_LINES")),
    "PDF, tables without rules": (".pdf", partial(as_pdf, borders="NONE")),
    "PDF, two columns": (".pdf", partial(as_pdf, columns=2)),
}
PAGED = {
    "text",
    "PDF, ruled tables",
    "PDF, tables with horizontal rules",
    "PDF, tables without rules",
}
_CHAPTERS, _SEEDS = 8, 5


@dataclass
class Survived:
    """What came back as it was written, of how many.

    Attributes:
        sections: heading paths, in order.
        paragraphs: word for word, in their section.
        tables: every cell, in their section.
        pages: sections that begin on the page on which they were written.
        passages: cut from them.
        seconds: taken for reading.
    """

    sections: list[bool]
    paragraphs: list[bool]
    tables: list[bool]
    pages: list[bool]
    passages: int = 0
    seconds: float = 0.0

    def __iadd__(self, other: Survived) -> Survived:
        """Add what another document kept."""
        for name in ("sections", "paragraphs", "tables", "pages"):
            getattr(self, name).extend(getattr(other, name))
        self.passages += other.passages
        self.seconds += other.seconds
        return self


def survived(name: str, sections: Sequence[WrittenSection]) -> Survived:
    """Write sections in a format, read them back, compare."""
    suffix, write = FORMATS[name]
    content = write(TITLE, sections)
    started = time.perf_counter()
    read = read_document(Path(f"written{suffix}"), content)
    taken = time.perf_counter() - started
    found = _found(read.blocks)
    counted = Survived([], [], [], [], len(cut(read.blocks, TITLE)), taken)
    for section in sections:
        page, texts, tables = found.get(section.path, (None, [], []))
        counted.sections.append(section.path in found)
        for part in section.parts:
            if isinstance(part, str):
                counted.paragraphs.append(part in texts)
            elif name != "PDF, two columns":
                counted.tables.append(_same(part, tables))
        if name in PAGED:
            counted.pages.append(page == section.page)
    return counted


def _same(written: WrittenTable, tables: Sequence[Table]) -> bool:
    return any(table.rows == written.rows for table in tables)


def _found(
    blocks: Sequence[Block],
) -> dict[tuple[str, ...], tuple[int | None, list[str], list[Table]]]:
    """Page, paragraphs and tables of each heading path."""
    path: list[Heading] = []
    found: dict[tuple[str, ...], tuple[int | None, list[str], list[Table]]] = {}
    key: tuple[str, ...] = ()
    for block in blocks:
        if isinstance(block, Heading):
            path = [*(h for h in path if h.level < block.level), block]
            said = [h.text for h in path]
            key = tuple(said[1:] if said[0] == TITLE else said)
            found.setdefault(key, (block.page, [], []))
        elif isinstance(block, Table):
            found.setdefault(key, (None, [], []))[2].append(block)
        else:
            found.setdefault(key, (None, [], []))[1].append(block.text)
    return found


def measured(name: str) -> Survived:
    """What survives of several documents in a format."""
    total = Survived([], [], [], [])
    for seed in range(_SEEDS):
        total += survived(name, write_sections(_CHAPTERS, seed))
    return total


def _share(kept: Sequence[bool]) -> str:
    return f"{sum(kept)} of {len(kept)}" if kept else "none written"


def main() -> None:
    """Print a line a format."""
    print("| format | sections | paragraphs | tables | pages | passages | seconds |")
    print("|---|---|---|---|---|---|---|")
    for name in FORMATS:
        total = measured(name)
        shares = " | ".join(
            _share(kept) for kept in (total.sections, total.paragraphs, total.tables, total.pages)
        )
        print(f"| {name} | {shares} | {total.passages} | {total.seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
