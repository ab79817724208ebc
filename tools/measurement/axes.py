"""Long and short axis of an outline, and the plane in which a body is largest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CHORDS = 96
COARSE = 12
MIN_POINTS = 3


@dataclass(frozen=True)
class Axes:
    """The two axes of an outline in one plane.

    Attributes:
        long_mm: greatest distance between two points of the outline, in mm.
        short_mm: longest line across the outline at right angles to the long axis, in mm.
        direction: unit vector of the long axis, in the two coordinates of the plane.
        ends: the two ends of the long axis, shape (2, 2), in mm.
    """

    long_mm: float
    short_mm: float
    direction: tuple[float, float]
    ends: Floats

    @property
    def mean_mm(self) -> float:
        """The mean of both axes."""
        return (self.long_mm + self.short_mm) / 2


def outline_axes(points: Floats) -> Axes | None:
    """The axes of a closed outline.

    Source: Bankier et al. 2017 (doi 10.1148/radiol.2017162894): the long axis, and the short axis
    perpendicular to it, on the same image.

    Args:
        points: shape (n, 2), in mm, in order around the outline.

    Returns:
        None if the outline encloses nothing.
    """
    if len(points) < MIN_POINTS:
        return None
    corners = _hull(points)
    apart = corners[:, None, :] - corners[None, :, :]
    squared = (apart**2).sum(axis=2)
    first, second = np.unravel_index(int(squared.argmax()), squared.shape)
    long_mm = float(np.sqrt(squared[first, second]))
    if long_mm <= 0:
        return None
    along = (corners[second] - corners[first]) / long_mm
    return Axes(
        long_mm=long_mm,
        short_mm=_longest_chord(points, along),
        direction=(float(along[0]), float(along[1])),
        ends=corners[[first, second]],
    )


def _hull(points: Floats) -> Floats:
    from scipy.spatial import ConvexHull, QhullError

    try:
        return np.asarray(points[ConvexHull(points).vertices])
    except QhullError:  # all points on one line
        return points


def _longest_chord(points: Floats, along: Floats) -> float:
    """The longest line across at right angles to ``along``, from outer edge to outer edge."""
    u = points @ along
    v = points @ np.array([-along[1], along[0]])
    u_next, v_next = np.roll(u, -1), np.roll(v, -1)
    stations = np.linspace(u.min(), u.max(), CHORDS + 2)[1:-1, None]
    crosses = (u <= stations) != (u_next <= stations)
    step = np.where(u_next == u, 1.0, u_next - u)
    height = v + (stations - u) / step * (v_next - v)
    top = np.where(crosses, height, -np.inf).max(axis=1)
    bottom = np.where(crosses, height, np.inf).min(axis=1)
    return float(max(0.0, np.max(top - bottom, initial=0.0)))


def section_axes(level: Floats, spacing: tuple[float, float]) -> Axes | None:
    """The axes of the largest connected piece of one section.

    Args:
        level: shape (rows, columns); negative inside the body, 0 on its surface.
        spacing: of the two axes, in mm.
    """
    from skimage.measure import find_contours

    if not (level < 0).any():
        return None
    padded = np.pad(level, 1, constant_values=max(float(level.max()), 1e-6))
    outlines = find_contours(padded, 0.0)  # type: ignore[no-untyped-call]
    if not outlines:
        return None
    largest = max(outlines, key=lambda outline: _area(outline * spacing))
    return outline_axes(np.asarray(largest[:-1] * spacing, dtype=np.float64))


def _area(points: Floats) -> float:
    y, x = points[:, 0], points[:, 1]
    return abs(float(np.dot(y, np.roll(x, -1)) - np.dot(x, np.roll(y, -1)))) / 2


@dataclass(frozen=True)
class Plane:
    """A section through a body.

    Attributes:
        normal: the array axis at right angles to the plane.
        index: position along that axis.
        axes: the axes of the outline there.
    """

    normal: int
    index: int
    axes: Axes

    def spread(self, edges: tuple[float, ...], of_short: bool = False) -> float:
        """How far an edge may lie off along an axis, given that of each array axis, in mm."""
        in_plane = [e for i, e in enumerate(edges) if i != self.normal]
        a, b = self.axes.direction
        if of_short:
            a, b = b, a
        return float(np.hypot(a * in_plane[0], b * in_plane[1]))


def largest_sections(
    level: Floats, spacing: tuple[float, float, float], normal: int
) -> list[Plane]:
    """Sections at right angles to an array axis, among them the largest.

    Sizes change little from one section to the next: about :data:`COARSE` of them are looked at,
    and then every one near the largest.

    Args:
        level: shape (slice, row, column); negative inside.
        spacing: of the array axes in mm.
        normal: the axis to go along.
    """
    kept = [s for i, s in enumerate(spacing) if i != normal]
    in_plane = (kept[0], kept[1])
    sections = np.moveaxis(level, normal, 0)
    cut = [int(i) for i in np.flatnonzero((sections < 0).any(axis=(1, 2)))]
    step = max(1, len(cut) // COARSE)
    found = _sections(sections, cut[::step], in_plane, normal)
    if step > 1 and found:
        tops = (max(found, key=_long).index, max(found, key=_mean).index)
        near = {i for i in cut for top in tops if abs(i - top) < step}
        more = sorted(near - {p.index for p in found})
        found += _sections(sections, more, in_plane, normal)
    return found


def _sections(
    sections: Floats, indices: list[int], in_plane: tuple[float, float], normal: int
) -> list[Plane]:
    found = []
    for index in indices:
        axes = section_axes(sections[index], in_plane)
        if axes is not None:
            found.append(Plane(normal, index, axes))
    return found


def _long(plane: Plane) -> float:
    return plane.axes.long_mm


def _mean(plane: Plane) -> float:
    return plane.axes.mean_mm
