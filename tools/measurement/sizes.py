"""The sizes of a marked body, as measurements."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from dxtrace.clinical import Measurement
from dxtrace.clinical.volume import Mask, Volume
from tools.measurement.axes import Plane, largest_sections
from tools.measurement.intervals import interval
from tools.measurement.orientation import PlaneName, axial_axis, plane_names
from tools.measurement.surface import Surface, find_surface

_FLAT = "the image's plane"
AXIS_PIXELS = 0.4
"""A single axis is the longest of many lines, and roughness makes the longest longer: its interval
is wider by this part of a pixel, that of a mean of two by half (``benchmarks/phantom_nodules.py``).
"""


@dataclass(frozen=True)
class BodySizes:
    """Sizes of one body.

    Attributes:
        surface: where its surface lies.
        largest: the section with the greatest mean of both axes, over all three orientations.
        axial: the axial section with the greatest long axis; None if no array axis is axial.
        longest: the section with the greatest long axis, over all three orientations.
        names: the plane at right angles to each array axis.
        is_flat: there is only one slice: no volume, no other plane.
    """

    surface: Surface
    largest: Plane
    axial: Plane | None
    longest: Plane
    names: tuple[PlaneName | None, ...]
    is_flat: bool

    def diameters(self, *, axial: bool = False) -> tuple[Measurement, ...]:
        """Mean diameter, long and short axis in the largest plane, or in the axial one."""
        plane = self.axial if axial else self.largest
        if plane is None:
            return ()
        both = (plane.axes.long_mm, plane.axes.short_mm)
        off = (self._spread(plane), self._spread(plane, of_short=True))
        edge_mm = self.surface.edge_mm
        edges = sum(plane.spread(edge_mm, of_short=short) for short in (False, True))
        mean_off = math.hypot(edges, AXIS_PIXELS / 2 * self._pixel(plane))
        where = self._where(plane)
        sizes = (
            ("mean_diameter", sum(both) / 2, mean_off, f"mean of long and short axis, {where}"),
            ("long_axis", both[0], off[0], f"longest axis, {where}"),
            ("short_axis", both[1], off[1], f"at right angles to the long axis, {where}"),
        )
        return tuple(self._measurement(*size) for size in sizes)

    def largest_dimension(self, *, axial: bool = False) -> tuple[Measurement, ...]:
        """The greatest axis in any plane, or in the axial one (RECIST 1.1)."""
        plane = self.axial if axial else self.longest
        if plane is None:
            return ()
        return (self._along(plane, "largest_dimension"),)

    def axial_diameter(self) -> tuple[Measurement, ...]:
        """The maximum axial diameter."""
        return () if self.axial is None else (self._along(self.axial, "axial_diameter"),)

    def smallest_dimension(self) -> tuple[Measurement, ...]:
        """The short axis in the axial plane, as lymph nodes are measured (RECIST 1.1)."""
        if self.axial is None:
            return ()
        off = self._spread(self.axial, of_short=True)
        said = f"short axis, {self._where(self.axial)}"
        return (self._measurement("smallest_dimension", self.axial.axes.short_mm, off, said),)

    def volume(self) -> tuple[Measurement, ...]:
        """The volume; empty for a single image."""
        if self.is_flat:
            return ()
        size = self.surface.volume_mm3
        spread = size * self.surface.volume_spread
        said = f"enclosed by the surface; {self.surface.method}"
        return (
            interval("volume", size, spread, "mm3", said, is_cut=self.surface.is_cut),
        )  # fmt: skip

    def _along(self, plane: Plane, kind: str) -> Measurement:
        said = f"longest axis, {self._where(plane)}"
        return self._measurement(kind, plane.axes.long_mm, self._spread(plane), said)

    def _spread(self, plane: Plane, *, of_short: bool = False) -> float:
        """Both ends of an axis may lie off, and the longest is easily a little too long."""
        edge = 2 * plane.spread(self.surface.edge_mm, of_short=of_short)
        return math.hypot(edge, AXIS_PIXELS * self._pixel(plane))

    def _pixel(self, plane: Plane) -> float:
        """The finest size of the picture's voxels in a plane."""
        return min(s for i, s in enumerate(self.surface.voxel_mm) if i != plane.normal)

    def _where(self, plane: Plane) -> str:
        name = self.names[plane.normal]
        return _FLAT if self.is_flat else f"{name or 'array'} plane"

    def _measurement(self, kind: str, value: float, spread: float, said: str) -> Measurement:
        how = f"{said}; {self.surface.method}"
        return interval(kind, value, spread, "mm", how, is_cut=self.surface.is_cut)


def body_sizes(
    mask: Mask, volume: Volume | None = None, *, within: Mask | None = None
) -> BodySizes:
    """Measure a marked body.

    Planes: Fleischner Society and Lung-RADS take long and short axis on the axial, coronal or
    sagittal image that shows the greatest dimensions (Bankier et al. 2017, doi
    10.1148/radiol.2017162894); RECIST 1.1 takes them on the axial one (Eisenhauer et al. 2009, doi
    10.1016/j.ejca.2008.10.026).

    Args:
        mask: what is marked; not empty, with known spacing.
        volume: the picture, to place the surface by its grey values.
        within: only grey values in here count.

    Raises:
        ValueError: if nothing is marked or the spacing is unknown.
    """
    if not mask.voxels.any():
        raise ValueError(f"{mask.name}: expected something marked, got an empty mask")
    surface = find_surface(mask, volume, within=within)
    dimensions = mask.voxels.ndim
    is_flat = dimensions == 2 or mask.voxels.shape[0] == 1  # noqa: PLR2004 - rows and columns
    normals: Iterable[int] = (0,) if is_flat else (0, 1, 2)
    planes = [p for n in normals for p in largest_sections(surface.level, surface.spacing, n)]
    if not planes:
        raise ValueError(f"{mask.name}: what is marked is too thin to measure")
    names = plane_names(mask.geometry, dimensions)
    normal = 0 if is_flat else axial_axis(mask.geometry, dimensions)
    axial = [p for p in planes if p.normal == normal]
    return BodySizes(
        surface=surface,
        largest=max(planes, key=lambda p: p.axes.mean_mm),
        axial=max(axial, key=lambda p: p.axes.long_mm, default=None),
        longest=max(planes, key=lambda p: p.axes.long_mm),
        names=names if dimensions == 3 else (None, None, None),  # noqa: PLR2004 - a stack
        is_flat=is_flat,
    )
