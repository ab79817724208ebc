"""Panels put together to one picture within the edge of a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.vlm.sight.budget import SightBudget
from agents.vlm.sight.picture import Picture, Shown
from agents.vlm.sight.places import Region
from agents.vlm.sight.scenes import Opened
from dxtrace.reporting.panels import Drawn, Extent, Panel, draw_panel
from dxtrace.reporting.planes import Plane, is_projection
from dxtrace.reporting.windows import AIR_BELOW_HU, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

GAP_PX = 6
LEAST_PANEL_PX = 160
"""A panel is not drawn smaller than this beside another: words would cover it."""
_TEXT_SHARE, _LEAST_TEXT_PX, _MOST_TEXT_PX = 1 / 32, 13, 24
_MOST_ENLARGED = 3
"""A small image is not drawn larger than this many times: more pixels would say nothing more."""
_LEAST_SIDE_PX = 320
_BODY_SHARE = 0.01
_DARK = 25
_SLICES_FOR_BODY = 16
_OBLIQUE_DEG = 10.0
"""Slices that lean more than this are called oblique."""
_UP: dict[Plane, str] = {
    "axial": "the front is up", "coronal": "the head is up",
    "sagittal": "the head is up and the front on the left",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Tile:
    """A panel that is drawn.

    Attributes:
        image: the panel.
        region: what it shows.
    """

    image: Image
    region: Region


@dataclass(frozen=True)
class Draft:
    """A picture before it is paid for.

    Attributes:
        image: the picture.
        caption: what it shows.
        shows: the slices in it.
        regions: its panels.
    """

    image: Image
    caption: str
    shows: tuple[Shown, ...]
    regions: tuple[Region, ...]

    @classmethod
    def of(cls, rows: Sequence[Sequence[Tile]], caption: str, shows: tuple[Shown, ...]) -> Draft:
        """Panels in rows as one picture."""
        image, regions = arrange(rows)
        return cls(image, caption, shows, regions)


def text_px(edge: int) -> int:
    """Height of the words in a panel with this longest side."""
    return int(min(_MOST_TEXT_PX, max(_LEAST_TEXT_PX, edge * _TEXT_SHARE)))


def panel_of(
    opened: Opened,
    panel: Panel,
    window: Window,
    *,
    size: int,
    drawn: Sequence[Drawn] = (),
) -> Tile:
    """One panel with its longest side; a small one has its slice's number and no scale bar."""
    is_small = size < LEAST_PANEL_PX
    if is_small:
        number = str(panel.index + 1) if opened.grid.is_volume else ""
        panel = replace(panel, label=f"{opened.mark}{number}".strip())
    image = draw_panel(
        opened.grid, panel, drawn, window=window, size=size, text_px=text_px(size),
        has_scale=not is_small,
    )  # fmt: skip
    return Tile(image, Region.of(opened, panel, image.size))


def outlined_rows(
    opened: Opened, views: Sequence[Panel], window: Window, drawn: Sequence[Drawn], edge: int
) -> tuple[list[list[Tile]], str]:
    """Views without and with outlines side by side, and how they lie, in words.

    Where there is no room for panels that can be read, the last view alone, outlined.

    Args:
        opened: the image.
        views: one below the other.
        window: grey values to brightness.
        drawn: what is outlined.
        edge: longest side of the picture.
    """
    half = (edge - GAP_PX) // 2
    if half < LEAST_PANEL_PX:
        view = views[-1]
        only = panel_of(
            opened, view, window, size=natural_edge(opened, view.plane, edge, view.crop),
            drawn=drawn,
        )  # fmt: skip
        return [[only]], "only the part around it, outlined" if len(views) > 1 else "outlined"
    rows = []
    for view in views:
        size = natural_edge(opened, view.plane, half, view.crop)
        marked = replace(view, label=f"{view.label} A outlined".strip())
        rows.append([
            panel_of(opened, view, window, size=size),
            panel_of(opened, marked, window, size=size, drawn=drawn),
        ])  # fmt: skip
    layout = "left without and right with an outline"
    return rows, f"{layout}; below, the same place enlarged" if len(views) > 1 else layout


def natural_edge(opened: Opened, plane: Plane, edge: int, crop: Extent | None = None) -> int:
    """The longest side that a slice deserves: no more than its pixels can fill."""
    height, width = slice_shape(opened, plane, crop)
    row_mm, column_mm = opened.grid.pixel_mm(plane) or (1.0, 1.0)
    longest = max(height * row_mm, width * column_mm) / min(row_mm, column_mm)
    return min(edge, max(_LEAST_SIDE_PX, int(longest * _MOST_ENLARGED)))


def slice_shape(opened: Opened, plane: Plane, crop: Extent | None = None) -> tuple[int, int]:
    """Rows and columns of a slice, or of the part of it that is shown."""
    if crop is not None:
        return crop[0][1] - crop[0][0], crop[1][1] - crop[1][0]
    shape = opened.pixels(plane, 0).shape
    return int(shape[0]), int(shape[1])


