"""Blocks cut into passages: never over sections, tables whole or with their head repeated."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from dxtrace.documents.blocks import Block, Heading, Paragraph, Table
from dxtrace.retrieval.guidelines.passage import GuidelinePassage

MOST_PIECES = 215
"""Of a passage with its section, as :func:`word_pieces` counts them: about 240 of MiniLM's 256."""
_FEWEST_PIECES = 90
_BETWEEN = " > "
_LONGEST_HEADING = 120
_LONGEST_SECTION = 300
_KEY_DIGITS = 8
_KEY_WORDS = 40
_TOKENS = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=[A-Z0-9(\[“\"])")
_CAPTION = re.compile(r"(?:table|tab\.|box|figure|algorithm)\s*\w{0,4}\d[\d.]*\b", re.IGNORECASE)
_LONGEST_CAPTION = 250


def word_pieces(text: str) -> int:
    """About how many word pieces a text has, whichever embedder there is."""
    count = 0
    for token in _TOKENS.findall(text):
        if token.isdigit():
            count += -(-len(token) // 2)
        else:
            count += 1 + max(0, -(-(len(token) - 6) // 3))
    return count


def remarks(blocks: Iterable[Block]) -> tuple[str, ...]:
    """What a reader should know of how blocks are cut."""
    texts = (text for block in blocks for text in _texts_of(block))
    sliced = [w for text in texts for w in text.split() if _is_sliced(w, MOST_PIECES)]
    if not sliced:
        return ()
    return (
        f"{len(sliced)} word(s) are too long for a passage, of up to "
        f"{max(map(len, sliced)):,} letters without a space, and were cut in slices: is it text, "
        f"or data such as an encoded picture?",
    )


def _texts_of(block: Block) -> Iterator[str]:
    if isinstance(block, Table):
        yield from (cell for row in block.rows for cell in row)
    else:
        yield block.text


def cut(blocks: Iterable[Block], title: str) -> tuple[GuidelinePassage, ...]:
    """Passages in order; the same blocks give the same passages with the same keys.

    Args:
        blocks: of the document.
        title: of the document; a first heading that only repeats it is no section.
    """
    keys = Counter[str]()
    return tuple(
        GuidelinePassage(
            key=_key(section.name, text, keys), section=section.name, page=page, text=text
        )
        for section in _sections(blocks, title)
        for text, page in section.passages()
    )


def _key(section: str, text: str, seen: Counter[str]) -> str:
    """Made of the words alone: a passage that a new version keeps keeps its key."""
    last = section.rpartition(_BETWEEN)[2].lower()
    slug = re.sub(r"[^a-z0-9]+", "-", last).strip("-")[:_KEY_WORDS].strip("-")
    digest = sha256(f"{section}\n{text}".encode()).hexdigest()[:_KEY_DIGITS]
    key = f"{slug}-{digest}" if slug else digest
    seen[key] += 1
    return key if seen[key] == 1 else f"{key}-{seen[key]}"


@dataclass
class _Section:
    """What stands under one heading."""

    name: str
    blocks: list[Paragraph | Table] = field(default_factory=list)

    def passages(self) -> Iterator[tuple[str, int | None]]:
        """Texts with the page on which each begins."""
        most = max(MOST_PIECES - word_pieces(self.name), _FEWEST_PIECES)
        gathered = _Gathered(most)
        for block in self.blocks:
            if isinstance(block, Table):
                yield from gathered.given()
                yield from ((text, block.page) for text in _table_texts(block, most))
            else:
                for part in split_text(block.text, most):
                    yield from gathered.taking(part, block.page)
        yield from gathered.given()


@dataclass
class _Gathered:
    """Paragraphs until a passage is full."""

    most: int
    parts: list[str] = field(default_factory=list)
    page: int | None = None
    pieces: int = 0

    def taking(self, part: str, page: int | None) -> Iterator[tuple[str, int | None]]:
        """Take a part; gives what was gathered if there is no room for it."""
        pieces = word_pieces(part)
        if self.parts and self.pieces + pieces > self.most:
            yield from self.given()
        if not self.parts:
            self.page = page
        self.parts.append(part)
        self.pieces += pieces

    def given(self) -> Iterator[tuple[str, int | None]]:
        """What was gathered."""
        if self.parts:
            yield "\n".join(self.parts), self.page
        self.parts, self.pieces = [], 0


def _sections(blocks: Iterable[Block], title: str) -> Iterator[_Section]:
    path: list[Heading] = []
    section = _Section("")
    for block in _captioned(list(blocks)):
        if isinstance(block, Heading):
            if section.blocks:
                yield section
            path = [*(h for h in path if h.level < block.level), block]
            section = _Section(_name(path, title))
        else:
            section.blocks.append(block)
    if section.blocks:
        yield section


def _name(path: Sequence[Heading], title: str) -> str:
    """Headings from the highest down; the document's own title left out."""
    said = [h.text for h in path]
    if said and _same(said[0], title):
        said = said[1:]
    cut_short = [s if len(s) <= _LONGEST_HEADING else f"{s[:_LONGEST_HEADING]}…" for s in said]
    while len(_BETWEEN.join(cut_short)) > _LONGEST_SECTION and len(cut_short) > 1:
        cut_short = cut_short[1:]
    return _BETWEEN.join(cut_short)


def _same(one: str, other: str) -> bool:
    return " ".join(one.lower().split()) == " ".join(other.lower().split())


def _captioned(blocks: Sequence[Block]) -> Iterator[Block]:
    """Blocks, captions taken into the tables that they stand above."""
    held: Block | None = None
    for block in blocks:
        if isinstance(block, Table) and not block.caption and _is_caption(held):
            caption = held.text if held is not None and not isinstance(held, Table) else ""
            held = block.model_copy(update={"caption": caption})
            continue
        if held is not None:
            yield held
        held = block
    if held is not None:
        yield held


def _is_caption(block: Block | None) -> bool:
    return (
        isinstance(block, Paragraph)
        and len(block.text) <= _LONGEST_CAPTION
        and _CAPTION.match(block.text) is not None
    )


def _table_texts(table: Table, most: int) -> Iterator[str]:
    """A table in one text if it fits, else in several, caption and head repeated in each."""
    head = [_row(row) for row in table.rows[: table.header_rows]]
    top = [table.caption, *head] if table.caption else head
    room = most - word_pieces("\n".join(top))
    if room < _FEWEST_PIECES // 2:
        top, room = head[-1:], most - word_pieces("\n".join(head[-1:]))
    rows: list[str] = []
    used = 0
    for row in table.rows[table.header_rows :]:
        text, pieces = _row(row), word_pieces(_row(row))
        if rows and used + pieces > room:
            yield "\n".join([*top, *rows])
            rows, used = [], 0
        if pieces > max(room, _FEWEST_PIECES // 2):
            yield from split_text(_named(table, row), most)
            continue
        rows.append(text)
        used += pieces
    if rows:
        yield "\n".join([*top, *rows])


def _row(row: Sequence[str]) -> str:
    return " | ".join(row).rstrip()


def _named(table: Table, row: Sequence[str]) -> str:
    """A row that is too long for a passage: each cell with the head of its column."""
    heads = table.rows[table.header_rows - 1] if table.header_rows else ("",) * len(row)
    named = (f"{h}: {c}" if h else c for h, c in zip(heads, row, strict=True) if c)
    return "\n".join(named)


def split_text(text: str, most: int) -> Iterator[str]:
    """A text whole if it fits, else cut between sentences, and a long sentence between words."""
    if word_pieces(text) <= most:
        yield text
        return
    sentences = _SENTENCE.split(text)
    yield from _packed((part for s in sentences for part in _fitting(s, most)), most)


def _fitting(sentence: str, most: int) -> Iterable[str]:
    if word_pieces(sentence) <= most:
        return (sentence,)
    return _packed(_words(sentence, most), most)


def _words(sentence: str, most: int) -> Iterator[str]:
    """Words; what has no spaces and is too long, such as an encoded picture, in slices."""
    for word in sentence.split():
        if _is_sliced(word, most):
            yield from (word[start : start + most] for start in range(0, len(word), most))
        else:
            yield word


def _is_sliced(word: str, most: int) -> bool:
    return len(word) > most and word_pieces(word) > most


def _packed(parts: Iterable[str], most: int) -> Iterator[str]:
    """As many parts together as fit."""
    packed: list[str] = []
    used = 0
    for part in parts:
        pieces = word_pieces(part)
        if packed and used + pieces > most:
            yield " ".join(packed)
            packed, used = [], 0
        packed.append(part)
        used += pieces
    if packed:
        yield " ".join(packed)
