"""One slice as a picture: pixels, outlines with letters, sides and a scale bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dxtrace.reporting.planes import Grid, Plane
from dxtrace.reporting.windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

Extent = tuple[tuple[int, int], tuple[int, int]]
"""First row and the one after the last, and the same of columns."""

_STYLES: tuple[tuple[str, str, str, tuple[int, ...]], ...] = (
    ("#56b4e9", "solid", "light blue", ()),
    ("#e69f00", "dashed", "orange", (9, 5)),
    ("#f0e442", "dotted", "yellow", (2, 4)),
    ("#cc79a7", "long dashes", "pink", (18, 6)),
    ("#009e73", "dash and dot", "green", (10, 4, 2, 4)),
    ("#ffffff", "dots and gaps", "white", (2, 9)),
)
"""Colour, line, their words, and the lengths of dashes and gaps (Okabe and Ito 2008)."""
_BAR_MM = (1, 2, 5, 10, 20, 50, 100, 200)
_BAR_PART = 0.3
_MARGIN = 8
_LINE, _HALO = 2, 4
_HALF = 0.5
_LABEL_ROOM = 9
_TEXT_PX = 13
_MOST_LINES = 2000
"""Of one structure, the longest first: more than that is noise, and takes minutes to draw."""


@dataclass(frozen=True)
class Drawn:
    """A structure with its letter and line.

    Attributes:
        number: decides on letter, line and colour.
        voxels: what is marked, on the grid.
        words: what it is.
    """

    number: int
    voxels: NDArray[np.bool_]
    words: str

    @property
    def letter(self) -> str:
        """``A`` for the first."""
        return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[self.number % 26]

    @property
    def style(self) -> tuple[str, str, str, tuple[int, ...]]:
        """Colour and line."""
        return _STYLES[self.number % len(_STYLES)]

    @property
    def line_words(self) -> str:
        """``dashed orange line``."""
        return f"{self.style[1]}, {self.style[2]}"


@dataclass(frozen=True)
class Panel:
    """What one panel shows.

    Attributes:
        plane: the plane.
        index: the slice.
        words: what it is, for the caption.
        label: the same in short, for the corner.
        crop: rows and columns to show; None for all.
        box: rows and columns that a frame points out; None for none.
    """

    plane: Plane
    index: int
    words: str
    label: str
    crop: Extent | None
    box: Extent | None


def draw_panel(
    grid: Grid,
    panel: Panel,
    drawn: Sequence[Drawn],
    *,
    window: Window,
    size: int,
    text_px: int = _TEXT_PX,
    has_scale: bool = True,
) -> Image:
    """Draw a slice with equal millimetres both ways.

    Args:
        grid: the image as it is shown.
        panel: what to show of it.
        drawn: what to outline.
        window: grey values to brightness.
        size: longest side in pixels.
        text_px: height of the words in the corner; letters of sides and outlines follow it.
        has_scale: whether a scale bar is drawn, where the spacing is known.
    """
    from PIL import Image, ImageDraw

    pixels = grid.cut(grid.voxels, panel.plane, panel.index)
    crop = panel.crop or ((0, pixels.shape[0]), (0, pixels.shape[1]))
    shown = window.apply(pixels[slice(*crop[0]), slice(*crop[1])])
    millimetres = grid.pixel_mm(panel.plane)
    row_mm, column_mm = millimetres or (1.0, 1.0)
    height, width = shown.shape[0] * row_mm, shown.shape[1] * column_mm
    per_mm = size / max(height, width)
    scale = (row_mm * per_mm, column_mm * per_mm)
    target = (max(1, round(width * per_mm)), max(1, round(height * per_mm)))
    image = Image.fromarray(shown).resize(target, Image.Resampling.BICUBIC).convert("RGB")
    pen = ImageDraw.Draw(image)
    for one in drawn:
        area = grid.cut(one.voxels, panel.plane, panel.index)
        _outline(pen, area[slice(*crop[0]), slice(*crop[1])], scale, one, text_px)
    if panel.box is not None:
        _frame(pen, panel.box, scale)
    _sides(pen, grid.edges(panel.plane), target, text_px + 5)
    if panel.label:
        _letter(pen, (6, 4), panel.label, "white", text_px)
    if has_scale and millimetres is not None:
        _scale_bar(pen, per_mm, target, text_px + 1)
    return image


def extent_of(area: NDArray[np.bool_]) -> Extent:
    """The smallest box around what is marked on a slice."""
    rows, columns = np.flatnonzero(area.any(1)), np.flatnonzero(area.any(0))
    return (int(rows[0]), int(rows[-1]) + 1), (int(columns[0]), int(columns[-1]) + 1)


def square_around(
    extent: Extent, shape: tuple[int, ...], pixel_mm: tuple[float, float] | None
) -> Extent:
    """A square, in mm, of three times the extent of what is marked, moved into the slice."""
    steps = pixel_mm or (1.0, 1.0)
    side = 3 * max((e - b) * s for (b, e), s in zip(extent, steps, strict=True))
    crop = []
    for (begin, end), length, step in zip(extent, shape, steps, strict=True):
        wanted = min(length, max(8, round(side / step)))
        first = min(max(0, (begin + end - wanted) // 2), length - wanted)
        crop.append((first, first + wanted))
    return crop[0], crop[1]


def compose(
    panels: Sequence[Image], drawn: Sequence[Drawn], *, title: str, notes: Sequence[str]
) -> Image:
    """Panels side by side, with title and legend below.

    Args:
        panels: what :func:`draw_panel` gave.
        drawn: what is outlined in them.
        title: what the picture shows.
        notes: window, scale and sides in words.
    """
    from PIL import Image, ImageDraw

    width = sum(p.width for p in panels) + _MARGIN * (len(panels) + 1)
    text, small = _font(15), _font(13)
    per_line = max(24, (width - 60) // 8)
    lines: list[tuple[Drawn | None, str]] = []
    if len(drawn) > 1:
        lines += [(None, line) for line in _wrapped(title, per_line)]
    for one in drawn:
        rows = _wrapped(f"{one.letter}  {one.words}", per_line)
        lines += [(one if n == 0 else None, row) for n, row in enumerate(rows)]
    note_lines = _wrapped("; ".join(notes), max(24, (width - 16) // 7)) if notes else []
    top = max(p.height for p in panels) + 2 * _MARGIN
    figure = Image.new(
        "RGB", (width, top + 22 * len(lines) + 18 * len(note_lines) + _MARGIN), "black"
    )
    left = _MARGIN
    for panel in panels:
        figure.paste(panel, (left, _MARGIN))
        left += panel.width + _MARGIN
    pen = ImageDraw.Draw(figure)
    for number, (sample, line) in enumerate(lines):
        at = top + 22 * number
        if sample is not None:
            _polyline(pen, np.array([[_MARGIN, at + 9], [_MARGIN + 36, at + 9]], float), sample)
        pen.text((_MARGIN + 46, at), line, fill="white", font=text)
    for number, line in enumerate(note_lines):
        at = top + 22 * len(lines) + 18 * number
        pen.text((_MARGIN, at), line, fill="#c8c8c8", font=small)
    return figure


def _outline(
    pen: ImageDraw,
    area: NDArray[np.bool_],
    scale: tuple[float, float],
    one: Drawn,
    text_px: int,
) -> None:
    from skimage.measure import find_contours

    if not area.any():
        return
    padded = np.pad(area, 1).astype(np.float32)
    contours = find_contours(padded, _HALF)  # type: ignore[no-untyped-call]
    # Centres of pixels lie at half steps; one more is the padding.
    lines = [(c - 1 + _HALF)[:, ::-1] * np.array([scale[1], scale[0]]) for c in contours]
    lines = sorted(lines, key=len, reverse=True)[:_MOST_LINES]
    for line in reversed(lines):
        _polyline(pen, line, one)
    corner = lines[0][int(np.argmin(lines[0].sum(axis=1)))]
    # Below the words in the corner.
    place = (corner[0] - 16, max(text_px + _LABEL_ROOM, corner[1] - 18))
    _letter(pen, place, one.letter, one.style[0], text_px + 2)


def _polyline(pen: ImageDraw, points: NDArray[np.float64], one: Drawn) -> None:
    """A line of the structure's kind on a dark one, so that it shows on any background."""
    colour, _, _, pattern = one.style
    for part in _dashes(points, pattern):
        flat = [tuple(p) for p in part]
        pen.line(flat, fill="black", width=_HALO, joint="curve")
        pen.line(flat, fill=colour, width=_LINE, joint="curve")


