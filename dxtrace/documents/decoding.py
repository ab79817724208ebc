"""Bytes to text: the encoding that a file states, UTF-8, or one that is said to be assumed."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from dxtrace.documents.errors import UnreadableDocument

_SIGNATURES = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 4096
_MOSTLY = 0.7
_FEW = 0.02


@dataclass(frozen=True)
class Decoded:
    """A text and how it was read.

    Attributes:
        text: the text, lines ended by a line feed.
        note: what was assumed; empty if nothing was.
    """

    text: str
    note: str = ""


def decode(content: bytes, stated: str = "") -> Decoded:
    """Decode the bytes of a text file.

    Args:
        content: the file.
        stated: encoding that the file names itself, if it does.

    Raises:
        UnreadableDocument: if it is no text.
    """
    signed = next((name for mark, name in _SIGNATURES if content.startswith(mark)), "")
    if signed:
        return Decoded(_lines(_strictly(content, signed)))
    wide = _without_signature(content)
    if wide:
        return Decoded(
            _lines(_strictly(content, wide)), f"read as {wide.upper()} without signature"
        )
    _expect_text(content)
    note = ""
    if stated:
        try:
            return Decoded(_lines(content.decode(stated)))
        except (LookupError, UnicodeDecodeError):
            note = f"it is not {stated:.40}, as it says: "
    try:
        return Decoded(_lines(content.decode("utf-8")), note and f"{note}read as UTF-8")
    except UnicodeDecodeError:
        return Decoded(
            _lines(content.decode("cp1252", "replace")),
            f"{note}read as Windows-1252 (Latin-1), as it is not UTF-8: check accents and signs",
        )


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableDocument(
            f"expected {encoding.upper()}, as its first bytes say; byte {error.start} is not"
        ) from None


def _without_signature(content: bytes) -> str:
    """UTF-16 of Western text without a signature: every other byte is zero."""
    head = content[:_LOOKED_AT]
    if len(head) < 4 or len(content) % 2:  # noqa: PLR2004 - two characters
        return ""
    low, high = head[0::2].count(0) / len(head[0::2]), head[1::2].count(0) / len(head[1::2])
    if high > _MOSTLY and low < _FEW:
        return "utf-16-le"
    return "utf-16-be" if low > _MOSTLY and high < _FEW else ""


def _expect_text(content: bytes) -> None:
    controls = sum(b < 32 and b not in b"\t\n\r\f\x1b" for b in content)  # noqa: PLR2004 - ASCII
    if b"\0" in content or controls > _FEW * len(content):
        raise UnreadableDocument("it holds binary data: expected text (UTF-8)")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
