"""Markdown, plain text and their encodings."""

import pytest

from dxtrace.documents.blocks import Facts, Heading, Paragraph, Table
from dxtrace.documents.decoding import decode
from dxtrace.documents.errors import UnreadableDocument
from dxtrace.documents.markdown_files import read_markdown
from dxtrace.documents.plain_text import read_plain_text


def test_front_matter_is_metadata_and_the_rest_text() -> None:
    read = read_markdown(
        b"---\ntitle: Cysts\nyear: 2020\nlicense: CC BY\nother: x\n---\n# A\n\nless than <5 mm\n"
    )
    assert (read.facts.title, read.facts.year, read.facts.licence) == ("Cysts", 2020, "CC BY")
    assert read.blocks == (Heading(text="A", level=1), Paragraph(text="less than <5 mm"))


def test_bad_front_matter_is_said() -> None:
    read = read_markdown(b"---\ntitle: [\n---\ntext\n")
    assert read.notes == ("its front matter is no YAML and is not read",)
    assert read.blocks == (Paragraph(text="text"),)


def test_what_front_matter_says_wrongly_is_named_and_the_rest_is_used() -> None:
    read = read_markdown(
        b"---\ntitle: Cysts\nyear: notayear\nlicence: 2020-01-01\nurl: javascript:x()\n"
        b"publisher: [a, b]\nsource: true\nversion: 2020-05-01\nother: [1]\n---\ntext\n"
    )
    assert read.facts == Facts(title="Cysts", version="2020-05-01")
    assert read.notes == (
        "front matter: year: expected a year such as 2020, got 'notayear': not used",
        "front matter: licence: expected words, got '2020-01-01': not used",
        "front matter: url: expected https://... or doi:10...., got 'javascript:x()': not used",
        """front matter: publisher: expected words, got "['a', 'b']": not used""",
        "front matter: source: expected words, got 'True': not used",
    )


def test_a_date_has_a_year_a_doi_is_an_address_and_empty_fields_say_nothing() -> None:
    read = read_markdown(
        b"---\nyear: 2020-05-01\nurl: doi:10.1148/radiol.1\nlicence:\ntitle: ''\n---\ntext\n"
    )
    assert read.facts == Facts(year=2020, url="https://doi.org/10.1148/radiol.1")
    assert read.notes == ()


@pytest.mark.parametrize("front", [b"a title", b"- title: x", b"7"])
def test_front_matter_without_fields_is_said(front: bytes) -> None:
    read = read_markdown(b"---\n" + front + b"\n---\ntext\n")
    assert read.notes[0].startswith("front matter: expected fields, got ")
    assert read.blocks == (Paragraph(text="text"),)


@pytest.mark.parametrize("depth", [5, 21, 110])
def test_nested_lists_and_quotations_are_read(depth: int) -> None:
    quoted = read_markdown(b"> " * depth + b"Image again at 6 months.")
    assert quoted.blocks == (Paragraph(text="Image again at 6 months."),)
    lines = [f"{'  ' * n}- step {n}" for n in range(depth)]
    listed = read_markdown("\n".join(lines).encode())
    assert [b.text for b in listed.blocks if isinstance(b, Paragraph)] == [
        f"• step {n}" for n in range(depth)
    ]


@pytest.mark.parametrize("text", [b"> " * 300 + b"deep", b"> - " * 5000 + b"deep"])
def test_what_is_nested_too_deeply_to_be_read_is_refused_as_such(text: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="nested in more than 120 others"):
        read_markdown(b"Some words.\n\n" + text)


def test_form_feeds_end_pages() -> None:
    read = read_plain_text(b"INTRODUCTION\n\nOne.\n\f2.1 Sizes\n\n- two\n- three\n")
    assert [(b.kind, b.text, b.page) for b in read.blocks if not isinstance(b, Table)] == [
        ("heading", "INTRODUCTION", 1), ("paragraph", "One.", 1), ("heading", "2.1 Sizes", 2),
        ("paragraph", "- two", 2), ("paragraph", "- three", 2),
    ]  # fmt: skip


def test_a_sentence_in_capitals_with_a_full_stop_is_no_heading() -> None:
    read = read_plain_text(b"DO NOT BIOPSY A SIMPLE CYST.\n\nCT\n")
    assert {b.kind for b in read.blocks} == {"paragraph"}


def test_columns_of_text_are_a_table() -> None:
    read = read_plain_text(b"Class   Interval\n-----   --------\nI       none\nIIF     6 months\n")
    assert read.blocks == (Table(rows=(("Class", "Interval"), ("I", "none"), ("IIF", "6 months"))),)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_signed_and_utf_8_texts_are_read_without_a_word(encoding: str) -> None:
    decoded = decode("Größe ≥ 6 mm\r\nzweite".encode(encoding))
    assert (decoded.text, decoded.note) == ("Größe ≥ 6 mm\nzweite", "")


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-16-le", "UTF-16-LE"), ("utf-16-be", "UTF-16-BE"), ("cp1252", "1252")],
)
def test_what_is_assumed_is_said(encoding: str, said: str) -> None:
    decoded = decode("Größe der Zyste 6 mm".encode(encoding))
    assert decoded.text == "Größe der Zyste 6 mm"
    assert said in decoded.note


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", bytes(range(256)) * 9])
def test_binary_data_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="binary data: expected text"):
        decode(content)


def test_what_nobody_sees_is_left_out() -> None:
    read = read_plain_text("so\u00adlid \u202eesrever\u202c zero\u200bwidth \x1b[31mred".encode())
    assert read.blocks == (Paragraph(text="solid esrever zerowidth [31mred"),)
