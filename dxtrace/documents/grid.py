"""Rows of cells that may span others, as a grid of texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


def fill_grid(rows: Sequence[Sequence[Cell]]) -> tuple[tuple[str, ...], ...] | None:
    """Lay cells out.

    A cell that spans rows is repeated in each, so that a row can be read alone; one that spans
    columns stands in the first of them.

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
    return trimmed(placed)


def _place(
    placed: dict[tuple[int, int], str], number: int, column: int, cell: Cell, height: int
) -> None:
    for down in range(number, min(number + max(cell.rows, 1), height)):
        for right in range(column, min(column + max(cell.columns, 1), _MOST_COLUMNS)):
            placed.setdefault((down, right), cell.text if right == column else "")


def trimmed(placed: dict[tuple[int, int], str]) -> tuple[tuple[str, ...], ...] | None:
    """Texts by row and column as rows of one length; see :func:`fill_grid`."""
    filled = {place for place, text in placed.items() if text}
    rows = sorted({row for row, _ in filled})
    columns = sorted({column for _, column in filled})
    if len(rows) < 2 or len(columns) < 2:  # noqa: PLR2004 - a table has both
        return None
    return tuple(tuple(placed.get((r, c), "") for c in columns) for r in rows)
