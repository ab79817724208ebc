"""The phrase language of the knowledge packs, compiled and searched.

A phrase is a regular expression over lower-case text. A space stands for white space or hyphens, a
gap (`` .. ``) for up to six words of the same clause, ``{number}`` for a number or an interval.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, TypeVar

from tools.report_reader.numbers import NUMBER
from tools.report_reader.prefixes import PREFIX_LENGTH, first_letters

Entry = TypeVar("Entry")

_GAP = r"[\s-]+(?P<gap{0}>(?:(?:[^\s,;.]|\.(?=\d)){{1,40}}\s+){{0,6}}?)"
_TOKEN = re.compile(
    r"(?P<gap> \.\. )|(?P<number>\{number\})|(?P<escape>\\.)|(?P<klass>\[\^?\]?[^\]]*\])"
    r"|(?P<behind>\(\?<[!=][^()]*\))|(?P<group>\(\?P<[A-Za-z_]\w*>)"
    r"|(?P<space> )(?P<repeated>[?*+]|\{(?!number\}))?|(?P<other>.)",
    re.DOTALL,
)
_WIDE = ("<wide>", "<narrow>", "<font>")


class _Characters(dict[int, str]):
    """What to read for a character; letters of another width or fount are their plain letters."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        plain = character
        if unicodedata.decomposition(character).startswith(_WIDE):
            plain = unicodedata.normalize("NFKC", character).lower()
        self[code] = plain if len(plain) == 1 else character
        return self[code]


_ODD_CHARACTERS = _Characters(str.maketrans(
    {
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
        "\u00d7": "x", "\u2715": "x", "\u00a0": " ", "\u2009": " ", "\u202f": " ",
        "\u2018": "'", "\u2019": "'", "\u00b3": "3", "\u2022": "*", "\t": " ",
    }
))  # fmt: skip


def fold(text: str) -> str:
    """Lower-case text with plain dashes and signs, of the same length, so that offsets hold."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lowered.translate(_ODD_CHARACTERS)


def translate(phrase: str) -> str:
    """The regular expression that a phrase stands for."""
    parts: list[str] = []
    gaps = numbers = 0
    for token in _TOKEN.finditer(phrase):
        if token["gap"]:
            parts.append(_GAP.format(gaps))
            gaps += 1
        elif token["number"]:
            parts.append(f"(?P<number>{NUMBER})" if not numbers else f"(?:{NUMBER})")
            numbers += 1
        elif token["space"]:
            parts.append(r"[\s-]" + token["repeated"] if token["repeated"] else r"[\s-]+")
        elif token["klass"]:
            parts.append(token["klass"].lower().replace(" ", r"\s"))
        elif token["behind"]:
            parts.append(token[0].lower().replace(" ", r"[\s-]"))
        elif token["escape"] or token["group"]:
            parts.append(token[0])
        else:
            parts.append(token[0].lower())
    return "".join(parts)


@lru_cache(maxsize=8192)
def compile_phrase(phrase: str) -> re.Pattern[str]:
    """Compile a phrase to match whole words of folded text.

    Raises:
        ValueError: if the phrase is not a regular expression.
    """
    try:
        return re.compile(rf"(?<!\w)(?:{translate(phrase)})(?!\w)")
    except re.error as error:
        raise ValueError(f"phrase {phrase!r}: {error}") from error


@dataclass(frozen=True, slots=True)
class Hit(Generic[Entry]):
    """A phrase found in a text.

    Attributes:
        start: offset of its first character.
        end: offset after its last character.
        entry: what the phrase stands for.
        gaps: offsets of the words that a gap skipped.
        number: offsets of the number, if the phrase has one.
    """

    start: int
    end: int
    entry: Entry
    gaps: tuple[tuple[int, int], ...] = ()
    number: tuple[int, int] | None = None

    def covers(self, other: "Hit[Entry]") -> bool:
        """Whether the other, shorter hit lies inside, and neither begins nor ends in a gap."""
        inside = self.start <= other.start and other.end <= self.end
        shorter = other.end - other.start < self.end - self.start
        in_gap = any(s <= other.start < e or s < other.end <= e for s, e in self.gaps)
        return inside and shorter and not in_gap


@dataclass
class PhraseIndex(Generic[Entry]):
    """All phrases, grouped by their first letters."""

    _by_prefix: dict[str, list[tuple[re.Pattern[str], list[Entry]]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _anywhere: list[tuple[re.Pattern[str], list[Entry]]] = field(default_factory=list)
    _entries: dict[str, list[Entry]] = field(default_factory=dict)

    def add(self, phrase: str, entry: Entry) -> None:
        """Add a phrase; the same phrase may stand for several entries."""
        if phrase in self._entries:
            self._entries[phrase].append(entry)
            return
        entries = self._entries[phrase] = [entry]
        compiled, prefixes = compile_phrase(phrase), first_letters(phrase)
        if prefixes is None:
            self._anywhere.append((compiled, entries))
        for prefix in prefixes or ():
            self._by_prefix[prefix].append((compiled, entries))

    def scan(self, text: str, words: Iterable[int], end: int) -> Iterator[Hit[Entry]]:
        """Find phrases that begin at the given word starts and end before ``end``."""
        start: int | None = None
        for position in words:
            start = position if start is None else start
            for length in range(1, PREFIX_LENGTH + 1):
                bucket = self._by_prefix.get(text[position : position + length])
                for compiled, entries in bucket or ():
                    match = compiled.match(text, position, end)
                    if match:
                        yield from _hits(match, entries)
        if start is not None:
            for compiled, entries in self._anywhere:
                for match in compiled.finditer(text, start, end):
                    yield from _hits(match, entries)


def _hits(match: re.Match[str], entries: list[Entry]) -> Iterator[Hit[Entry]]:
    groups = match.re.groupindex
    gaps = tuple(match.span(name) for name in groups if name.startswith("gap"))
    number = match.span("number") if "number" in groups and match["number"] else None
    # A phrase may begin with something optional and a space: the space is not part of it.
    start = match.end() - len(match[0].lstrip())
    for entry in entries:
        yield Hit(start, match.end(), entry, gaps, number)