def body_crop(
    opened: Opened, plane: Plane, indices: Sequence[int], window: Window
) -> Extent | None:
    """The part of the slices that is not air or black margin; None for all of it.

    A projection is always shown whole: what lies at its margin may be what matters.
    """
    if not opened.grid.is_volume or is_projection(opened.volume):
        return None
    step = -(-len(indices) // _SLICES_FOR_BODY)
    seen = [_inside(opened, opened.pixels(plane, i), window) for i in indices[::step]]
    together = np.logical_or.reduce(seen)
    rows = np.flatnonzero(together.mean(axis=1) > _BODY_SHARE)
    columns = np.flatnonzero(together.mean(axis=0) > _BODY_SHARE)
    if not rows.size or not columns.size:
        return None
    extent = []
    for found, length in ((rows, together.shape[0]), (columns, together.shape[1])):
        margin = max(1, length // 50)
        extent.append((max(0, int(found[0]) - margin), min(length, int(found[-1]) + 1 + margin)))
    return extent[0], extent[1]


def _inside(opened: Opened, pixels: NDArray[Any], window: Window) -> NDArray[np.bool_]:
    if opened.volume.unit == "HU":
        return np.asarray(pixels > AIR_BELOW_HU)
    bright = window.apply(pixels)
    return np.asarray((bright.max(axis=-1) if opened.volume.is_colour else bright) > _DARK)


def side_words(opened: Opened, plane: Plane) -> str:
    """Where the patient's sides are in the picture, or that nobody knows."""
    grid = opened.grid
    edges = grid.edges(plane)
    parts = []
    if edges == ("R", "L"):
        parts.append("the patient's right is on the left of the picture (marked R and L)")
        parts += [grid.side_note] if grid.side_note else []
    elif edges is not None and plane != "sagittal":
        parts.append(f"marked {edges[0]} on the left and {edges[1]} on the right")
    elif edges is None and not opened.volume.is_colour:
        parts.append("side unknown: left and right cannot be told from this picture")
    if grid.is_volume and grid.is_placed and plane in _UP:
        parts.append(_UP[plane])
    if plane == grid.native and opened.degrees_off > _OBLIQUE_DEG:
        parts.append(f"oblique: {opened.degrees_off:.0f} degrees off the {plane} plane")
    return "; ".join(parts)


def scale_words(opened: Opened, plane: Plane, panel: Tile, crop: Extent | None = None) -> str:
    """How many millimetres a pixel of the picture is, or that nobody knows."""
    spacing = opened.grid.pixel_mm(plane)
    if spacing is None:
        return "no scale, as the spacing is unknown"
    width_mm = slice_shape(opened, plane, crop)[1] * spacing[1]
    where = " at the detector" if is_projection(opened.volume) else ""
    return f"a pixel of the picture is {width_mm / panel.image.width:.2g} mm{where}"


def arrange(rows: Sequence[Sequence[Tile]]) -> tuple[Image, tuple[Region, ...]]:
    """Panels in rows, with thin dark grey lines between, and where each lies."""
    from PIL import Image

    widths = [sum(p.image.width for p in row) + GAP_PX * (len(row) - 1) for row in rows]
    heights = [max(p.image.height for p in row) for row in rows]
    regions = []
    figure = Image.new("RGB", (max(widths), sum(heights) + GAP_PX * (len(rows) - 1)), "#303030")
    top = 0
    for row, height in zip(rows, heights, strict=True):
        left = 0
        for panel in row:
            figure.paste(panel.image, (left, top))
            regions.append(panel.region.moved(left, top))
            left += panel.image.width + GAP_PX
        top += height + GAP_PX
    return figure, tuple(regions)


def finished(draft: Draft, budget: SightBudget, edge: int) -> Picture:
    """The picture within the edge, its margins black if the model wants a square."""
    from PIL import Image

    image, regions = draft.image, draft.regions
    if max(image.size) > edge:
        before = max(image.size)
        image = image.copy()
        image.thumbnail((edge, edge), Image.Resampling.LANCZOS)
        regions = tuple(r.scaled(max(image.size) / before) for r in regions)
    if budget.is_square and image.width != image.height:
        side = max(image.size)
        square = Image.new("RGB", (side, side), "black")
        left, top = (side - image.width) // 2, (side - image.height) // 2
        square.paste(image, (left, top))
        image, regions = square, tuple(r.moved(left, top) for r in regions)
    stream = BytesIO()
    image.save(stream, "PNG", optimize=False, compress_level=6)
    tokens = budget.tokens(*image.size)
    return Picture(
        stream.getvalue(), image.width, image.height, draft.caption, tokens, draft.shows, regions
    )


def sentences(*parts: str) -> str:
    """Parts as sentences; empty ones are left out."""
    return " ".join(f"{p[0].upper()}{p[1:]}." for p in parts if p)
