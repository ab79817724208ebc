"""The words of a part of a DOCX file: insertions, links and text boxes too, deletions not."""

from __future__ import annotations

from typing import Any

from dxtrace.documents.blocks import superscript

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BREAKS = {f"{W}tab": " ", f"{W}br": " ", f"{W}cr": " ", f"{W}noBreakHyphen": "-"}


def words_of(element: Any, marks: dict[Any, str] | None = None) -> str:
    """The words of a paragraph that a reader sees.

    Args:
        element: the paragraph.
        marks: what stands in place of elements of it that are no words, such as references to
            footnotes.
    """
    marks = marks or {}
    parts = []
    for part in element.iter(f"{W}t", *_BREAKS, *{mark.tag for mark in marks}):
        if is_unread(part):
            continue
        if part in marks:
            parts.append(marks[part])
        elif part.tag in _BREAKS:
            parts.append(_BREAKS[part.tag])
        elif part.tag == f"{W}t":
            parts.append(_raised(part))
    return "".join(parts)


def is_unread(part: Any) -> bool:
    """Whether a part is hidden, deleted, or another form of what is read already."""
    return any(_hides(parent) for parent in part.iterancestors())


def _hides(parent: Any) -> bool:
    if parent.tag == f"{W}r":
        hidden = parent.find(f"{W}rPr/{W}vanish")
        return hidden is not None and hidden.get(f"{W}val") not in ("0", "false")
    return parent.tag in (_FALLBACK, f"{W}del", f"{W}moveFrom")


def _raised(part: Any) -> str:
    words = part.text or ""
    run = part.getparent()
    place = run.find(f"{W}rPr/{W}vertAlign") if run is not None else None
    raised = place is not None and place.get(f"{W}val") == "superscript"
    return superscript(words) if raised else words
