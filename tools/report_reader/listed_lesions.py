"""Lesions listed in running text, spelled out one by one.

``Target lesions: liver 44 mm (baseline 52 mm); adrenal 24 mm (baseline 28 mm)`` becomes a
sentence for each lesion, and so does a list for each time point: ``Baseline: node 22 mm, node 18
mm. Current: ...``. Sizes are only taken together where every lesion of a list has one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SIZE = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,2})?(?:\s?(?:mm|cm))?(?:\s?x\s?\d{1,3}(?:\.\d{1,2})?)?\s?(?:mm|cm)(?![a-z])"
)
_END = re.compile(r"\n|\.(?=\s|\Z)|\Z")
_SEPARATOR = re.compile(r"\s*(?:;|,(?:\s*and\b)?|(?<=[\w)])\s+and\b|\s\+)\s*")
_OPENED = re.compile(
    r"\s*(?:\([^)\n]{0,40}\))?\s*(?::|-(?=\s)|\b(?:are|were|include|including)\b)\s*"
)
_NEXT_SENTENCE = re.compile(r"\.[ ]+(?=[a-z0-9])")
_TOGETHER = re.compile(r"(?<!\w)(?:diameters?|together|combined|both|all|each)(?!\w)")
_NOUN = re.compile(r"[a-z]{3,}")
_PLACE = re.compile(r"[a-z]{4,}")
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Item:
    """One lesion of a list: where its words stand."""

    start: int
    end: int
    words: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: where it begins with its title, its lesions, where its last words end."""

    start: int
    begin: int
    end: int
    items: tuple[Item, ...]
    column: str = ""


Change = tuple[int, int, str]


