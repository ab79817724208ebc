"""Report text: UTF-8 or a clear refusal, and no character moves."""

from pathlib import Path

import pytest

from dxtrace.intake import IntakeError, IntakeLimits, prepare_report_text
from dxtrace.intake.report_text import decode_utf8, read_report_file

LIMITS = IntakeLimits()


def test_utf8_with_and_without_signature_is_read() -> None:
    text = "7 µm, größer"
    assert decode_utf8(text.encode()) == text
    assert decode_utf8(text.encode("utf-8-sig")) == text


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("naïve".encode("latin-1"), "byte 0xef at byte position 2"),
        (b"\xef\xbb\xbfna\xefve", "byte 0xef at byte position 5"),
        ("text".encode("utf-16"), "UTF-16"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"PK\x03\x04...", "a ZIP archive"),
    ],
)
def test_other_encodings_are_refused_by_name_or_position(raw: bytes, said: str) -> None:
    with pytest.raises(IntakeError, match=said):
        decode_utf8(raw)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "got nothing"),
        (" \n\t", "white space only"),
        ("lung\0", "null byte at character 4"),
        ("lung\ud800", "half a surrogate pair at 4"),
        ("x" * 200_001, "at most 200,000 characters, got 200,001"),
    ],
)
def test_what_is_no_report_is_refused(text: str, said: str) -> None:
    with pytest.raises(IntakeError, match=said):
        prepare_report_text(text, LIMITS)


def test_the_limit_can_be_raised() -> None:
    text = "x" * 11
    with pytest.raises(IntakeError, match="--max-report-chars"):
        prepare_report_text(text, IntakeLimits(max_report_chars=10))
    assert prepare_report_text(text, IntakeLimits(max_report_chars=11)) == text


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_ends_are_normalised_without_moving_anything(end: str) -> None:
    given = f"FINDINGS:{end}No effusion.{end}"
    text = prepare_report_text(given, LIMITS)
    assert len(text) == len(given)
    assert "\r" not in text
    assert text.splitlines()[1].rstrip() == "No effusion."
    assert text.index("effusion") == given.index("effusion")


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    with path.open("wb") as stream:
        stream.truncate(10_000_000_000)  # sparse: takes no space
    with pytest.raises(IntakeError, match=r"huge\.txt: expected at most"):
        read_report_file(path, LIMITS)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match=r"gone\.txt: there is no such file"):
        read_report_file(tmp_path / "gone.txt", LIMITS)
