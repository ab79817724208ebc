"""Words on a page of a PDF as lines in reading order, also where there are two columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from dxtrace.documents.blocks import superscript

Word = Mapping[str, Any]
_BOLD = re.compile(r"bold|black|heavy|semibold|demi|[-,]b(?:d|i)?\b", re.IGNORECASE)
_SAME_LINE = 0.5
_CLOSE, _WIDE = 0.12, 1.5
_SMALLER = 0.82
_CLEAR_PT = 4.0
_FEWEST_LINES = 5
_COLUMN_SHARE = 0.08
_CLEAR_SHARE = 0.7
_FULL = 0.6
_MARGIN = 0.09
_REPEATED = 3
_TAIL = 80
_PAGE_NUMBER = re.compile(
    r"(?:page\s*)?[-\u2013|\s]*\d{1,4}(?:\s*(?:of|/)\s*\d{1,4})?[-\u2013|\s]*", re.IGNORECASE
)
_LEADER = re.compile(r"(?:\s?[.\u2026\u00b7]){5,}\s*[\divxlc]{1,5}\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text.

    Attributes:
        text: its words.
        x0: left edge, in points from the left of the page.
        x1: right edge.
        top: upper edge, in points from the top of the page.
        bottom: lower edge.
        size: of most of its letters, in points.
        bold: whether all of it is bold.
        page: from 1.
        height: of the page, in points.
    """

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    bold: bool
    page: int
    height: float


def read_lines(
    words: Sequence[Word], page: int, size: tuple[float, float], stripe: float | None,
    *, apart: str = " ",
) -> list[Line]:  # fmt: skip
    """The lines of a page in reading order.

    Args:
        words: with ``text``, ``x0``, ``x1``, ``top``, ``bottom``, ``size`` and ``fontname``.
        page: its number, from 1.
        size: width and height of the page, in points.
        stripe: where the white stripe between two columns runs; None if there is one column.
        apart: what stands in place of a wide gap between words of a line.
    """
    clusters, height = cluster_lines(words), size[1]
    ordered = clusters if stripe is None else _by_columns(clusters, stripe)
    return [_line(cluster, page, height, apart) for cluster in ordered]


def cluster_lines(words: Sequence[Word]) -> list[list[Word]]:
    """Words that stand on one line, lines from top to bottom, words from left to right."""
    clusters: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (w["top"], w["x0"])):
        at = next((c for c in reversed(clusters[-4:]) if _overlap(c, word) >= _SAME_LINE), None)
        if at is None:
            clusters.append([word])
        else:
            at.append(word)
    for cluster in clusters:
        cluster.sort(key=lambda w: w["x0"])
    return sorted(clusters, key=_baseline)


def _baseline(cluster: Sequence[Word]) -> float:
    return float(max(cluster, key=lambda w: w["size"])["bottom"])


def _overlap(cluster: Sequence[Word], word: Word) -> float:
    """Share of the lower of both heights that they have in common."""
    core = max(cluster, key=lambda w: w["size"])
    common = min(core["bottom"], word["bottom"]) - max(core["top"], word["top"])
    lower = min(core["bottom"] - core["top"], word["bottom"] - word["top"])
    return float(common / lower) if lower > 0 else 0.0


def gutter(
    clusters: Sequence[Sequence[Word]], width: float, usual: float | None = None
) -> float | None:
    """Where the white stripe between two columns of text runs; None if there is one column.

    Lines of text fill their column, the cells of a table seldom do.

    Args:
        clusters: the lines of the page, both columns together.
        width: of the page, in points.
        usual: where it runs on most pages; there a column may also be short.
    """
    best: tuple[int, float] = (0, 0.0)
    margin = min((cluster[0]["x0"] for cluster in clusters), default=0.0)
    lowest = max(_FEWEST_LINES, _COLUMN_SHARE * len(clusters))
    for x in range(int(0.35 * width), int(0.65 * width), 3):
        few = 1 if usual is not None and abs(x - usual) <= _CLEAR_PT else lowest
        sides = [side for cluster in clusters if (side := _sides(cluster, x)) is not None]
        inked = [ink for ink, _ in sides if ink]
        right = sum(goes_on for _, goes_on in sides)
        full = bool(inked) and median(inked) >= _FULL * (x - margin)
        if full and min(len(inked), right) >= few and len(sides) >= _CLEAR_SHARE * len(clusters):
            best = max(best, (len(sides), float(x)))
    return best[1] or None


