"""Pixels and masks with their place in space."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dxtrace.clinical.case import Geometry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Volume:
    """One image or series as an array.

    Attributes:
        voxels: axes (slice, row, column) for a series, (row, column) for a single image, with a
            last axis of 3 (red, green, blue) for a colour image. CT is in HU after rescaling;
            radiographs are MONOCHROME2, so that bright is dense.
        geometry: spacing along each spatial array axis in mm, and the affine from array indices, in
            the order of the array's axes, to patient coordinates in mm (LPS as in DICOM PS3.3
            C.7.6.2.1.1: x to the left, y to the back, z to the head). None where the source says
            nothing.
        modality: DICOM modality such as ``CT``, or None if nobody knows.
        body_part: lower-case body part such as ``chest``, or None.
        view: ``pa``, ``ap``, ``lateral`` for a radiograph, or None.
        unit: ``HU``, or ``stored`` for values without a physical unit.
        windows: (centre, width) pairs that the source recommends, first the default.
        series: id of the series in the case.
        sources: the files, in slice order.
        notes: what was noticed on the way: missing slices, tilt, unknown spacing.
        is_colour: whether the last axis holds red, green and blue.
        may_have_text: why text, and with it a name, may be burned into the pixels; empty if nothing
            speaks for it.
    """

    voxels: NDArray[Any]
    geometry: Geometry = field(default_factory=Geometry)
    modality: str | None = None
    body_part: str | None = None
    view: str | None = None
    unit: str = "stored"
    windows: tuple[tuple[float, float], ...] = ()
    series: str = ""
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_colour: bool = False
    may_have_text: str = ""

    @property
    def spatial_shape(self) -> tuple[int, ...]:
        """The shape without a colour axis."""
        shape = tuple(int(n) for n in self.voxels.shape)
        return shape[:-1] if self.is_colour else shape


@dataclass(frozen=True, eq=False)
class Mask:
    """What an expert marks on an image.

    Attributes:
        name: snake_case name, unique in the output, such as ``right_lung`` or ``nodule_1``.
        voxels: boolean array on the grid of its image (its spatial shape).
        geometry: the geometry of that image.
        series: id of the series that it was drawn on.
        title: the name people read.
        concept: key of the concept, if it marks a finding.
        finding: id of the finding in the same output, if it marks one.
        attributes: further words about it, such as the lobe.
        boundary_mm: how far the true boundary may lie from the drawn one, in mm, on either side;
            None if nothing is known beyond the size of the voxels.
    """

    name: str
    voxels: NDArray[np.bool_]
    geometry: Geometry = field(default_factory=Geometry)
    series: str = ""
    title: str = ""
    concept: str | None = None
    finding: str | None = None
    boundary_mm: float | None = None
    attributes: dict[str, str] = field(default_factory=dict)
