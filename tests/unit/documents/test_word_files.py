import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from docx import Document
from docx.document import Document as Opened
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from dxtrace.documents.blocks import Heading, Paragraph, Table
from dxtrace.documents.errors import UnreadableDocument
from dxtrace.documents.word_files import MOST_UNPACKED, read_word


def saved(write: Callable[[Opened], None]) -> bytes:
    document = Document()
    write(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_headings_lists_and_raised_digits() -> None:
    def write(document: Opened) -> None:
        document.add_heading("Cysts", 0)
        document.add_heading("Follow-up", 2)
        document.add_paragraph("at 6 months", style="List Bullet")
        paragraph = document.add_paragraph("10")
        paragraph.add_run("9").font.superscript = True
        paragraph.add_run("/L")
        paragraph.add_run(" not shown").font.hidden = True

    assert read_word(saved(write)).blocks == (
        Heading(text="Cysts", level=1), Heading(text="Follow-up", level=2),
        Paragraph(text="• at 6 months"), Paragraph(text="10⁹/L"),
    )  # fmt: skip


def test_merged_cells_and_marked_head_rows() -> None:
    def write(document: Opened) -> None:
        table = document.add_table(rows=3, cols=3)
        for row, words in zip(
            table.rows, (("Class", "Wall", "Interval"), ("", "", "months"), ("IIF", "thin", "6")),
            strict=True,
        ):  # fmt: skip
            for cell, text in zip(row.cells, words, strict=True):
                cell.text = text
        table.cell(0, 0).merge(table.cell(1, 0))
        for row in table.rows[:2]:
            mark = OxmlElement("w:tblHeader")
            row._tr.get_or_add_trPr().append(mark)  # noqa: SLF001 - python-docx has no other way

    (table,) = read_word(saved(write)).blocks
    assert isinstance(table, Table)
    assert table.header_rows == 2
    assert table.rows == (
        ("Class", "Wall", "Interval"),
        ("Class", "", "months"),
        ("IIF", "thin", "6"),
    )


def test_pages_are_those_that_the_file_records() -> None:
    def write(document: Opened) -> None:
        document.add_paragraph("first")
        run = document.add_paragraph().add_run()
        run._r.append(OxmlElement("w:lastRenderedPageBreak"))  # noqa: SLF001 - as Word writes it
        run.add_text("second")
        document.add_paragraph("third")

    blocks = read_word(saved(write)).blocks
    assert [(b.text, b.page) for b in blocks if isinstance(b, Paragraph)] == [
        ("first", 1), ("second", 2), ("third", 2),
    ]  # fmt: skip


def test_inserted_text_is_read_and_deleted_text_is_not() -> None:
    def write(document: Opened) -> None:
        paragraph = document.add_paragraph("kept ")
        inserted, run, text = (OxmlElement(f"w:{name}") for name in ("ins", "r", "t"))
        text.text = "inserted"
        run.append(text)
        inserted.append(run)
        deleted, gone, words = (OxmlElement(f"w:{name}") for name in ("del", "r", "delText"))
        words.text = "deleted"
        words.set(qn("xml:space"), "preserve")
        gone.append(words)
        deleted.append(gone)
        paragraph._p.append(inserted)  # noqa: SLF001 - python-docx writes no revisions
        paragraph._p.append(deleted)  # noqa: SLF001 - the same

    assert read_word(saved(write)).blocks == (Paragraph(text="kept inserted"),)


W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def with_notes(kind: str, notes: str, write: Callable[[Opened], None]) -> bytes:
    """A document with a part of footnotes or endnotes, as Word writes it."""
    document = Document()
    write(document)
    xml = f'<?xml version="1.0"?><w:{kind}s xmlns:w="{W}">{notes}</w:{kind}s>'
    name = PackURI(f"/word/{kind}s.xml")
    media = f"application/vnd.openxmlformats-officedocument.wordprocessingml.{kind}s+xml"
    part = Part(name, media, xml.encode(), document.part.package)
    document.part.relate_to(
        part, f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}s"
    )
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def note(kind: str, number: int, words: str) -> str:
    mark = f"<w:r><w:{kind}Ref/></w:r>"
    return f'<w:{kind} w:id="{number}"><w:p>{mark}<w:r><w:t>{words}</w:t></w:r></w:p></w:{kind}>'


def refer(paragraph: Any, kind: str, number: int) -> None:
    reference = OxmlElement(f"w:{kind}Reference")
    reference.set(qn("w:id"), str(number))
    paragraph.add_run()._r.append(reference)  # noqa: SLF001 - python-docx has no other way


