"""HTML: headings, paragraphs, lists and tables that a reader sees. Nothing is fetched or run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from dxtrace.clinical.web_address import web_address
from dxtrace.documents.blocks import (
    Block,
    Facts,
    Heading,
    Paragraph,
    ReadDocument,
    Table,
    one_line,
    superscript,
)
from dxtrace.documents.decoding import decode
from dxtrace.documents.grid import Cell, lay_out, number_of

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_HEADINGS = {f"h{n}": n for n in range(1, 7)}
_UNREAD = frozenset({
    "script", "style", "noscript", "template", "nav", "footer", "svg", "math", "object", "iframe",
    "form", "button", "select", "head", "canvas", "audio", "video", "embed", "dialog",
})  # fmt: skip
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details",
    "div", "dl", "dt", "fieldset", "figcaption", "figure", "header", "hgroup", "hr", "html", "li",
    "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead",
    "tr", "ul",
})  # fmt: skip
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.I)
_META = {
    "title": ("citation_title", "dcterms.title", "dc.title", "og:title"),
    "publisher": ("citation_publisher", "dcterms.publisher", "dc.publisher"),
    "date": ("citation_publication_date", "citation_date", "dcterms.issued", "dc.date"),
    "doi": ("citation_doi",),
    "source": ("citation_journal_title",),
    "licence": ("dcterms.license", "dc.rights", "dcterms.rights"),
    "version": ("dcterms.hasversion", "version"),
}
_STATED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_XML = re.compile(rb"<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]{1,40})", re.IGNORECASE)
_YEAR = re.compile(r"\b(1[89]\d\d|20\d\d)\b")
_LOOKED_AT = 4096


def read_html(content: bytes) -> ReadDocument:
    """Read a page.

    Args:
        content: the file.

    Raises:
        UnreadableDocument: if it is no text.
    """
    head = content[:_LOOKED_AT]
    stated = _STATED.search(head) or _XML.search(head)
    decoded = decode(content, stated[1].decode() if stated else "")
    read = read_markup(decoded.text)
    notes = (*([decoded.note] if decoded.note else []), *read.notes)
    return read.model_copy(update={"notes": notes})


def read_markup(markup: str) -> ReadDocument:
    """Read HTML that has been decoded."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(markup, "lxml")
    blocks = tuple(_Walk().blocks(soup.body or soup))
    return ReadDocument(blocks=blocks, facts=_facts(soup))


class _Walk:
    """Goes through a page in order; without recursion, so that depth cannot end the process."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.mark = ""
        self.numbers: list[int] = []

    def blocks(self, root: Tag) -> Iterator[Block]:
        """What the page shows."""
        from bs4 import Tag
        from bs4.element import NavigableString

        stack: list[tuple[Any, bool]] = [(root, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                yield from self._flush()
                self._leave(node)
            elif type(node) is NavigableString:
                self.words.append(_raised(node))
            elif isinstance(node, Tag) and not _is_unread(node):
                yield from self._enter(node, stack)
        yield from self._flush()

    def _enter(self, node: Tag, stack: list[tuple[Any, bool]]) -> Iterator[Block]:
        if node.name in _HEADINGS:
            yield from self._flush()
            if text := one_line(_text(node)):
                yield Heading(text=text, level=_HEADINGS[node.name])
            return
        if node.name == "table" and (table := _table(node)) is not None:
            yield from self._flush()
            yield table
            return
        if node.name == "br":
            self.words.append(" ")
            return
        if node.name in _BLOCKS:
            yield from self._flush()
            self._begin(node)
            stack.append((node, True))
        stack.extend((child, False) for child in reversed(list(node.children)))

    def _begin(self, node: Tag) -> None:
        if node.name in ("ol", "ul"):
            self.numbers.append(number_of(node.get("start")) if node.name == "ol" else 0)
        elif node.name == "li":
            last = self.numbers[-1] if self.numbers else 0
            self.mark = f"{last}. " if last else "• "
            if last:
                self.numbers[-1] += 1

    def _leave(self, node: Tag) -> None:
        if node.name in ("ol", "ul") and self.numbers:
            self.numbers.pop()

    def _flush(self) -> Iterator[Block]:
        text = one_line("".join(self.words))
        self.words.clear()
        if text:
            yield Paragraph(text=f"{self.mark}{text}")
            self.mark = ""


def _is_unread(node: Tag) -> bool:
    """Not shown to a reader, or no part of the text."""
    style = str(node.get("style") or "")
    return node.name in _UNREAD or node.has_attr("hidden") or _HIDDEN.search(style) is not None


def _raised(words: Any) -> str:
    return superscript(str(words)) if words.find_parent("sup") else str(words)


def _text(node: Tag) -> str:
    """The visible words of an element."""
    from bs4.element import NavigableString

    parts = []
    for words in node.descendants:
        if getattr(words, "name", None) in _BLOCKS or getattr(words, "name", None) == "br":
            parts.append(" ")
        hidden = type(words) is not NavigableString or any(
            _is_unread(p) for p in _up_to(words, node)
        )
        if not hidden:
            parts.append(_raised(words))
    return "".join(parts)


def _up_to(words: Any, node: Tag) -> Iterator[Tag]:
    for parent in words.parents:
        if parent is node:
            return
        yield parent


def _table(node: Tag) -> Table | None:
    """A table of data; None if it only lays out a page."""
    if node.find("table") or node.find(list(_HEADINGS)):
        return None
    rows: list[list[Cell]] = []
    headings = 0
    for row in node.find_all("tr"):
        cells = row.find_all(["td", "th"])
        if not cells or any(_is_unread(p) for p in (row, *_up_to(row, node))):
            continue
        if headings == len(rows) and _heads(row, cells):
            headings += 1
        rows.append([
            Cell(
                one_line(_text(c)),
                number_of(c.get("colspan")), number_of(c.get("rowspan")),
            )
            for c in cells if not _is_unread(c)
        ])  # fmt: skip
    caption = node.find("caption")
    return lay_out(rows, heads=headings, caption=one_line(_text(caption)) if caption else "")


def _heads(row: Tag, cells: Iterable[Tag]) -> bool:
    return row.parent is not None and (
        row.parent.name == "thead" or all(c.name == "th" for c in cells)
    )


def _facts(soup: BeautifulSoup) -> Facts:
    said: dict[str, str] = {}
    for meta in soup.find_all("meta"):
        name = str(meta.get("name") or meta.get("property") or "").strip().lower()
        said.setdefault(name, one_line(str(meta.get("content") or "")))
    found = {
        fact: next((said[n] for n in names if said.get(n)), "") for fact, names in _META.items()
    }
    title = soup.title.get_text() if soup.title else ""
    year = _YEAR.search(found["date"])
    return Facts(
        title=found["title"] or one_line(title), publisher=found["publisher"],
        year=int(year[1]) if year else None, version=found["version"], source=found["source"],
        url=web_address(found["doi"]) or _link(soup, "canonical"),
        licence=found["licence"] or _link(soup, "license"),
    )  # fmt: skip


def _link(soup: BeautifulSoup, relation: str) -> str:
    link = soup.find("link", rel=relation)
    return web_address(one_line(str(link.get("href") or ""))) if link else ""
