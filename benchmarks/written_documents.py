"""Guidelines written for tests and measurements: one content in every format that can be added.

The words are made up from a list; they say nothing about medicine.
"""

from __future__ import annotations

import html
import io
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_SAID = (
    "an incidental cystic mass of the kidney is followed by contrast enhanced imaging when its "
    "wall is thick or septa are many while a simple cyst needs none and growth alone decides "
    "nothing unless attenuation exceeds twenty units in patients with known disease or a high risk"
)
_WORDS = _SAID.split()
_NOUNS = ("Scope", "Classes", "Follow-up", "Reporting", "Technique", "Risk", "Growth", "Referral")
Row = tuple[str, ...]


@dataclass(frozen=True)
class WrittenTable:
    """A table.

    Attributes:
        caption: above it.
        rows: the first holds the headings of the columns.
    """

    caption: str
    rows: tuple[Row, ...]


@dataclass
class WrittenSection:
    """A section.

    Attributes:
        path: headings from the highest down.
        parts: paragraphs and tables.
        page: on which its heading stands in formats with pages; set by who lays them out.
    """

    path: tuple[str, ...]
    parts: list[str | WrittenTable] = field(default_factory=list)
    page: int | None = None

    @property
    def level(self) -> int:
        """1 for a chapter."""
        return len(self.path)


def write_sections(number: int, seed: int) -> list[WrittenSection]:
    """Chapters of two sections each, every third one with a table, one table long.

    Args:
        number: of chapters.
        seed: another seed gives other words.
    """
    draw = random.Random(seed)  # noqa: S311 - words, no secrets
    sections = []
    for chapter in range(1, number + 1):
        top = f"{chapter} {draw.choice(_NOUNS)} of kind {chapter}"
        sections.append(WrittenSection((top,), [_sentences(draw, 3)]))
        for part in (1, 2):
            path = (top, f"{chapter}.{part} {draw.choice(_NOUNS)} in part {part}")
            section = WrittenSection(path, [_sentences(draw, 4), _sentences(draw, 2)])
            if (2 * chapter + part) % 3 == 0:
                rows = 45 if chapter == 2 and part == 2 else 4  # noqa: PLR2004 - one long table
                section.parts.insert(1, _table(draw, chapter, part, rows))
            sections.append(section)
    return sections


def _sentences(draw: random.Random, number: int) -> str:
    said = (" ".join(draw.choices(_WORDS, k=draw.randint(9, 18))) for _ in range(number))
    return " ".join(f"{s[0].upper()}{s[1:]}." for s in said)


def _table(draw: random.Random, chapter: int, part: int, rows: int) -> WrittenTable:
    head = ("Class", "Appearance", "Interval")
    body = tuple(
        (f"C{chapter}{part}-{n}", " ".join(draw.choices(_WORDS, k=3)), f"{3 * n} months")
        for n in range(1, rows + 1)
    )
    return WrittenTable(f"Table {chapter}.{part}. Intervals by class", (head, *body))


