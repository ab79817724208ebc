"""What a document consists of once it is read: headings, paragraphs and tables, in order."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

from pydantic import Field

from dxtrace.clinical.base import Frozen
from dxtrace.documents.unseen import is_unseen

_BULLETS = str.maketrans({"\uf0b7": "•", "\uf0a7": "•", "\uf02d": "\u2013", "\u00a0": " "})
_SUPERSCRIPTS = str.maketrans("0123456789+-\u2212", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")


class Heading(Frozen):
    """A heading.

    Attributes:
        text: its words.
        level: 1 for the highest.
        page: page of the file, from 1, where there are pages.
    """

    kind: Literal["heading"] = "heading"
    text: str
    level: int = Field(ge=1)
    page: int | None = None


class Paragraph(Frozen):
    """A paragraph or an item of a list.

    Attributes:
        text: its words on one line.
        page: page on which it begins, from 1, where there are pages.
    """

    kind: Literal["paragraph"] = "paragraph"
    text: str
    page: int | None = None


class Table(Frozen):
    """A table.

    Attributes:
        rows: texts of the cells; rows are of one length.
        header_rows: how many rows at the top are headings of columns.
        caption: what stands above it; empty if nothing does.
        page: page on which it begins, from 1, where there are pages.
    """

    kind: Literal["table"] = "table"
    rows: tuple[tuple[str, ...], ...]
    header_rows: int = Field(default=1, ge=0)
    caption: str = ""
    page: int | None = None


Block = Annotated[Heading | Paragraph | Table, Field(discriminator="kind")]


class Facts(Frozen):
    """What a document says of itself, or a person of it; empty where neither does.

    Attributes:
        title: as people call it.
        publisher: who issued it.
        year: when.
        version: as its publisher counts.
        source: the publication.
        url: DOI or address.
        licence: what may be done with its text.
    """

    title: str = ""
    publisher: str = ""
    year: int | None = None
    version: str = ""
    source: str = ""
    url: str = ""
    licence: str = ""


class ReadDocument(Frozen):
    """A file as it was read.

    Attributes:
        blocks: headings, paragraphs and tables in order.
        facts: what its metadata says.
        notes: what a reader should know of how it was read.
    """

    blocks: tuple[Block, ...]
    facts: Facts = Facts()
    notes: tuple[str, ...] = ()


def one_line(text: str) -> str:
    """The text on one line, without characters that nobody sees."""
    return " ".join(seen(text).split())


def seen(text: str) -> str:
    """The text without characters that nobody sees, lines and tabs kept."""
    composed = unicodedata.normalize("NFC", text.translate(_BULLETS))
    return "".join(c for c in composed if c in "\n\t" or not is_unseen(c))


def superscript(text: str) -> str:
    """Raised digits and signs as such: 10 to the 9th must not become 109."""
    return text.translate(_SUPERSCRIPTS) if any(map(str.isdigit, text)) else text
