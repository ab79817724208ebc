"""A simple chest: body, lungs, airways, vessels, heart, spine, ribs and what lies below."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from benchmarks.phantoms.grid import Floats, Triple
from benchmarks.phantoms.nodule import LUNG_HU, Kind, Nodule
from benchmarks.phantoms.shapes import Ellipsoid, Shape, Tube, random_lobulated

AIR_HU = -1000.0
FAT_HU = -100.0
MUSCLE_HU = 45.0
BLOOD_HU = 40.0
MARROW_HU = 180.0
CORTEX_HU = 650.0
LIVER_HU = 55.0

RIGHT_LUNG = Ellipsoid((0.0, 5.0, -68.0), (112.0, 78.0, 52.0), power=2.6)
LEFT_LUNG = Ellipsoid((0.0, 5.0, 68.0), (112.0, 78.0, 50.0), power=2.6)
RIGHT_DOME = Ellipsoid((-120.0, 0.0, -66.0), (65.0, 88.0, 64.0))
LEFT_DOME = Ellipsoid((-126.0, 0.0, 66.0), (60.0, 88.0, 64.0))
HEART = Ellipsoid((-45.0, -18.0, 18.0), (48.0, 42.0, 52.0))

_PLACES: dict[str, Triple] = {
    "right upper lobe": (55.0, -12.0, -72.0),
    "right middle lobe": (-10.0, -40.0, -70.0),
    "right lower lobe": (-22.0, 45.0, -74.0),
    "left upper lobe": (58.0, -8.0, 70.0),
    "lingula": (-2.0, -38.0, 86.0),
    "left lower lobe": (-25.0, 48.0, 72.0),
}


@dataclass(frozen=True)
class Part:
    """One part of the anatomy.

    Attributes:
        name: what it is; parts of one name share a label.
        shape: its outline.
        hu: its attenuation.
        hu_per_mm: how attenuation rises towards the back (blood sinks to the lower lung).
        only_in: it is seen only inside these.
    """

    name: str
    shape: Shape
    hu: float
    hu_per_mm: float = 0.0
    only_in: tuple[Shape, ...] = ()


@dataclass(frozen=True)
class Chest:
    """The parts in the order in which they are painted, and the nodules.

    Attributes:
        parts: later parts cover earlier ones.
        nodules: painted last.
    """

    parts: tuple[Part, ...]
    nodules: tuple[Nodule, ...] = ()

    def bounds(self, half_height: float = 118.0) -> tuple[Floats, Floats]:
        """The box to scan: the whole width, and the lungs in height."""
        low, high = self.parts[0].shape.bounds()
        return np.array([-half_height, *low[1:] - 4]), np.array([half_height, *high[1:] + 4])


def chest_parts(seed: int = 0) -> tuple[Part, ...]:
    """The anatomy; the seed decides how the vessels branch."""
    rng = np.random.default_rng(seed)
    return (
        Part("body", Ellipsoid((0, 0, 0), (2000, 104, 146), power=2.5), FAT_HU),
        Part("body", Ellipsoid((0, 0, 0), (2000, 96, 137), power=2.5), MUSCLE_HU),
        Part("right_lung", RIGHT_LUNG, LUNG_HU, hu_per_mm=0.25),
        Part("left_lung", LEFT_LUNG, LUNG_HU, hu_per_mm=0.25),
        *_vessels(rng),
        Part("liver", RIGHT_DOME, LIVER_HU),
        Part("spleen", LEFT_DOME, LIVER_HU),
        Part("heart", HEART, BLOOD_HU),
        *_aorta(),
        *_airways(),
        *_spine(),
        *_ribs(),
    )


def chest_nodule(
    name: str,
    lobe: str,
    diameter: float,
    kind: Kind = "solid",
    seed: int = 0,
    core_diameter: float | None = None,
) -> Nodule:
    """A slightly lobulated nodule in a lobe.

    Args:
        name: its name.
        lobe: one of :data:`benchmarks.phantoms.nodule.LOBES`.
        diameter: of the body without bumps, in mm; its truth says the exact sizes.
        kind: its density.
        seed: decides its bumps: the same seed at another diameter is the same nodule, grown.
        core_diameter: of the solid part, for a part-solid nodule.
    """
    centre, half = _PLACES[lobe], diameter / 2
    shape = random_lobulated(np.random.default_rng(seed), centre, (half * 0.95, half, half * 1.05))
    core = None
    if core_diameter is not None:
        core = Ellipsoid(centre, (core_diameter / 2,) * 3)
    return Nodule(name, kind, shape, lobe, core)


def moved(nodule: Nodule, by: Triple) -> Nodule:
    """The nodule at another place, as when the patient breathes in less deeply."""

    def shift(shape: object) -> Triple:
        z, y, x = shape.centre  # type: ignore[attr-defined]  # both shapes have one
        return (z + by[0], y + by[1], x + by[2])

    core = replace(nodule.core, centre=shift(nodule.core)) if nodule.core is not None else None
    return replace(nodule, shape=replace(nodule.shape, centre=shift(nodule.shape)), core=core)


def _vessels(rng: np.random.Generator) -> list[Part]:
    parts: list[Part] = []
    for lung, side in ((RIGHT_LUNG, -1.0), (LEFT_LUNG, 1.0)):
        for _ in range(7):
            towards = rng.normal(size=3) + np.array([0.0, 0.0, side * 1.2])
            _branch(parts, rng, lung, np.array([5.0, 8.0, side * 24.0]), towards, 4.2, 5)
    return parts


def _branch(
    parts: list[Part],
    rng: np.random.Generator,
    lung: Ellipsoid,
    start: Floats,
    towards: Floats,
    radius: float,
    generations: int,
) -> None:
    """A vessel and its branches: each parts into two of about 0.79 of its radius (Murray's law)."""
    length = radius * rng.uniform(5.5, 8.0)
    end = start + towards / np.linalg.norm(towards) * length
    narrower = radius * 0.79
    a, b = (float(start[0]), float(start[1]), float(start[2])), (
        float(end[0]), float(end[1]), float(end[2]),
    )  # fmt: skip
    parts.append(Part("vessel", Tube(a, b, radius, narrower), BLOOD_HU, only_in=(lung,)))
    if generations == 0:
        return
    for _ in range(2):
        turned = towards / np.linalg.norm(towards) + rng.normal(scale=0.45, size=3)
        _branch(parts, rng, lung, end, turned, narrower, generations - 1)


def _aorta() -> list[Part]:
    arch = [(-118.0, 42.0, 16.0), (45.0, 42.0, 14.0), (62.0, 18.0, 8.0), (58.0, -8.0, -6.0),
            (0.0, -16.0, -4.0)]  # fmt: skip
    return [Part("aorta", Tube(a, b, 12.5, 13.5), BLOOD_HU) for a, b in pairwise(arch)]


def _airways() -> list[Part]:
    carina: Triple = (20.0, 12.0, 0.0)
    rods = (
        Tube((125.0, 0.0, 0.0), carina, 8.5, 8.5),
        Tube(carina, (2.0, 16.0, -26.0), 6.5, 5.5),
        Tube(carina, (-2.0, 18.0, 28.0), 6.0, 5.0),
    )
    return [Part("airway", rod, AIR_HU) for rod in rods]


def _spine() -> list[Part]:
    parts: list[Part] = []
    for level in range(-132, 140, 24):
        z = float(level)
        body = Ellipsoid((z, 66.0, 0.0), (11.0, 14.0, 17.0), power=4)
        inner = replace(body, semi_axes=(9.5, 12.5, 15.5))
        arch = Ellipsoid((z, 88.0, 0.0), (9.0, 6.0, 20.0), power=3)
        parts += [Part("bone", body, CORTEX_HU), Part("bone", inner, MARROW_HU)]
        parts.append(Part("bone", arch, MARROW_HU + 100))
    return parts


def _ribs() -> list[Part]:
    """Rods along an ellipse around the lungs, falling from the spine to the front."""
    parts: list[Part] = []
    angles = np.linspace(0.12, 0.86, 14) * np.pi
    for level in range(-96, 132, 24):
        for side in (-1.0, 1.0):
            points: list[Triple] = [
                (
                    float(level + 10 - 32 * (angle / np.pi)),
                    float(5 + 86 * np.cos(angle)),
                    float(side * (4 + 121 * np.sin(angle))),
                )
                for angle in angles
            ]
            for a, b in pairwise(points):
                parts.append(Part("bone", Tube(a, b, 4.5, 4.5), CORTEX_HU))
                parts.append(Part("bone", Tube(a, b, 3.0, 3.0), MARROW_HU))
    return parts
