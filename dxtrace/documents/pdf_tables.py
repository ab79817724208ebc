"""Tables in a PDF: ruled ones by pdfplumber, others by their rules and by the gaps in lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from dxtrace.documents.blocks import one_line
from dxtrace.documents.grid import trimmed
from dxtrace.documents.pdf_lines import (
    Word,
    cluster_lines,
    is_bold,
    joined,
)

_NEAR_PT = 3.0
_GAP_PT = 7.0
_RULES = 3
_SHORT_HEAD = 80
_FILLED = 0.4
_WIDE = 0.2
_PIECE_GAP_PT = 11.0
_FEWEST_ROWS = 3
_FEWEST_COLUMNS = 2
_PROSE = 30
_FAR = 2.0
_MARK = re.compile(r"[•▪◦●‣\u2013*-]|\(?\w{1,3}[.)]?")


@dataclass(frozen=True)
class PdfTable:
    """A table on a page.

    Attributes:
        box: left, top, right and bottom, in points from the upper left corner of the page.
        rows: texts of the cells.
        columns: left edges of the columns, in points.
    """

    box: tuple[float, float, float, float]
    rows: tuple[tuple[str, ...], ...]
    columns: tuple[float, ...]

    def holds(self, word: Word) -> bool:
        """Whether a word stands in it."""
        x, y = (word["x0"] + word["x1"]) / 2, (word["top"] + word["bottom"]) / 2
        x0, top, x1, bottom = self.box
        return bool(x0 - 1 <= x <= x1 + 1 and top - 1 <= y <= bottom + 1)

    def continues(self, before: PdfTable) -> bool:
        """Whether it has the columns of a table on the page before."""
        same = len(self.columns) == len(before.columns)
        return same and all(
            abs(a - b) <= _NEAR_PT for a, b in zip(self.columns, before.columns, strict=True)
        )


def find_tables(page: Any, words: Sequence[Word], *, in_columns: bool) -> list[PdfTable]:
    """The tables of a page, from top to bottom.

    Args:
        page: a page of pdfplumber.
        words: its words.
        in_columns: whether its text runs in two columns, which look like a table without rules.
    """
    found: list[PdfTable] = []
    if page.edges:
        found += _ruled(page, words)
        found += [t for t in _open(page, words) if not any(_meet(t, other) for other in found)]
    if not in_columns:
        rest = [w for w in words if not any(table.holds(w) for table in found)]
        found += _unruled(cluster_lines(rest))
    return sorted(found, key=lambda table: table.box[1])


def _ruled(page: Any, words: Sequence[Word]) -> Iterator[PdfTable]:
    for table in page.find_tables():
        placed = {
            (number, column): one_line(_text_in(cell, words))
            for number, row in enumerate(table.rows)
            for column, cell in enumerate(row.cells)
            if cell is not None
        }
        rows = trimmed(placed)
        if rows is None or not _is_filled(rows):
            continue
        edges = tuple(sorted({round(c[0], 1) for c in table.cells}))
        yield PdfTable(tuple(map(float, table.bbox)), rows, edges)  # type: ignore[arg-type]  # of four


def _text_in(cell: tuple[float, float, float, float], words: Sequence[Word]) -> str:
    x0, top, x1, bottom = cell
    inside = [
        w
        for w in words
        if x0 <= (w["x0"] + w["x1"]) / 2 <= x1 and top <= (w["top"] + w["bottom"]) / 2 <= bottom
    ]
    return " ".join(joined(line) for line in cluster_lines(inside))


def _is_filled(rows: Sequence[Sequence[str]]) -> bool:
    cells = [cell for row in rows for cell in row]
    return sum(map(bool, cells)) >= _FILLED * len(cells)


def _meet(one: PdfTable, other: PdfTable) -> bool:
    a, b = one.box, other.box
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _open(page: Any, words: Sequence[Word]) -> Iterator[PdfTable]:
    """Tables with rules above, below the head and at the end, and none between columns."""
    for rules in _stacks(page):
        x0, x1 = rules[0][0], rules[0][1]
        top, bottom = rules[0][2], rules[-1][2]
        inside = [
            w
            for w in words
            if x0 - _NEAR_PT <= w["x0"]
            and w["x1"] <= x1 + _NEAR_PT
            and top < w["bottom"] <= bottom + 1
        ]
        lines = cluster_lines(inside)
        edges = _column_edges(inside, x0)
        head = [line for line in lines if line[0]["bottom"] <= rules[1][2] + 1]
        if (
            len(edges) < _FEWEST_COLUMNS
            or not head
            or len(" ".join(map(joined, head))) > _SHORT_HEAD * len(edges)
        ):
            continue
        placed = {
            (number, column): one_line(text)
            for number, row in enumerate(_rows(lines, len(head), edges))
            for column, text in enumerate(row)
        }
        rows = trimmed(placed)
        if rows is not None and _is_filled(rows):
            yield PdfTable((x0, top, x1, bottom), rows, edges)


def _unruled(lines: Sequence[Sequence[Word]]) -> Iterator[PdfTable]:
    """Tables without rules: consecutive lines of short pieces set apart at the same places."""
    run: list[tuple[Sequence[Word], list[float]]] = []
    for line in (*lines, ()):
        starts = _piece_starts(line)
        if run and not _fits(line, starts, run):
            table = _from_run([words for words, _ in run])
            if table is not None:
                yield table
            run = []
        if len(starts) > 1 or (run and starts):
            run.append((line, starts))


def _piece_starts(line: Sequence[Word]) -> list[float]:
    """Left edges of the pieces of a line that wide gaps set apart."""
    starts: list[float] = []
    end = None
    for word in line:
        if end is None or word["x0"] - end >= max(_PIECE_GAP_PT, word["size"]):
            starts.append(float(word["x0"]))
        end = word["x1"]
    return starts


def _fits(
    line: Sequence[Word], starts: Sequence[float], run: Sequence[tuple[Sequence[Word], list[float]]]
) -> bool:
    """Whether a line is a row of the table that a run may be, or goes on in its later columns."""
    if not line or line[0]["top"] - run[-1][0][0]["bottom"] > _FAR * line[0]["size"]:
        return False
    known = run[0][1]
    aligned = [any(abs(s - k) <= _NEAR_PT for k in known) for s in starts]
    if len(starts) > 1:
        return aligned[0] or any(aligned[1:])
    return aligned[0] and starts[0] > known[0] + _NEAR_PT


def _from_run(lines: Sequence[Sequence[Word]]) -> PdfTable | None:
    words = [w for line in lines for w in line]
    headed = bool(lines) and is_bold(lines[0])  # one row under a head may end a page
    if len(lines) < (_FEWEST_ROWS - headed):
        return None
    left = min(w["x0"] for w in words)
    edges = _column_edges(words, left)
    cells = [_split(line, edges) for line in lines]
    if len(edges) < _FEWEST_COLUMNS or all(_MARK.fullmatch(row[0]) for row in cells if row[0]):
        return None
    if all(
        median([len(c) for c in column if c] or [0]) > _PROSE for column in zip(*cells, strict=True)
    ):
        return None
    rows = list(_rows(lines, 1, edges))
    grid = trimmed({(r, c): one_line(t) for r, row in enumerate(rows) for c, t in enumerate(row)})
    if grid is None or not _is_filled(grid):
        return None
    box = (left, min(w["top"] for w in words), max(w["x1"] for w in words))
    return PdfTable((*map(float, box), float(max(w["bottom"] for w in words))), grid, edges)  # type: ignore[arg-type]  # of four


def _stacks(page: Any) -> Iterator[list[tuple[float, float, float]]]:
    """Three rules or more that begin and end alike: left, right and height of each."""
    rules = sorted(
        {
            (round(e["x0"], 1), round(e["x1"], 1), round(e["top"], 1))
            for e in page.horizontal_edges
            if e["x1"] - e["x0"] >= _WIDE * page.width
        },
        key=lambda r: r[2],
    )
    groups: list[list[tuple[float, float, float]]] = []
    for rule in rules:
        group = next(
            (g for g in groups if all(abs(g[0][i] - rule[i]) <= _NEAR_PT for i in (0, 1))), None
        )
        if group is None:
            groups.append([rule])
        elif rule[2] - group[-1][2] > _NEAR_PT:
            group.append(rule)
    yield from (group for group in groups if len(group) >= _RULES)


def _column_edges(words: Sequence[Word], left: float) -> tuple[float, ...]:
    """Left edges of columns: what is right of a white stripe through all lines."""
    edges, reached = [left], None
    for word in sorted(words, key=lambda w: w["x0"]):
        if reached is not None and word["x0"] - reached >= _GAP_PT:
            edges.append(float(word["x0"]) - 1)
        reached = max(reached or 0.0, float(word["x1"]))
    return tuple(edges)


def _rows(
    lines: Sequence[Sequence[Word]], heads: int, edges: Sequence[float]
) -> Iterator[list[str]]:
    """Lines put together to rows: the head is one; below it a new row fills the first column."""
    cells = [_split(line, edges) for line in lines]
    if heads:
        yield _together(cells[:heads])
    starts = _starts(lines[heads:], cells[heads:])
    gathered: list[list[str]] = []
    for starting, row in zip(starts, cells[heads:], strict=True):
        if starting and gathered:
            yield _together(gathered)
            gathered = []
        gathered.append(row)
    if gathered:
        yield _together(gathered)


def _starts(lines: Sequence[Sequence[Word]], cells: Sequence[Sequence[str]]) -> list[bool]:
    """Which lines begin a row: by wider gaps where there are any, else by the first column."""
    tops = [min(w["top"] for w in line) for line in lines]
    steps = [b - a for a, b in pairwise(tops)]
    if steps and max(steps) > 1.35 * min(steps):
        middle = (max(steps) + min(steps)) / 2
        wide = [True, *(step > middle for step in steps)]
        if all(cells[i][0] for i, begins in enumerate(wide) if begins):
            return wide
    return [bool(row[0]) for row in cells]


def _split(line: Sequence[Word], edges: Sequence[float]) -> list[str]:
    ends = [*edges[1:], float("inf")]
    return [
        joined([w for w in line if start <= w["x0"] + 0.5 and w["x0"] + 0.5 < end])
        for start, end in zip([float("-inf"), *edges[1:]], ends, strict=True)
    ]


def _together(rows: Iterable[Sequence[str]]) -> list[str]:
    return [re.sub(r"\s+", " ", " ".join(parts)).strip() for parts in zip(*rows, strict=True)]
