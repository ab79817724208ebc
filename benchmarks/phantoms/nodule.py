"""Nodules of known size, density and place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmarks.phantoms.grid import Floats, Grid, Triple
from benchmarks.phantoms.shapes import Ellipsoid, Lobulated, random_lobulated, random_rotation
from tools.measurement.axes import Plane, largest_sections

Kind = Literal["solid", "ground_glass", "part_solid", "calcified"]
LUNG_HU = -860.0
SOLID_HU = 35.0
GROUND_GLASS_HU = -620.0
CALCIFIED_HU = 420.0
_HU: dict[Kind, float] = {
    "solid": SOLID_HU,
    "ground_glass": GROUND_GLASS_HU,
    "part_solid": GROUND_GLASS_HU,
    "calcified": CALCIFIED_HU,
}
TRUTH_STEPS = 72

LOBES = (
    "right upper lobe",
    "right middle lobe",
    "right lower lobe",
    "left upper lobe",
    "lingula",
    "left lower lobe",
)


@dataclass(frozen=True)
class NoduleTruth:
    """The true sizes of a body, in mm and mm3.

    Attributes:
        volume: from the formula of the shape.
        long_axis: in the plane with the greatest mean of both axes.
        short_axis: at right angles to it.
        axial_long_axis: the greatest long axis in an axial plane.
        largest_dimension: the greatest long axis in any axial, coronal or sagittal plane.
    """

    volume: float
    long_axis: float
    short_axis: float
    axial_long_axis: float
    largest_dimension: float

    @property
    def mean_diameter(self) -> float:
        """The mean of long and short axis."""
        return (self.long_axis + self.short_axis) / 2


@dataclass(frozen=True)
class Nodule:
    """A nodule.

    Attributes:
        name: such as ``nodule_1``.
        kind: solid, ground_glass, part_solid or calcified.
        shape: its outline.
        lobe: where it lies, in words.
        core: the solid part of a part-solid nodule.
    """

    name: str
    kind: Kind
    shape: Ellipsoid | Lobulated
    lobe: str = ""
    core: Ellipsoid | Lobulated | None = None

    @property
    def hu(self) -> float:
        """Attenuation of its main part."""
        return _HU[self.kind]

    @property
    def core_hu(self) -> float:
        """Attenuation of its solid part."""
        return SOLID_HU

    @property
    def truth(self) -> NoduleTruth:
        """Its true sizes."""
        return true_sizes(self.shape)

    @property
    def core_truth(self) -> NoduleTruth | None:
        """The true sizes of its solid part."""
        return true_sizes(self.core) if self.core is not None else None


def true_sizes(shape: Ellipsoid | Lobulated) -> NoduleTruth:
    """The sizes of a shape, from sections so close that their spacing does not matter."""
    low, high = shape.bounds()
    step = float((high - low).max()) / TRUTH_STEPS
    grid = Grid.around(low - 2 * step, high + 2 * step, (step, step, step))
    level: Floats = shape.level(*grid.coordinates())
    planes: list[Plane] = []
    for normal in range(3):
        planes += largest_sections(level, grid.spacing, normal)
    best = max(planes, key=lambda p: p.axes.mean_mm).axes
    return NoduleTruth(
        volume=shape.volume,
        long_axis=best.long_mm,
        short_axis=best.short_mm,
        axial_long_axis=max(p.axes.long_mm for p in planes if p.normal == 0),
        largest_dimension=max(p.axes.long_mm for p in planes),
    )


def random_nodule(
    rng: np.random.Generator, diameter: float, kind: Kind = "solid", centre: Triple = (0, 0, 0)
) -> Nodule:
    """A sphere, an ellipsoid or a lobulated body of about this diameter, evenly drawn."""
    form = rng.integers(3)
    shape: Ellipsoid | Lobulated
    if form == 0:
        shape = Ellipsoid(centre, (diameter / 2,) * 3)
    else:
        stretch = np.exp(rng.uniform(-0.25, 0.25, size=3))
        semi = diameter / 2 * stretch / np.cbrt(stretch.prod())
        axes = (float(semi[0]), float(semi[1]), float(semi[2]))
        if form == 1:
            shape = Ellipsoid(centre, axes, random_rotation(rng))
        else:
            shape = random_lobulated(rng, centre, axes)
    core = None
    if kind == "part_solid":
        shift = rng.uniform(-0.1, 0.1, size=3) * diameter
        place = np.asarray(centre) + shift
        radius = diameter / 2 * rng.uniform(0.4, 0.6)
        core = Ellipsoid((float(place[0]), float(place[1]), float(place[2])), (radius,) * 3)
    return Nodule(f"{kind}_nodule", kind, shape, core=core)