def _new(before: Sequence[str], path: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Headings that a section adds, with their level."""
    for level, heading in enumerate(path, start=1):
        if tuple(before[:level]) != tuple(path[:level]):
            yield level, heading


def as_html(title: str, sections: Sequence[WrittenSection]) -> bytes:
    """A page."""
    parts = [f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title></head><body>"]
    before: tuple[str, ...] = ()
    for section in sections:
        for level, heading in _new(before, section.path):
            parts.append(f"<h{level}>{html.escape(heading)}</h{level}>")
        before = section.path
        for part in section.parts:
            if isinstance(part, str):
                parts.append(f"<p>{html.escape(part)}</p>")
                continue
            head, *body = ("".join(f"<td>{c}</td>" for c in row) for row in part.rows)
            rows = "".join(f"<tr>{row}</tr>" for row in body)
            parts.append(
                f"<table><caption>{part.caption}</caption><thead><tr>{head}</tr></thead>{rows}</table>"
            )
    return "\n".join([*parts, "</body></html>"]).encode()


def as_markdown(title: str, sections: Sequence[WrittenSection]) -> bytes:
    """Markdown with front matter."""
    lines = ["---", f"title: {title}", "---", ""]
    before: tuple[str, ...] = ()
    for section in sections:
        lines += [f"{'#' * level} {heading}\n" for level, heading in _new(before, section.path)]
        before = section.path
        for part in section.parts:
            if isinstance(part, str):
                lines += [part, ""]
                continue
            rows = [f"| {' | '.join(row)} |" for row in part.rows]
            lines += [part.caption, "", rows[0], "|---|---|---|", *rows[1:], ""]
    return "\n".join(lines).encode()


def as_text(title: str, sections: Sequence[WrittenSection]) -> bytes:
    """Plain text of 20 lines a page, form feeds between pages."""
    lines = [title, "=" * len(title), ""]
    before: tuple[str, ...] = (title,)
    page = 1
    for section in sections:
        if len(lines) > 20:  # noqa: PLR2004 - a page
            lines[-1] += "\f"
            page += 1
        for _, heading in _new(before, section.path):
            lines += [heading, ""]
        before, section.page = section.path, page
        for part in section.parts:
            if isinstance(part, str):
                lines += [part, ""]
            else:
                lines += [part.caption, "", *("\t".join(row) for row in part.rows), ""]
    return "\n".join(lines).encode()


def as_word(title: str, sections: Sequence[WrittenSection]) -> bytes:
    """DOCX with the styles of headings."""
    from docx import Document

    document = Document()
    document.core_properties.title = title
    before: tuple[str, ...] = ()
    for section in sections:
        for level, heading in _new(before, section.path):
            document.add_heading(heading, level)
        before = section.path
        for part in section.parts:
            if isinstance(part, str):
                document.add_paragraph(part)
                continue
            document.add_paragraph(part.caption)
            table = document.add_table(rows=0, cols=len(part.rows[0]))
            for row in part.rows:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def as_pdf(
    title: str, sections: Sequence[WrittenSection], *, borders: str = "ALL", columns: int = 1
) -> bytes:
    """A PDF with running heads and page numbers.

    Args:
        title: of the document.
        sections: their pages are set.
        borders: of tables, as fpdf2 names them: ``ALL``, ``HORIZONTAL_LINES``, ``NONE``.
        columns: of text; tables are left out where there are two.
    """
    from fpdf import FPDF

    class Paged(FPDF):
        def header(self) -> None:
            self.set_y(8)
            self.set_font("helvetica", size=8)
            self.cell(0, 5, title, align="R")
            self.set_y(22)

        def footer(self) -> None:
            self.set_y(-12)
            self.set_font("helvetica", size=8)
            self.cell(0, 5, f"Page {self.page_no()}", align="C")

    pdf = Paged(format="A4")
    pdf.set_top_margin(22)
    pdf.set_title(title)
    pdf.add_page()
    if columns > 1:
        _in_columns(pdf, sections, columns)
    else:
        _in_one_column(pdf, sections, borders)
    return bytes(pdf.output())


def _in_one_column(pdf: object, sections: Sequence[WrittenSection], borders: str) -> None:
    before: tuple[str, ...] = ()
    for section in sections:
        if pdf.will_page_break(40):  # type: ignore[attr-defined]  # fpdf2 is a tool of development
            pdf.add_page()  # type: ignore[attr-defined]
        for level, heading in _new(before, section.path):
            pdf.set_font("helvetica", "B", 16 - 2 * level)  # type: ignore[attr-defined]
            pdf.multi_cell(0, 8, heading, new_x="LMARGIN", new_y="NEXT")  # type: ignore[attr-defined]
        before, section.page = section.path, pdf.page_no()  # type: ignore[attr-defined]
        pdf.set_font("helvetica", "", 10)  # type: ignore[attr-defined]
        for part in section.parts:
            if isinstance(part, str):
                pdf.multi_cell(0, 5, part, new_x="LMARGIN", new_y="NEXT")  # type: ignore[attr-defined]
                pdf.ln(3)  # type: ignore[attr-defined]
                continue
            pdf.multi_cell(0, 5, part.caption, new_x="LMARGIN", new_y="NEXT")  # type: ignore[attr-defined]
            pdf.ln(1)  # type: ignore[attr-defined]
            with pdf.table(borders_layout=borders) as table:  # type: ignore[attr-defined]
                for row in part.rows:
                    table.row(row)
            pdf.ln(4)  # type: ignore[attr-defined]


def _in_columns(pdf: object, sections: Sequence[WrittenSection], columns: int) -> None:
    before: tuple[str, ...] = ()
    with pdf.text_columns(ncols=columns, gutter=8, text_align="J") as text:  # type: ignore[attr-defined]
        for section in sections:
            for level, heading in _new(before, section.path):
                pdf.set_font("helvetica", "B", 16 - 2 * level)  # type: ignore[attr-defined]
                text.write(f"{heading}\n")
                text.ln(2)
            before = section.path
            pdf.set_font("helvetica", "", 10)  # type: ignore[attr-defined]
            for part in section.parts:
                if isinstance(part, str):
                    text.write(f"{part}\n")
                    text.ln(3)
