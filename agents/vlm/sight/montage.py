"""Evenly spaced slices of a volume on one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.vlm.sight.drawing import (
    GAP_PX,
    LEAST_PANEL_PX,
    Draft,
    Tile,
    body_crop,
    natural_edge,
    scale_words,
    sentences,
    side_words,
    slice_shape,
    text_px,
)
from agents.vlm.sight.matching import Matching
from agents.vlm.sight.picture import Shown
from agents.vlm.sight.places import Region
from agents.vlm.sight.scenes import Opened
from dxtrace.reporting.panels import Extent, Panel, draw_panel
from dxtrace.reporting.planes import Plane
from dxtrace.reporting.windows import Window

_TOKENS_A_SIDE = 7
"""A slice in a montage is never smaller than seven tokens of the model along its longest side: so
four by four or more slices on a picture of 896 pixels with tokens of 28. It then has as many tokens
as a small picture of its own, its number can be read, and what is large (organs, effusions, masses)
is seen. Small lesions are not, which is what the pictures of findings are for."""


@dataclass(frozen=True)
class Layout:
    """A grid of slices.

    Attributes:
        rows: of the grid.
        columns: of the grid.
        size: longest side of a slice in pixels.
    """

    rows: int
    columns: int
    size: int


def least_tile_px(patch_px: int) -> int:
    """The smallest longest side of a slice in a montage."""
    return max(LEAST_PANEL_PX, _TOKENS_A_SIDE * patch_px)


def layout(count: int, aspect: float, edge: int, least: int) -> Layout:
    """The grid that shows as many slices as can be read, each as large as possible.

    Args:
        count: slices there are.
        aspect: width by height of a slice.
        edge: longest side of the picture.
        least: smallest longest side of a slice.
    """
    width, height = (least, least / aspect) if aspect >= 1 else (least * aspect, least)
    most_columns = max(1, int((edge + GAP_PX) // (width + GAP_PX)))
    most_rows = max(1, int((edge + GAP_PX) // (height + GAP_PX)))
    wanted = min(count, most_columns * most_rows)
    best = Layout(1, 1, 0)
    for columns in range(1, most_columns + 1):
        rows = -(-wanted // columns)
        if rows > most_rows:
            continue
        room = (
            (edge - GAP_PX * (columns - 1)) / columns, (edge - GAP_PX * (rows - 1)) / rows,
        )  # fmt: skip
        tile_width = min(room[0], room[1] * aspect)
        size = int(max(tile_width, tile_width / aspect))
        if size > best.size:
            best = Layout(rows, columns, size)
    return best


def evenly(count: int, wanted: int) -> tuple[int, ...]:
    """Indices spread evenly, each in the middle of its share."""
    wanted = min(count, wanted)
    return tuple(int((k + 0.5) * count / wanted) for k in range(wanted))


@dataclass(frozen=True)
class MontagePlan:
    """Which slices of a volume are shown together, and how.

    Attributes:
        plane: the plane.
        indices: the slices.
        grid: rows and columns.
        crop: the part that is shown.
    """

    plane: Plane
    indices: tuple[int, ...]
    grid: Layout
    crop: Extent | None


def plan_montages(
    opened: Opened, window: Window, *, edge: int, least: int, pages: int
) -> tuple[MontagePlan, ...]:
    """Spread slices evenly over some pictures.

    Args:
        opened: the volume.
        window: grey values to brightness.
        edge: longest side of a picture.
        least: smallest longest side of a slice.
        pages: number of pictures at most.
    """
    plane = opened.grid.native
    count = opened.grid.slice_count(plane)
    crop = body_crop(opened, plane, evenly(count, 64), window)
    height, width = slice_shape(opened, plane, crop)
    row_mm, column_mm = opened.grid.pixel_mm(plane) or (1.0, 1.0)
    aspect = (width * column_mm) / (height * row_mm)
    fullest = layout(count, aspect, edge, least)
    each = fullest.rows * fullest.columns
    indices = tuple(i for i in evenly(count, each * pages) if opened.may_show(plane, i))
    if not indices:
        return ()
    used = -(-len(indices) // each)
    size = -(-len(indices) // used)
    parts = [indices[n : n + size] for n in range(0, len(indices), size)]
    grid = layout(size, aspect, edge, least)
    return tuple(MontagePlan(plane, part, grid, crop) for part in parts)


def draw_montage(opened: Opened, plan: MontagePlan, window: Window, note: str = "") -> Draft:
    """The slices of a plan with their numbers and sides, row by row.

    Args:
        opened: the volume.
        plan: what to show.
        window: grey values to brightness.
        note: how the slices were chosen, if not evenly.
    """
    size = natural_edge(opened, plan.plane, plan.grid.size, plan.crop)
    tiles = [_numbered_tile(opened, plan, i, window, size) for i in plan.indices]
    columns = plan.grid.columns
    rows = [tiles[n : n + columns] for n in range(0, len(tiles), columns)]
    scale = scale_words(opened, plan.plane, tiles[0], plan.crop)
    if max(tiles[0].image.size) < max(slice_shape(opened, plan.plane, plan.crop)):
        scale += "; small lesions may not be seen at this size"
    caption = sentences(
        opened.words, _slices_words(opened, plan), note, window.words,
        side_words(opened, plan.plane), scale,
    )  # fmt: skip
    shows = tuple(
        Shown(opened.scene.series.id, opened.slice_index(plan.plane, i)) for i in plan.indices
    )
    return Draft.of(rows, caption, shows)


def _numbered_tile(
    opened: Opened, plan: MontagePlan, index: int, window: Window, size: int
) -> Tile:
    """A slice with its number."""
    panel = Panel(plan.plane, index, "", f"{opened.mark}{index + 1}", plan.crop, None)
    image = draw_panel(
        opened.grid, panel, (), window=window, size=size, text_px=text_px(size), has_scale=False
    )
    return Tile(image, Region.of(opened, panel, image.size))


def draw_matched(
    now: Opened, then: Opened, plan: MontagePlan, matching: Matching, window: Window
) -> Draft | None:
    """The slices of an earlier volume at the places of those that a montage shows.

    Returns:
        None if none of them is there and may be shown.
    """
    middle = [n // 2 for n in slice_shape(now, plan.plane)]
    places = [
        matching.place(now, then, plan.plane, (i, middle[0], middle[1])) for i in plan.indices
    ]
    reached = dict.fromkeys(place[0] for place in places if place is not None)
    found = tuple(i for i in reached if then.may_show(plan.plane, i))
    if not found:
        return None
    crop = body_crop(then, plan.plane, found, window)
    matched = MontagePlan(plan.plane, found, plan.grid, crop)
    first, last = (str(i + 1) for i in (plan.indices[0], plan.indices[-1]))
    note = (
        f"chosen to fit slices {first} to {last} of {now.scene.series.id} of the current "
        f"examination in this order; {matching.words}"
    )
    return draw_montage(then, matched, window, note)


def _numbers(indices: Sequence[int]) -> str:
    return ", ".join(str(i + 1) for i in indices)


def _slices_words(opened: Opened, plan: MontagePlan) -> str:
    """Which slices, of how many, as people and as calls of tools count them."""
    if len(plan.indices) == 1:
        (index,) = plan.indices
        words = opened.grid.slice_words(plan.plane, index)
        return f"{words}{opened.call_words(plan.plane, index)}"
    name = "slices" if plan.plane == "stored" else f"{plan.plane} slices"
    start = {"axial": ", counted from the head", "coronal": ", counted from the front",
             "sagittal": ", counted from the right"}.get(plan.plane, "")  # fmt: skip
    count = opened.grid.slice_count(plan.plane)
    return (
        f"{len(plan.indices)} of {count} {name}{start}, row by row: {_numbers(plan.indices)}"
        f"{_call_words(opened, plan)}"
    )


def _call_words(opened: Opened, plan: MontagePlan) -> str:
    """How calls of tools count these slices, if they count them otherwise."""
    first = opened.slice_index(plan.plane, 0)
    if first is None:
        return ""
    count = opened.grid.slice_count(plan.plane)
    return " (slice n has the index n - 1 in calls)" if first == 0 else (
        f" (slice n has the index {count} - n in calls)"
    )  # fmt: skip
