"""Rows of cells that may span others, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dxtrace.documents.blocks import Table

_SPAN_DIGITS = 4
_MOST_COLUMNS = 64
_MOST_ROWS = 20_000


@dataclass(frozen=True)
class Cell:
    """A cell.

    Attributes:
        text: its words.
        columns: how many columns it spans.
        rows: how many rows it spans.
    """

    text: str
    columns: int = 1
    rows: int = 1


def number_of(value: object, default: int = 1) -> int:
    """A number that a file states of a cell or a list, such as how many columns a cell spans."""
    text = str(value or "").strip()
    stated = text.isascii() and text.isdigit() and len(text) <= _SPAN_DIGITS
    return int(text) if stated else default


def lay_out(
    rows: Sequence[Sequence[Cell]], *, heads: int = 0, caption: str = "", page: int | None = None
) -> Table | None:
    """Cells as a table.

    A cell that spans rows is repeated in each, so that a row can be read alone; one that spans
    columns stands in the first of them.

    Args:
        rows: the cells.
        heads: how many rows at the top are marked as headings of columns; the first is one anyway.
        caption: what stands above.
        page: page on which it begins, from 1, where there are pages.

    Returns:
        Rows of one length without empty rows and columns; None if fewer than two of either are
        left: that is no table.
    """
    placed: dict[tuple[int, int], str] = {}
    for number, row in enumerate(rows[:_MOST_ROWS]):
        column = 0
        for cell in row:
            while (number, column) in placed:
                column += 1
            _place(placed, number, column, cell, len(rows))
            column += max(cell.columns, 1)
    grid = trimmed(placed)
    if grid is None:
        return None
    header_rows = min(heads or 1, len(grid) - 1)
    return Table(rows=grid, header_rows=header_rows, caption=caption, page=page)


def _place(
    placed: dict[tuple[int, int], str], number: int, column: int, cell: Cell, height: int
) -> None:
    for down in range(number, min(number + max(cell.rows, 1), height)):
        for right in range(column, min(column + max(cell.columns, 1), _MOST_COLUMNS)):
            placed.setdefault((down, right), cell.text if right == column else "")


def trimmed(placed: dict[tuple[int, int], str]) -> tuple[tuple[str, ...], ...] | None:
    """Texts by row and column as rows of one length; see :func:`lay_out`."""
    filled = {place for place, text in placed.items() if text}
    rows = sorted({row for row, _ in filled})
    columns = sorted({column for _, column in filled})
    if len(rows) < 2 or len(columns) < 2:  # noqa: PLR2004 - a table has both
        return None
    return tuple(tuple(placed.get((r, c), "") for c in columns) for r in rows)
