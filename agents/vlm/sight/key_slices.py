"""The slice that shows most of a finding: without and with its outline, and beside the prior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agents.vlm.sight.drawing import (
    GAP_PX,
    LEAST_PANEL_PX,
    Draft,
    Tile,
    body_crop,
    natural_edge,
    outlined_rows,
    panel_of,
    scale_words,
    sentences,
    side_words,
    slice_shape,
)
from agents.vlm.sight.kept_marks import Mark, MarkError, read_mark
from agents.vlm.sight.matching import Matching
from agents.vlm.sight.picture import Shown
from agents.vlm.sight.scenes import AXES, Opened
from agents.vlm.sight.wording import wording
from dxtrace.clinical import Concept
from dxtrace.reporting.panels import Drawn, Extent, Panel, extent_of, square_around
from dxtrace.reporting.planes import Plane
from dxtrace.reporting.windows import Window, choose_window, ct_window

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SMALL = 0.25
"""What takes less than this part of a side is shown enlarged, too."""


@dataclass(frozen=True, eq=False)
class KeySlice:
    """Where a finding is seen best.

    Attributes:
        mark: the finding or structure.
        plane: the plane.
        index: the slice.
        area: what is marked on the slice.
        extent: the box around it.
        window: the window that shows it.
        crop: the part of the slice that holds the body; None for all.
    """

    mark: Mark
    plane: Plane
    index: int
    area: NDArray[np.bool_]
    extent: Extent
    window: Window
    crop: Extent | None

    @property
    def enlarged(self) -> bool:
        """Whether it is so small that it is shown enlarged, too."""
        shape = self.area.shape
        shown = self.crop or ((0, shape[0]), (0, shape[1]))
        part = max(
            (e - b) / max(1, last - first)
            for (b, e), (first, last) in zip(self.extent, shown, strict=True)
        )
        return bool(part < _SMALL)


def key_slice_of(opened: Opened, mark: Mark) -> KeySlice:
    """The slice with most of what is marked.

    Raises:
        MarkError: if there is no mask to show, or the slice may carry text.
    """
    grid = opened.grid
    marked = grid.turn(read_mark(mark, opened.volume))
    plane = grid.native
    index = grid.key_slice([marked], plane)
    if not opened.may_show(plane, index):
        raise MarkError("text, and with it a name, may be burned into its slice")
    area = grid.cut(marked, plane, index)
    window = _window(opened, mark, marked)
    crop = body_crop(opened, plane, (index,), window)
    return KeySlice(mark, plane, index, area, extent_of(area), window, crop)


def _window(opened: Opened, mark: Mark, marked: NDArray[np.bool_]) -> Window:
    """On CT the window that the concept is read in, else the one that suits what surrounds it."""
    if opened.volume.unit == "HU" and mark.finding is not None:
        for name, what in wording().windows.items():
            if mark.finding.concept in what.concepts:
                return ct_window(name)
    return choose_window(opened.volume, opened.grid.voxels, marked)


def draw_key_slice(
    opened: Opened, key: KeySlice, concepts: Mapping[str, Concept], edge: int
) -> Draft:
    """The slice without and with an outline; below it the same enlarged, if it is small."""
    label = f"{opened.mark}{opened.grid.slice_label(key.plane, key.index)}"
    views = [Panel(key.plane, key.index, "", label, key.crop, None)]
    if key.enlarged:
        crop = square_around(key.extent, key.area.shape, opened.grid.pixel_mm(key.plane))
        views.append(Panel(key.plane, key.index, "", f"{opened.mark}enlarged", crop, None))
    drawn = [Drawn(0, _spread(opened, key), "")]
    rows, layout = outlined_rows(opened, views, key.window, drawn, edge)
    # One row is one view: the last.
    first = views[0] if len(rows) == len(views) else views[-1]
    scale = scale_words(opened, key.plane, rows[0][0], first.crop)
    caption = sentences(
        opened.words,
        f"{opened.grid.slice_words(key.plane, key.index)}{opened.call_words(key.plane, key.index)}"
        f", the one that shows most of what is outlined; {layout}",
        f"outlined: A, {key.mark.words(concepts)}",
        key.window.words, side_words(opened, key.plane),
        f"{scale} in the upper row" if len(rows) > 1 else scale,
    )  # fmt: skip
    shown = Shown(opened.scene.series.id, opened.slice_index(key.plane, key.index))
    return Draft.of(rows, caption, (shown,))


def _spread(opened: Opened, key: KeySlice) -> NDArray[np.bool_]:
    """What is marked, as an array of the grid that is cut again; it takes no room."""
    shape = opened.grid.voxels.shape[:3]
    return np.broadcast_to(np.expand_dims(key.area, AXES[key.plane][0]), shape)


def draw_beside(now: Opened, then: Opened, key: KeySlice, matching: Matching, edge: int) -> Draft:
    """The slice of a finding beside the same place of an earlier examination, without outlines.

    Raises:
        MarkError: if the earlier volume does not reach there, its slice may carry text, or panels
            would be too small.
    """
    half = (edge - GAP_PX) // 2
    if half < LEAST_PANEL_PX:
        raise MarkError("pictures are too small for two slices side by side")
    at = matching.place(now, then, key.plane, _centre(key))
    if at is None:
        raise MarkError(f"{then.scene.series.id} does not reach there")
    if not then.may_show(key.plane, at[0]):
        raise MarkError("text, and with it a name, may be burned into the slice")
    then_crop = body_crop(then, key.plane, (at[0],), key.window)
    panels = []
    for opened, name, index, crop in (
        (now, "CURRENT", key.index, key.crop), (then, "PRIOR", at[0], then_crop),
    ):  # fmt: skip
        label = f"{name} {opened.grid.slice_label(key.plane, index)}"
        panel = Panel(key.plane, index, "", label, crop, None)
        window = _same_window(now, opened, key.window)
        panels.append(
            panel_of(opened, panel, window, size=natural_edge(opened, key.plane, half, crop))
        )
    rows = [panels]
    layout = "left current, right prior"
    if key.enlarged:
        rows.append(_enlarged(now, then, key, at, half))
        layout += "; below, the same place enlarged"
    caption = sentences(
        f"Current and prior examination side by side at the place of {key.mark.label}",
        f"{now.words}: {now.grid.slice_words(key.plane, key.index)}",
        f"{then.words}: {then.grid.slice_words(key.plane, at[0])}",
        f"{layout}; nothing is outlined",
        matching.words, key.window.words, side_words(now, key.plane),
    )  # fmt: skip
    shows = tuple(
        Shown(o.scene.series.id, o.slice_index(key.plane, i))
        for o, i in ((now, key.index), (then, at[0]))
    )
    return Draft.of(rows, caption, shows)


def _same_window(now: Opened, opened: Opened, window: Window) -> Window:
    """The same window for both where values are Hounsfield units; elsewhere each its own."""
    if opened is now or (now.volume.unit == "HU" and opened.volume.unit == "HU"):
        return window
    return opened.plain_window


def _enlarged(
    now: Opened, then: Opened, key: KeySlice, at: tuple[int, int, int], half: int
) -> list[Tile]:
    crop = square_around(key.extent, key.area.shape, now.grid.pixel_mm(key.plane))
    there = _crop_there(now, then, key, crop, at)
    return [
        panel_of(
            opened, Panel(key.plane, index, "", f"{name} enlarged", part, None),
            _same_window(now, opened, key.window),
            size=natural_edge(opened, key.plane, half, None),
        )
        for opened, name, index, part in (
            (now, "CURRENT", key.index, crop), (then, "PRIOR", at[0], there),
        )
    ]  # fmt: skip


def _crop_there(
    now: Opened, then: Opened, key: KeySlice, crop: Extent, at: tuple[int, int, int]
) -> Extent:
    """As many millimetres around the matched place of the earlier slice."""
    shape = slice_shape(then, key.plane)
    here_mm = now.grid.pixel_mm(key.plane) or (1.0, 1.0)
    there_mm = then.grid.pixel_mm(key.plane) or here_mm
    spans = []
    for axis in (0, 1):
        wanted = round((crop[axis][1] - crop[axis][0]) * here_mm[axis] / there_mm[axis])
        length = min(shape[axis], max(8, wanted))
        first = min(max(0, at[1 + axis] - length // 2), shape[axis] - length)
        spans.append((first, first + length))
    return spans[0], spans[1]


def _centre(key: KeySlice) -> tuple[int, int, int]:
    """Slice, row and column of the middle of what is marked, as it is looked at."""
    rows, columns = np.nonzero(key.area)
    return key.index, round(float(rows.mean())), round(float(columns.mean()))