def _sides(cluster: Sequence[Word], x: float) -> tuple[float, bool] | None:
    """Width of the words left of a place, and whether there are some right of it; None if on it."""
    ink, goes_on = 0.0, False
    for word in cluster:
        if word["x1"] <= x - _CLEAR_PT:
            ink += word["x1"] - word["x0"]
        elif word["x0"] >= x + _CLEAR_PT:
            goes_on = True
            break
        else:
            return None
    return ink, goes_on


def _by_columns(clusters: Sequence[list[Word]], gutter: float) -> Iterator[list[Word]]:
    """Left column, then right, between lines that run over both."""
    left: list[Word] = []
    right: list[Word] = []
    for cluster in clusters:
        if any(w["x0"] < gutter < w["x1"] for w in cluster):
            yield from (*cluster_lines(left), *cluster_lines(right), cluster)
            left, right = [], []
            continue
        left += [w for w in cluster if w["x1"] <= gutter]
        right += [w for w in cluster if w["x0"] >= gutter]
    yield from (*cluster_lines(left), *cluster_lines(right))


def joined(words: Sequence[Word], apart: str = " ") -> str:
    """The text of words on one line; raised digits as such, parts of a word together."""
    core = max((w["size"] for w in words), default=0.0)
    base = max((w["bottom"] for w in words if w["size"] == core), default=0.0)
    text, end = "", None
    for word in words:
        small = word["size"] < _SMALLER * core
        raised = small and word["bottom"] < base - 0.15 * core
        said = superscript(word["text"]) if raised else word["text"]
        gap = 0.0 if end is None else word["x0"] - end
        between = "" if gap < _CLOSE * core else apart if gap > _WIDE * core else " "
        text += said if not text else f"{between}{said}"
        end = word["x1"]
    return text


def is_bold(words: Sequence[Word]) -> bool:
    """Whether all words are set in bold; marks do not count."""
    return all(_BOLD.search(w["fontname"]) for w in words if any(map(str.isalnum, w["text"])))


def _line(words: Sequence[Word], page: int, height: float, apart: str) -> Line:
    sizes = Counter[float]()
    for word in words:
        sizes[round(2 * word["size"]) / 2] += len(word["text"])
    return Line(
        text=joined(words, apart), x0=float(min(w["x0"] for w in words)),
        x1=float(max(w["x1"] for w in words)), top=float(min(w["top"] for w in words)),
        bottom=float(max(w["bottom"] for w in words)), size=sizes.most_common(1)[0][0],
        bold=is_bold(words),
        page=page, height=height,
    )  # fmt: skip


def without_running_heads(lines: Sequence[Line]) -> list[Line]:
    """Lines without page numbers, what repeats in the margins, and entries of a table of contents.

    What is larger than the text is a heading, even if it stands in a margin.
    """
    lines = [line for line in lines if not _LEADER.search(line.text[-_TAIL:])]
    sizes = Counter[float]()
    for line in lines:
        sizes[line.size] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    outer = [line for line in lines if line.size <= body and _in_margin(line)]
    pages = {line.page for line in lines}
    few = min(_REPEATED, max(len(pages), 2))
    seen: dict[tuple[str, int | None], set[int]] = {}
    for line in outer:
        for form in _forms(line):
            seen.setdefault(form, set()).add(line.page)
    running = {
        line
        for line in outer
        if _PAGE_NUMBER.fullmatch(line.text.strip())
        or any(len(seen[form]) >= few for form in _forms(line))
    }
    return [line for line in lines if line not in running]


def _in_margin(line: Line) -> bool:
    return line.bottom < _MARGIN * line.height or line.top > (1 - _MARGIN) * line.height


def _forms(line: Line) -> list[tuple[str, int | None]]:
    """The line as it is, and with each number that may count pages told from those that do not."""
    text = line.text.lower().strip()
    forms: list[tuple[str, int | None]] = [(text, None)]
    for number in re.finditer(r"\d{1,5}", text):
        counted = f"{text[: number.start()]}#{text[number.end() :]}"
        forms.append((counted, int(number[0]) - line.page))
    return forms


def without_hyphens(parts: Sequence[str], known: frozenset[str]) -> str:
    """Lines as one text; a word that was cut at the end of a line is put together.

    A hyphen at the end of a line goes only if the whole word stands elsewhere in the document.

    Args:
        parts: the lines.
        known: lower-case words of the document.
    """
    text = ""
    for part in parts:
        cut = re.search(r"([^\W\d_]+)[-\u2010\u00ad]$", text)
        begins = re.match(r"[^\W\d_]+", part)
        if cut and begins and begins[0][0].islower():
            whole = f"{cut[1]}{begins[0]}".lower()
            text = (text[:-1] if whole in known else text) + part
        else:
            text = f"{text} {part}" if text else part
    return text
