"""Bytes to report text: UTF-8 or a clear refusal, and offsets that stay true."""

import re
from pathlib import Path

from dxtrace.intake.deidentify import mask_identifiers
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.file_kind import refuse_odd_file
from dxtrace.intake.limits import IntakeLimits

_UTF8_SIGNATURE = b"\xef\xbb\xbf"
_OTHER_SIGNATURES = {
    b"\xff\xfe": "UTF-16 (little endian)",
    b"\xfe\xff": "UTF-16 (big endian)",
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP archive (such as a Word document)",
    b"\x1f\x8b": "a gzip archive",
    b"{\\rtf": "an RTF document",
}
_SURROGATE = re.compile("[\ud800-\udfff]")


def decode_utf8(raw: bytes) -> str:
    """Decode UTF-8, with or without its signature (BOM). No other encoding is tried.

    Raises:
        IntakeError: naming the first byte that is not UTF-8, or what the bytes look like.
    """
    for signature, name in _OTHER_SIGNATURES.items():
        if raw.startswith(signature):
            raise IntakeError(f"expected UTF-8 text, got what looks like {name}")
    try:
        return raw.removeprefix(_UTF8_SIGNATURE).decode("utf-8")
    except UnicodeDecodeError as error:
        skipped = len(_UTF8_SIGNATURE) if raw.startswith(_UTF8_SIGNATURE) else 0
        position = error.start + skipped
        raise IntakeError(
            f"expected UTF-8 text, got byte 0x{raw[position]:02x} at byte position {position} "
            f"(perhaps Latin-1 or Windows-1252: convert it first, no other encoding is guessed)"
        ) from None


def prepare_report_text(text: str, limits: IntakeLimits) -> str:
    """Check a report's text, normalise its line ends and mask identifiers.

    Every character keeps its position: a carriage return before a line feed becomes a space.

    Args:
        text: the report as given.
        limits: what is accepted.

    Returns:
        Text of the same length.

    Raises:
        IntakeError: if it is empty, too long, or holds characters that no text has.
    """
    if len(text) > limits.max_report_chars:
        raise IntakeError(
            f"expected a report of at most {limits.max_report_chars:,} characters, got "
            f"{len(text):,} (raise the limit with --max-report-chars if it really is one report)"
        )
    if not text.strip():
        raise IntakeError(f"expected report text, got {'white space only' if text else 'nothing'}")
    if "\0" in text:
        raise IntakeError(
            f"expected text, got a null byte at character {text.index(chr(0))} "
            f"(a binary file, or UTF-16 without its signature?)"
        )
    surrogate = _SURROGATE.search(text)
    if surrogate:
        raise IntakeError(f"expected text, got half a surrogate pair at {surrogate.start()}")
    return mask_identifiers(text.replace("\r\n", " \n").replace("\r", "\n"))


def read_report_file(path: Path, limits: IntakeLimits) -> str:
    """Read one report file.

    Raises:
        IntakeError: naming the file, if it is missing, not a file or not acceptable text.
    """
    try:
        return prepare_report_text(decode_utf8(read_bytes(path, limits)), limits)
    except IntakeError as error:
        raise error.at(file=path) from None


def read_bytes(path: Path, limits: IntakeLimits) -> bytes:
    """Read a small file; UTF-8 needs at most four bytes a character, more is refused unread.

    Raises:
        IntakeError: naming the file.
    """
    largest = 4 * limits.max_report_chars + len(_UTF8_SIGNATURE)
    try:
        _refuse_unreadable(path, largest)
        return path.read_bytes()
    except FileNotFoundError:
        raise IntakeError("there is no such file", file=path) from None
    except IntakeError as error:
        raise error.at(file=path) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise IntakeError(f"cannot be read: {reason}", file=repr(str(path))) from None


def _refuse_unreadable(path: Path, largest: int) -> None:
    refuse_odd_file(path)
    size = path.stat().st_size
    if size > largest:
        raise IntakeError(
            f"expected at most {largest:,} bytes, got {size:,} "
            f"(raise the limit with --max-report-chars)"
        )
