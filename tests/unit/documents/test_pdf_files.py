import re

import pytest
from fpdf import FPDF
from fpdf.enums import AccessPermission, EncryptionMethod

from benchmarks.written_documents import as_pdf, write_sections
from dxtrace.documents.blocks import Heading, Paragraph, Table
from dxtrace.documents.errors import UnreadableDocument
from dxtrace.documents.pdf_files import read_pdf
from dxtrace.documents.pdf_lines import without_hyphens


def page(size: float = 10) -> FPDF:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=size)
    return pdf


def test_running_heads_and_page_numbers_are_no_text() -> None:
    content = as_pdf("Journal of Cysts 2024", write_sections(6, seed=2))
    read = read_pdf(content)
    said = " ".join(b.text for b in read.blocks if not isinstance(b, Table))
    assert max(b.page or 0 for b in read.blocks) >= 3
    assert "Journal of Cysts" not in said
    assert not re.search(r"Page \d", said)


def test_a_table_over_pages_is_one_with_its_head_once() -> None:
    sections = write_sections(3, seed=2)
    tables = [b for b in read_pdf(as_pdf("Cysts", sections)).blocks if isinstance(b, Table)]
    long = max(tables, key=lambda table: len(table.rows))
    assert len(long.rows) == 46
    assert sum(row == long.rows[0] for row in long.rows) == 1


def test_raised_digits_stay_raised() -> None:
    pdf = page()
    pdf.write(5, "Count below 10")
    pdf.char_vpos = "SUP"
    pdf.write(5, "9")
    pdf.char_vpos = "LINE"
    pdf.write(5, "/L is low in this text.")
    assert "10⁹/L" in str(read_pdf(bytes(pdf.output())).blocks)


def test_a_word_cut_at_the_end_of_a_line_is_joined_if_it_stands_elsewhere() -> None:
    known = frozenset({"enhancement"})
    assert without_hyphens(["the enhance-", "ment of"], known) == "the enhancement of"
    assert without_hyphens(["a well-", "known sign"], known) == "a well-known sign"
    assert without_hyphens(["range 5-", "10 mm"], known) == "range 5- 10 mm"


def test_a_short_column_is_read_as_one_where_other_pages_have_two() -> None:
    pdf = FPDF()
    pdf.set_auto_page_break(auto=False)
    left = "Left column words that fill the line of text well"
    for lines_on_the_right in (40, 40, 40, 2):
        pdf.add_page()
        pdf.set_font("helvetica", size=9)
        for x, count, said in ((10, 40, left), (110, lines_on_the_right, left.replace("L", "R"))):
            for line in range(count):
                pdf.text(x, 30 + 5 * line, f"{said} {line}")
    text = " ".join(b.text for b in read_pdf(bytes(pdf.output())).blocks if b.page == 4)
    assert "well 0 Left" in text
    assert "well 39 Reft" in text


def test_a_damaged_page_is_named() -> None:
    whole = bytearray(as_pdf("Cysts", write_sections(4, seed=3)))
    streams = [m.end() for m in re.finditer(rb"stream\r?\n", whole) if whole[m.end()] == 0x78]
    middle = streams[1] + 200
    whole[middle : middle + 40] = bytes(40)
    assert read_pdf(bytes(whole)).notes == ("damaged, some of its text may be missing: page 2",)


def test_entries_of_a_table_of_contents_are_neither_headings_nor_text() -> None:
    pdf = page()
    for style, text in (
        ("B", "Contents"), ("B", "1 Scope . . . . . . . . . . . 3"), ("", "2 Growth ......... iv"),
        ("", "Growth of 5 mm ... in 2 years."),
    ):  # fmt: skip
        pdf.set_font("helvetica", style, 10)
        pdf.multi_cell(0, 12, text, new_x="LMARGIN", new_y="NEXT")
    assert read_pdf(bytes(pdf.output())).blocks == (
        Heading(text="Contents", level=1, page=1),
        Paragraph(text="Growth of 5 mm ... in 2 years.", page=1),
    )


def test_without_a_title_in_the_file_none_is_made_up() -> None:
    pdf = page()
    pdf.set_title("Microsoft Word - draft7.docx")
    pdf.write(5, "Text.")
    assert read_pdf(bytes(pdf.output())).facts.title == ""


def test_an_encrypted_pdf_is_refused() -> None:
    pdf = page()
    pdf.write(5, "Secret.")
    pdf.set_encryption("owner", "user", EncryptionMethod.AES_256, AccessPermission.all())
    with pytest.raises(UnreadableDocument, match="encrypted: expected a PDF that opens without"):
        read_pdf(bytes(pdf.output()))


def test_a_scan_without_text_is_refused_and_scanned_pages_are_named() -> None:
    blank = FPDF()
    blank.add_page()
    blank.rect(10, 10, 50, 50, style="F")
    with pytest.raises(UnreadableDocument, match=r"none of its 1 page.*character recognition"):
        read_pdf(bytes(blank.output()))
    pdf = page()
    pdf.write(5, "Text.")
    pdf.add_page()
    pdf.rect(10, 10, 50, 50, style="F")
    read = read_pdf(bytes(pdf.output()))
    assert read.notes == ("without text (scanned or blank): page 2",)
    assert read.blocks == (Paragraph(text="Text.", page=1),)


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_truncated_pdf_is_refused(share: float) -> None:
    whole = as_pdf("Cysts", write_sections(2, seed=3))
    with pytest.raises(UnreadableDocument, match="expected a whole PDF, its end is missing"):
        read_pdf(whole[: int(share * len(whole))])


@pytest.mark.parametrize("content", [b"%PDF-1.7\n%%EOF", b"%PDF-1.4" + b"\xff" * 900 + b"%%EOF"])
def test_what_only_looks_like_a_pdf_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="expected a PDF"):
        read_pdf(content)


def test_bold_lines_of_the_same_size_are_headings_below_larger_ones() -> None:
    pdf = page()
    for style, size, text in (
        ("B", 16, "Cysts"), ("", 10, "Some words on cysts of the kidney in adults."),
        ("B", 10, "Follow-up"), ("", 10, "Every six months for two years, then none."),
    ):  # fmt: skip
        pdf.set_font("helvetica", style, size)
        pdf.multi_cell(0, 8, text, new_x="LMARGIN", new_y="NEXT")
    headings = [b for b in read_pdf(bytes(pdf.output())).blocks if isinstance(b, Heading)]
    assert [(h.text, h.level) for h in headings] == [("Cysts", 1), ("Follow-up", 2)]