class ListedLesions:
    """Finds lists of lesions in running text.

    Args:
        titles: words that open a list of lesions, and the noun of its rows.
        columns: words for a time point, each group named.
        sums: words for what the lesions add up to.
        cells: words that stand in place of a size.
        goes_on: words by which a piece goes on about the lesion before it.
    """

    def __init__(
        self, titles: Sequence[tuple[re.Pattern[str], str]], columns: re.Pattern[str],
        sums: re.Pattern[str], cells: re.Pattern[str], goes_on: re.Pattern[str],
    ):  # fmt: skip
        self._titles, self._columns = titles, columns
        self._sums, self._cells, self._goes_on = sums, cells, goes_on
        self._opening = re.compile(
            rf"(?:(?<=[.;:]\s)|(?<=\n)|\A)(?P<title>(?:at )?(?:{columns.pattern})"
            rf"(?:\s\([^)\n]{{0,40}}\)|\s[a-z]+){{0,2}}:\s*)"
        )

    def changes(self, folded: str) -> Iterator[Change]:
        """What to put in place of which stretch of the text, in text order."""
        found = [*self._by_title(folded), *self._by_time(folded)]
        last = 0
        for change in sorted(found, key=lambda c: (c[0], c[1])):
            if change[0] >= last:
                yield change
                last = change[1]

    def _by_title(self, folded: str) -> Iterator[Change]:
        for pattern, noun in self._titles:
            for title in pattern.finditer(folded):
                opened = _OPENED.match(folded, title.end())
                if opened is None:
                    continue
                listing = self._listing(folded, title.start(), opened.end())
                listing = self._continued(folded, listing)
                sized = [i for i in listing.items if _SIZE.search(i.words)]
                whole = all(
                    _SIZE.search(i.words) or self._cells.search(i.words) for i in listing.items
                )
                times = {self._times(i.words) for i in sized}
                fewest = 1 if any(times) and self._names(listing) else _FEWEST
                if len(listing.items) >= fewest and whole and len(times) == 1:
                    yield from _numbered(listing, noun)

    def _continued(self, folded: str, listing: Listing) -> Listing:
        """The list with the sentences after it, as long as each is a lesion with an earlier size.

        "Target lesions: liver lesion gone (baseline 28 mm). Lung nodule gone (baseline 19 mm)."
        """
        items, end = list(listing.items), listing.end
        while items and (following := _NEXT_SENTENCE.match(folded, end)):
            more = self._listing(folded, end, following.end())
            lesions = more.items and all(
                self._opens(i.words) and self._times(i.words) for i in more.items
            )
            if not lesions:
                break
            items += more.items
            end = more.end
        return Listing(listing.start, listing.begin, end, tuple(items), listing.column)

    def _names(self, listing: Listing) -> bool:
        """Whether a single row names its lesion and stands for no sum."""
        return all(self._opens(i.words) and not _TOGETHER.search(i.words) for i in listing.items)

    def _times(self, words: str) -> frozenset[str]:
        """Which earlier time points a piece names; one named last may be meant for all."""
        named = {str(m.lastgroup) for m in self._columns.finditer(words)}
        return frozenset(named - {"current"})

    def _by_time(self, folded: str) -> Iterator[Change]:
        """Lists of the same lesions at two or more time points."""
        listings = [
            self._listing(folded, m.start("title"), m.end(), _column(m))
            for m in self._opening.finditer(folded)
        ]  # fmt: skip
        listings = [x for x in listings if x.items and all(_SIZE.search(i.words) for i in x.items)]
        columns = [x.column for x in listings]
        if not {"baseline", "current"} <= set(columns) or len(set(columns)) < len(columns):
            return
        if not all(_same_lesions(a, b) for a, b in pairwise(listings)):
            return
        noun = self._titles[0][1]
        for listing in listings:
            yield listing.start, listing.begin, ""
            yield from _numbered(listing, noun)
            for item in listing.items:
                size = _SIZE.search(item.words)
                assert size is not None  # noqa: S101 - chosen for it
                at = item.start + size.start()
                yield at, at, f"{listing.column} "
            yield from self._sum(folded, listing)

    def _sum(self, folded: str, listing: Listing) -> Iterator[Change]:
        """The sum behind the last lesion, "(sum 40 mm)", is that of this time point."""
        rest = folded[listing.items[-1].end : listing.end]
        found = re.match(rf"[\s,;(]*(?=(?:{self._sums.pattern}))", rest)
        if found:
            start = listing.items[-1].end
            yield start, start + found.end(), f". {listing.column} "

    def _listing(self, folded: str, start: int, begin: int, column: str = "") -> Listing:
        stop = _END.search(folded, begin)
        end = stop.start() if stop else len(folded)
        by_semicolon = ";" in folded[begin:end] and not column
        items: list[Item] = []
        for first, last in self._pieces(folded, begin, end, by_semicolon):
            words = folded[first:last]
            summed = self._sums.search(words)
            if summed and not _SIZE.search(words[: summed.start()]):
                return Listing(start, begin, end, tuple(items), column)
            if summed and column:
                cut = len(words[: summed.start()].rstrip(" (,"))
                items.append(Item(first, first + cut, words[:cut]))
                return Listing(start, begin, end, tuple(items), column)
            items.append(Item(first, last, words))
        return Listing(start, begin, end, tuple(items), column)

    def _pieces(
        self, folded: str, begin: int, end: int, by_semicolon: bool
    ) -> list[tuple[int, int]]:
        pieces: list[tuple[int, int]] = []
        at = begin
        for gap in [*_SEPARATOR.finditer(folded, begin, end), None]:
            if gap is not None and (
                _depth(folded, begin, gap.start()) or (by_semicolon and ";" not in gap[0])
            ):
                continue
            stop = gap.start() if gap else end
            words = folded[at:stop]
            if pieces and not self._opens(words):
                pieces[-1] = (pieces[-1][0], stop)
            else:
                pieces.append((at, stop))
            at = gap.end() if gap else end
        return pieces

    def _opens(self, words: str) -> bool:
        """Whether a piece names a lesion of its own: a noun before its first number."""
        size = _SIZE.search(words)
        before = words[: size.start()] if size else words
        known = size or self._cells.search(words) or self._sums.search(words)
        return bool(known and _NOUN.search(before) and not self._goes_on.match(words))


def _numbered(listing: Listing, noun: str) -> Iterator[Change]:
    last = listing.begin
    for number, item in enumerate(listing.items, start=1):
        opening = ". " if number > 1 else ""
        yield (
            last if number > 1 else item.start,
            item.start,
            f"{opening}{noun.capitalize()} {number}: ",
        )
        last = item.end


def _column(match: re.Match[str]) -> str:
    return next(k for k, v in match.groupdict().items() if v and k != "title")


def _same_lesions(one: Listing, other: Listing) -> bool:
    places = [[set(_PLACE.findall(i.words)) for i in x.items] for x in (one, other)]
    return len(places[0]) == len(places[1]) and all(a & b for a, b in zip(*places, strict=True))


def _depth(folded: str, begin: int, at: int) -> bool:
    """Whether a place is inside brackets."""
    return folded.count("(", begin, at) > folded.count(")", begin, at)
