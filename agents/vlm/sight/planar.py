"""Single images: whole, what was marked on them, and parts at full resolution."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agents.vlm.sight.drawing import (
    Draft,
    natural_edge,
    outlined_rows,
    panel_of,
    scale_words,
    sentences,
    side_words,
    slice_shape,
)
from agents.vlm.sight.kept_marks import Mark, read_mark
from agents.vlm.sight.picture import Shown
from agents.vlm.sight.scenes import Opened
from dxtrace.clinical import Concept
from dxtrace.reporting.panels import Drawn, Extent, Panel, extent_of, square_around

_OVERLAP = 0.1
"""Of a part's side: what lies on the line between two parts is whole in one of them."""
_WORTH = 1.25
"""How much larger than the whole picture's edge an image must be for parts to show more."""
_COARSER = 1.2
_VERTICAL, _HORIZONTAL = ("top", "middle", "bottom"), ("left", "middle", "right")
_THIRDS = 3


def draw_whole(opened: Opened, edge: int) -> Draft:
    """The whole image."""
    window = opened.plain_window
    tile = panel_of(opened, _panel(opened), window, size=natural_edge(opened, "stored", edge))
    rows, columns = slice_shape(opened, "stored")
    size = f"the whole image of {columns} x {rows} pixels"
    if max(rows, columns) > max(tile.image.size):
        size += f", made smaller to {tile.image.width} x {tile.image.height}"
    caption = sentences(
        opened.words, size, window.words, side_words(opened, "stored"),
        scale_words(opened, "stored", tile),
    )  # fmt: skip
    return Draft.of([[tile]], caption, (Shown(opened.scene.series.id),))


def draw_marked(opened: Opened, mark: Mark, concepts: Mapping[str, Concept], edge: int) -> Draft:
    """What was marked, around it at full resolution: without an outline and with it.

    Raises:
        MarkError: if there is no mask to show.
    """
    area = opened.grid.turn(read_mark(mark, opened.volume))
    extent = extent_of(area)
    crop = square_around(extent, area.shape, opened.grid.pixel_mm("stored"))
    window = opened.plain_window
    rows, layout = outlined_rows(opened, [_panel(opened, crop)], window, [Drawn(0, area, "")], edge)
    caption = sentences(
        opened.words, f"{_part_words(crop, slice_shape(opened, 'stored'))}, {layout}",
        f"outlined: A, {mark.words(concepts)}", window.words, side_words(opened, "stored"),
        scale_words(opened, "stored", rows[0][0], crop),
    )  # fmt: skip
    return Draft.of(rows, caption, (Shown(opened.scene.series.id),))


def is_worth_cutting(shape: tuple[int, int], edge: int) -> bool:
    """Whether parts of an image would show more than the whole of it does."""
    return max(shape) > edge * _WORTH


@dataclass(frozen=True)
class Tiling:
    """How an image is cut into overlapping parts.

    Attributes:
        rows: parts below each other.
        columns: parts beside each other.
        side: of a part, in pixels of the image.
    """

    rows: int
    columns: int
    side: int


def tiling(shape: tuple[int, int], edge: int, most: int) -> Tiling | None:
    """The finest parts that there is room for; none finer than the image's own pixels.

    Args:
        shape: rows and columns of the image.
        edge: longest side of a picture.
        most: number of parts.

    Returns:
        None if parts would show no more than the whole image does.
    """
    longest = max(shape)
    if not is_worth_cutting(shape, edge) or most < 2:  # noqa: PLR2004 - one part is the whole
        return None
    finest = edge
    while _count(shape, finest) > most:
        finest = math.ceil(finest * 1.02)
        if finest * _WORTH >= longest:
            return None
    # A little coarser is better than parts that show nearly the same.
    sides = range(finest, min(longest, int(finest * _COARSER)) + 1)
    side = min(sides, key=lambda one: (_count(shape, one), one))
    return Tiling(_parts(shape[0], side), _parts(shape[1], side), side)


def _count(shape: tuple[int, int], side: int) -> int:
    return _parts(shape[0], side) * _parts(shape[1], side)


def _parts(length: int, side: int) -> int:
    """How many overlapping parts cover a length."""
    if length <= side:
        return 1
    return math.ceil((length - side) / (side * (1 - _OVERLAP))) + 1


def draw_tiles(opened: Opened, tiles: Tiling, edge: int) -> Iterator[Draft]:
    """The parts, row by row."""
    window = opened.plain_window
    shape = slice_shape(opened, "stored")
    for row in range(tiles.rows):
        for column in range(tiles.columns):
            crop = (
                _span(row, tiles.rows, tiles.side, shape[0]),
                _span(column, tiles.columns, tiles.side, shape[1]),
            )
            tile = panel_of(
                opened,
                _panel(opened, crop),
                window,
                size=natural_edge(opened, "stored", edge, crop),
            )
            ratio = tile.image.width / (crop[1][1] - crop[1][0])
            resolution = "at full resolution" if ratio >= 1 else f"at {ratio:.0%} of its resolution"
            caption = sentences(
                opened.words,
                f"{_part_words(crop, shape)}, {resolution} (row {row + 1} of {tiles.rows}, column "
                f"{column + 1} of {tiles.columns}; neighbouring parts overlap)",
                window.words, side_words(opened, "stored"),
                scale_words(opened, "stored", tile, crop),
            )  # fmt: skip
            yield Draft.of([[tile]], caption, (Shown(opened.scene.series.id),))


def _span(number: int, count: int, side: int, length: int) -> tuple[int, int]:
    """Where a part begins and ends; the first and the last lie at the edges of the image."""
    if count == 1:
        return 0, length
    first = round(number * (length - side) / (count - 1))
    return first, first + side


def _part_words(crop: Extent, shape: tuple[int, int]) -> str:
    """``the part at the top left of the picture (columns 0 to 900, rows 0 to 900)``."""
    words = [
        names[_third(begin, end, length)]
        for (begin, end), length, names in zip(crop, shape, (_VERTICAL, _HORIZONTAL), strict=True)
        if end - begin < length
    ]
    if not words:
        return "the whole image"
    where = "middle" if words == ["middle", "middle"] else " ".join(words)
    (top, bottom), (left, right) = crop
    return (
        f"the part at the {where} of the whole picture (columns {left} to {right}, rows {top} to "
        f"{bottom})"
    )


def _third(begin: int, end: int, length: int) -> int:
    """Whether a part lies at the beginning (0), in the middle (1) or at the end (2)."""
    return min(_THIRDS - 1, begin * _THIRDS // (length - (end - begin)))


def _panel(opened: Opened, crop: Extent | None = None) -> Panel:
    return Panel("stored", 0, "", opened.mark.strip(), crop, None)
