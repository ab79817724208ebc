"""Which kind of document a file is: by its name, if its first bytes do not say otherwise."""

from __future__ import annotations

from pathlib import Path

from dxtrace.documents.errors import UnreadableDocument

KINDS = {
    ".pdf": "pdf", ".docx": "word", ".html": "html", ".htm": "html", ".xhtml": "html",
    ".md": "markdown", ".markdown": "markdown", ".txt": "text", ".text": "text",
}  # fmt: skip
_KNOWN = "PDF, DOCX, HTML (.html, .htm, .xhtml), Markdown (.md) or text (.txt)"
_BEGINNINGS = {
    b"%PDF-": ("pdf", "a PDF"),
    b"PK\x03\x04": ("word", "a ZIP file such as DOCX"),
    b"\xd0\xcf\x11\xe0": ("", "a Word document before 2007, or an encrypted one"),
    b"{\\rtf": ("", "RTF"),
}
_SIGNATURE = b"\xef\xbb\xbf"


def kind_of(path: Path, content: bytes) -> str:
    """``pdf``, ``word``, ``html``, ``markdown`` or ``text``.

    Raises:
        UnreadableDocument: if it is none of these, or its content is not what its name says.
    """
    named = KINDS.get(path.suffix.lower())
    if named is None:
        ending = path.suffix or "no ending"
        raise UnreadableDocument(f"expected {_KNOWN}, got {ending!r:.20}")
    if not content.removeprefix(_SIGNATURE).strip():
        raise UnreadableDocument("it is empty: expected a document with text")
    for beginning, (kind, words) in _BEGINNINGS.items():
        if content.startswith(beginning) and kind != named:
            raise UnreadableDocument(
                f"it is named {path.suffix} and holds {words}: rename it, or save it as {_KNOWN}"
            )
    return named
