"""From a place in a picture back to the array that it was drawn from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.vlm.sight.scenes import Opened
    from dxtrace.reporting.panels import Panel


class NoPlaceError(ValueError):
    """A place that shows nothing of an image."""


@dataclass(frozen=True)
class Run:
    """What lies along one direction of a panel.

    Attributes:
        axis: of the series' array.
        first: index at the panel's beginning.
        step: 1, or -1 where the picture runs against the array.
        count: how many indices the panel shows.
    """

    axis: int
    first: int
    step: int
    count: int

    def at(self, share: float) -> int:
        """The index at a share, from 0 to 1, of the panel's length."""
        return self.first + self.step * min(self.count - 1, max(0, int(share * self.count)))


@dataclass(frozen=True)
class Region:
    """A panel of a picture, and the part of a series that it shows.

    Attributes:
        series: id of the series.
        down: from its top to its bottom.
        across: from its left to its right.
        slice: axis and index of the slice; None for a single image.
        left: of the panel in the picture, in pixels.
        top: likewise.
        width: likewise.
        height: likewise.
    """

    series: str
    down: Run
    across: Run
    slice: tuple[int, int] | None
    width: float
    height: float
    left: float = 0.0
    top: float = 0.0

    @classmethod
    def of(cls, opened: Opened, panel: Panel, size: tuple[int, int]) -> Region:
        """The region of a panel that stands alone.

        Args:
            opened: the series.
            panel: what is drawn of it.
            size: width and height of the panel in pixels.
        """
        from agents.vlm.sight.scenes import AXES

        grid = opened.grid
        through, rows, columns = AXES[panel.plane] if grid.is_volume else (-1, 0, 1)

        def run(axis: int, span: tuple[int, int] | None) -> Run:
            length = grid.voxels.shape[axis]
            begin, end = span or (0, length)
            first = length - 1 - begin if grid.flips[axis] else begin
            return Run(grid.order[axis], first, -1 if grid.flips[axis] else 1, end - begin)

        down = run(rows, panel.crop[0] if panel.crop else None)
        across = run(columns, panel.crop[1] if panel.crop else None)
        cut = None
        if grid.is_volume:
            through_it = run(through, (panel.index, panel.index + 1))
            cut = through_it.axis, through_it.first
        return cls(opened.scene.series.id, down, across, cut, *map(float, size))

    def moved(self, left: float, top: float) -> Region:
        """The same further to the right and down."""
        return replace(self, left=self.left + left, top=self.top + top)

    def scaled(self, factor: float) -> Region:
        """The same in a picture that was made smaller."""
        return replace(
            self, left=self.left * factor, top=self.top * factor,
            width=self.width * factor, height=self.height * factor,
        )  # fmt: skip

    def holds(self, x: float, y: float) -> bool:
        """Whether a pixel of the picture is one of this panel."""
        return self.left <= x < self.left + self.width and self.top <= y < self.top + self.height

    def index(self, x: float, y: float) -> tuple[int, ...]:
        """The array index under a pixel of the picture; (slice, row, column) or (row, column)."""
        found = {
            self.down.axis: self.down.at((y - self.top + 0.5) / self.height),
            self.across.axis: self.across.at((x - self.left + 0.5) / self.width),
        }
        if self.slice is not None:
            found[self.slice[0]] = self.slice[1]
        return tuple(found[axis] for axis in sorted(found))


def region_at(regions: tuple[Region, ...], x: float, y: float) -> Region:
    """The panel that a pixel of a picture lies in.

    Raises:
        NoPlaceError: if it lies in none.
    """
    for region in regions:
        if region.holds(x, y):
            return region
    raise NoPlaceError(f"nothing of an image is at x {x:g}, y {y:g}")