def _dashes(points: NDArray[np.float64], pattern: tuple[int, ...]) -> list[NDArray[np.float64]]:
    """The parts of a line that are drawn."""
    if not pattern:
        return [points]
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    parts, at, number = [], 0.0, 0
    while at < along[-1]:
        end = min(at + pattern[number % len(pattern)], along[-1])
        if number % 2 == 0:
            inner = along[(along > at) & (along < end)]
            where = np.concatenate([[at], inner, [end]])
            parts.append(np.stack([np.interp(where, along, points[:, a]) for a in (0, 1)], axis=1))
        at, number = end, number + 1
    return parts


def _frame(pen: ImageDraw, box: Extent, scale: tuple[float, float]) -> None:
    """Corners around something small, at a little distance."""
    gap, arm = 7, 8
    (top, bottom), (left, right) = box
    rows = (top * scale[0] - gap, bottom * scale[0] + gap)
    columns = (left * scale[1] - gap, right * scale[1] + gap)
    for y, down in zip(rows, (1, -1), strict=True):
        for x, across in zip(columns, (1, -1), strict=True):
            for colour, width in (("black", 4), ("white", 2)):
                pen.line([(x + arm * across, y), (x, y), (x, y + arm * down)], colour, width)


def _sides(
    pen: ImageDraw, edges: tuple[str, str] | None, size: tuple[int, int], text_px: int
) -> None:
    if edges is None:
        return
    middle = size[1] / 2 - 10
    _letter(pen, (5, middle), edges[0], "white", text_px)
    _letter(pen, (size[0] - text_px, middle), edges[1], "white", text_px)


def _scale_bar(pen: ImageDraw, per_mm: float, size: tuple[int, int], text_px: int) -> None:
    fitting = [mm for mm in _BAR_MM if mm * per_mm <= size[0] * _BAR_PART]
    if not fitting:
        return
    length = fitting[-1] * per_mm
    right, base = size[0] - 10, size[1] - 10
    for colour, width in (("black", 6), ("white", 3)):
        pen.line([(right - length, base), (right, base)], colour, width)
        for x in (right - length, right):
            pen.line([(x, base - 5), (x, base + 5)], colour, width - 1)
    _letter(pen, (right - length, base - 10 - text_px), f"{fitting[-1]} mm", "white", text_px)


def _letter(pen: ImageDraw, at: tuple[float, float], text: str, colour: str, size: int) -> None:
    place = (max(2.0, at[0]), max(0.0, at[1]))
    pen.text(place, text, fill=colour, font=_font(size), stroke_width=2, stroke_fill="black")


def _wrapped(text: str, per_line: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, per_line) or [""]


@cache
def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)
