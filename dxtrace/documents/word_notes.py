"""Footnotes and endnotes of DOCX: marked where they belong, read behind the paragraph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dxtrace.documents.blocks import Paragraph, one_line
from dxtrace.documents.word_text import W, is_unread, words_of

if TYPE_CHECKING:
    from docx.document import Document

_KINDS = ("footnote", "endnote")
_REFERENCES = {f"{W}{kind}Reference": kind for kind in _KINDS}


class WordNotes:
    """The notes of a document, numbered as they are referred to.

    Args:
        document: as python-docx opens it.

    Raises:
        lxml.etree.LxmlError: if they are no XML.
    """

    def __init__(self, document: Document) -> None:
        self._texts = {(kind, name): t for kind in _KINDS for name, t in _read(document, kind)}
        self._marks: dict[Any, str] = {}
        self._counts = Counter[str]()
        self._held: list[Paragraph] = []
        self._empty = 0

    def words(self, element: Any, page: int | None) -> str:
        """The words of a paragraph, with marks such as ``[footnote 2]``; its notes are held.

        Args:
            element: the paragraph; read twice, it has the same marks, and its notes are held once.
            page: where it stands.
        """
        here: dict[Any, str] = {}
        for reference in element.iter(*_REFERENCES):
            if not is_unread(reference):
                here[reference] = self._marks.get(reference) or self._take(reference, page)
        return one_line(words_of(element, here))

    def given(self) -> Iterator[Paragraph]:
        """The notes that are held, once."""
        held, self._held = self._held, []
        yield from held

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader should know, once the document is read."""
        if not self._empty:
            return ()
        return (f"{self._empty} footnote(s) or endnote(s) that it refers to hold no words",)

    def _take(self, reference: Any, page: int | None) -> str:
        kind = _REFERENCES[reference.tag]
        self._counts[kind] += 1
        name = f"{kind} {self._counts[kind]}"
        text = self._texts.get((kind, str(reference.get(f"{W}id"))), "")
        if text:
            self._held.append(Paragraph(text=f"{name.capitalize()}: {text}", page=page))
        else:
            self._empty += 1
        self._marks[reference] = f" [{name}]"
        return self._marks[reference]


def _read(document: Document, kind: str) -> Iterator[tuple[str, str]]:
    """Names of the notes of a kind with their words."""
    from docx.oxml import parse_xml

    for relation in document.part.rels.values():
        if relation.is_external or relation.reltype.rpartition("/")[2] != f"{kind}s":
            continue
        for note in parse_xml(relation.target_part.blob).iter(f"{W}{kind}"):
            words = " ".join(words_of(paragraph) for paragraph in note.iter(f"{W}p"))
            yield str(note.get(f"{W}id")), one_line(words)