@pytest.mark.parametrize("kind", ["footnote", "endnote"])
def test_notes_are_read_behind_the_paragraph_that_refers_to_them(kind: str) -> None:
    def write(document: Opened) -> None:
        paragraph = document.add_paragraph("Image at 10 mm")
        refer(paragraph, kind, 7)
        paragraph.add_run(", then yearly.")
        document.add_paragraph("The end.")

    separator = (
        f'<w:{kind} w:id="-1" w:type="separator"><w:p><w:r><w:t>-</w:t></w:r></w:p></w:{kind}>'
    )
    content = with_notes(kind, separator + note(kind, 7, "Not in pregnancy."), write)
    read = read_word(content)
    assert read.blocks == (
        Paragraph(text=f"Image at 10 mm [{kind} 1], then yearly."),
        Paragraph(text=f"{kind.capitalize()} 1: Not in pregnancy."),
        Paragraph(text="The end."),
    )
    assert read.notes == ()


def test_notes_of_a_caption_and_of_cells_follow_the_table() -> None:
    def write(document: Opened) -> None:
        document.add_heading("Sizes", 1)
        refer(document.add_paragraph("Table 1. Intervals"), "footnote", 2)
        table = document.add_table(rows=2, cols=2)
        for cell, text in zip(table._cells, ("Class", "Months", "IIF", "6"), strict=True):  # noqa: SLF001
            cell.text = text
        refer(table.cell(1, 1).paragraphs[0], "footnote", 3)

    notes = note("footnote", 2, "In adults.") + note("footnote", 3, "Or 12.")
    heading, caption, table, *said = read_word(with_notes("footnote", notes, write)).blocks
    assert isinstance(table, Table)
    assert table.rows == (("Class", "Months"), ("IIF", "6 [footnote 2]"))
    assert (heading, caption) == (
        Heading(text="Sizes", level=1), Paragraph(text="Table 1. Intervals [footnote 1]"),
    )  # fmt: skip
    assert said == [Paragraph(text="Footnote 1: In adults."), Paragraph(text="Footnote 2: Or 12.")]


def test_a_heading_keeps_its_name_and_a_note_that_is_not_there_is_said() -> None:
    def write(document: Opened) -> None:
        refer(document.add_heading("Sizes", 1), "footnote", 2)
        refer(document.add_paragraph("Small."), "footnote", 9)

    read = read_word(with_notes("footnote", note("footnote", 2, "In adults."), write))
    assert read.blocks == (
        Heading(text="Sizes", level=1), Paragraph(text="Footnote 1: In adults."),
        Paragraph(text="Small. [footnote 2]"),
    )  # fmt: skip
    assert read.notes == ("1 footnote(s) or endnote(s) that it refers to hold no words",)


def test_hidden_and_deleted_notes_are_not_read_and_damaged_ones_are_refused() -> None:
    def write(document: Opened) -> None:
        paragraph = document.add_paragraph("Small.")
        refer(paragraph, "footnote", 2)
        paragraph.runs[-1].font.hidden = True

    content = with_notes("footnote", note("footnote", 2, "Not shown."), write)
    assert read_word(content).blocks == (Paragraph(text="Small."),)
    with pytest.raises(UnreadableDocument, match="it cannot be read"):
        read_word(with_notes("footnote", "<w:footnote", write))


def test_entities_in_notes_are_not_expanded() -> None:
    def write(document: Opened) -> None:
        refer(document.add_paragraph("Small."), "footnote", 2)

    content = with_notes("footnote", note("footnote", 2, "&b;"), write)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            read = old.read(name)
            bomb = b'?><!DOCTYPE x [<!ENTITY b "expanded">]>'
            new.writestr(name, read.replace(b"?>", bomb, 1) if "footnotes" in name else read)
    assert "expanded" not in str(read_word(out.getvalue()).blocks)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package,
        package.open("word/document.xml", "w", force_zip64=True) as member,
    ):
        for _ in range(MOST_UNPACKED // (1 << 20) + 1):
            member.write(bytes(1 << 20))
    assert len(out.getvalue()) < 1 << 20
    with pytest.raises(UnreadableDocument, match=r"would unpack to 301 MiB: expected at most 300"):
        read_word(out.getvalue())


def test_entities_are_not_expanded() -> None:
    bomb = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>
    <w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p>
    <w:r><w:t>&b;</w:t></w:r></w:p></w:body></w:document>"""
    whole = saved(lambda _: None)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, bomb if name == "word/document.xml" else old.read(name))
    assert "ha" not in str(read_word(out.getvalue()).blocks)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_truncated_file_is_refused(share: float) -> None:
    def write(document: Opened) -> None:
        document.add_paragraph("text")

    whole = saved(write)
    with pytest.raises(UnreadableDocument, match=r"expected a Word document .*truncated"):
        read_word(whole[: int(share * len(whole))])
