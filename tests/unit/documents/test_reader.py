"""Files of any kind, in a process of their own."""

import os
import zlib
from pathlib import Path

import pytest

from dxtrace.documents import reader
from dxtrace.documents.errors import UnreadableDocument
from dxtrace.documents.reader import read_apart, read_bytes


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableDocument) as refused:
        read_apart(path, read_bytes(path))
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.pdf", b"", "it is empty: expected a document with text"),
        ("blank.txt", b" \n\n\t", "it is empty"),
        ("sign.txt", b"\xef\xbb\xbf", "it is empty"),
        ("only.html", b"<html><body><script>x</script></body></html>", "it holds no text"),
        ("heads.md", b"# A\n\n## B\n", "it holds no text: expected a document with paragraphs"),
        ("picture.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 9, "binary data: expected text"),
        ("report.txt", b"%PDF-1.7\n", "it is named .txt and holds a PDF: rename it"),
        ("old.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Word document before 2007"),
        ("zip.pdf", b"PK\x03\x04rest", "a ZIP file such as DOCX"),
        ("table.xlsx", b"PK\x03\x04rest", "expected PDF, DOCX, HTML"),
        ("noending", b"text", "got 'no ending'"),
        ("fake.pdf", b"no pdf at all", "expected a whole PDF"),
        ("fake.docx", b"no docx at all", "expected a Word document (.docx)"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert said in refusal(path)


def test_only_files_are_read(tmp_path: Path) -> None:
    assert "folder" in refusal(tmp_path) or "expected a file" in refusal(tmp_path)
    assert refusal(tmp_path / "none.pdf") == "there is no such file"
    os.mkfifo(tmp_path / "pipe.txt")
    assert refusal(tmp_path / "pipe.txt") == "expected a file"
    assert "cannot be opened" in refusal(tmp_path / ("x" * 400 + ".txt"))
    assert "cannot be opened" in refusal(Path("nul\0.txt"))


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(reader.MOST_BYTES + 1)
    assert "expected at most 200 MiB" in refusal(tmp_path / "large.txt")


def _bomb(stream: bytes) -> bytes:
    """A PDF whose page unpacks to far more than it has."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
        b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%s\nendstream"
        % (len(stream), stream),
    ]  # fmt: skip
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    out += b"xref\n0 5\n0000000000 65535 f \n" + table
    return out + b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % start


def test_a_file_that_unpacks_without_end_ends_its_own_process_only(tmp_path: Path) -> None:
    squeeze = zlib.compressobj(9)
    inner = b"".join(squeeze.compress(bytes(1 << 24)) for _ in range(400)) + squeeze.flush()
    path = tmp_path / "bomb.pdf"
    path.write_bytes(_bomb(zlib.compress(inner, 9)))
    assert path.stat().st_size < 1 << 20
    said = refusal(path)
    assert "4 GiB of memory" in said or "holds text" in said or "cannot be read" in said


def test_pages_of_a_long_pdf_are_counted_while_it_is_read(tmp_path: Path) -> None:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.set_font("helvetica", size=10)
    for number in range(20):
        pdf.add_page()
        pdf.set_y(120)
        pdf.write(6, f"Text of page number {number} in words.")
    path = tmp_path / "long.pdf"
    path.write_bytes(bytes(pdf.output()))
    told: list[tuple[int, int]] = []
    read_apart(path, read_bytes(path), lambda done, total: told.append((done, total)))
    assert told == [(n, 20) for n in range(1, 21)]
