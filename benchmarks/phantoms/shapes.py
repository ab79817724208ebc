"""Shapes given by formulas. All points are (z, y, x) in mm."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.phantoms.grid import Floats, Triple

_UNROTATED = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
Rotation = tuple[Triple, Triple, Triple]


class Shape(Protocol):
    """A closed body."""

    def level(self, z: Floats, y: Floats, x: Floats) -> Floats:
        """About the signed distance to the surface in mm, negative inside, exact in sign."""
        ...

    def bounds(self) -> tuple[Floats, Floats]:
        """Lowest and highest (z, y, x) that the body reaches."""
        ...


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid, or with a higher power a rounded box.

    Attributes:
        centre: (z, y, x) in mm.
        semi_axes: half the three axes in mm.
        rotation: its rows are the directions of the axes.
        power: 2 for an ellipsoid; more makes it boxier.
    """

    centre: Triple
    semi_axes: Triple
    rotation: Rotation = _UNROTATED
    power: float = 2.0

    def level(self, z: Floats, y: Floats, x: Floats) -> Floats:
        """See :meth:`Shape.level`."""
        offsets = (z - self.centre[0], y - self.centre[1], x - self.centre[2])
        total: Floats = np.zeros(())
        slope: Floats = np.zeros(())
        for row, semi in zip(self.rotation, self.semi_axes, strict=True):
            along = np.abs(sum(r * o for r, o in zip(row, offsets, strict=True) if r) / semi)
            total = total + along**self.power
            slope = slope + (along ** (self.power - 1) / semi) ** 2
        radius = total ** (1 / self.power)
        gradient = np.sqrt(slope) * np.maximum(radius, 1e-6) ** (1 - self.power)
        return np.asarray((radius - 1) / np.maximum(gradient, 1e-6))

    def bounds(self) -> tuple[Floats, Floats]:
        """See :meth:`Shape.bounds`."""
        semi = np.asarray(self.semi_axes)
        turned = np.asarray(self.rotation) * semi[:, None]
        reach = np.sqrt((turned**2).sum(axis=0)) if self.power == 2 else np.abs(turned).sum(axis=0)  # noqa: PLR2004
        centre = np.asarray(self.centre)
        return centre - reach, centre + reach

    @property
    def volume(self) -> float:
        """Volume of the ellipsoid (power 2) in mm3."""
        return float(4 / 3 * np.pi * np.prod(self.semi_axes))


@dataclass(frozen=True)
class Lobulated:
    """A ball with smooth bumps and notches, stretched along its axes.

    Attributes:
        centre: (z, y, x) in mm.
        semi_axes: half the axes of the body without bumps, in mm.
        bumps: unit direction, relative height (negative for a notch) and sharpness of each.
    """

    centre: Triple
    semi_axes: Triple
    bumps: tuple[tuple[Triple, float, float], ...] = field(default=())

    def _radius(self, direction: tuple[Floats, Floats, Floats]) -> Floats:
        radius: Floats = np.ones(())
        for towards, height, sharpness in self.bumps:
            cosine = sum(t * d for t, d in zip(towards, direction, strict=True))
            radius = radius + height * np.exp(sharpness * (np.asarray(cosine) - 1))
        return radius

    def level(self, z: Floats, y: Floats, x: Floats) -> Floats:
        """See :meth:`Shape.level`."""
        scaled = [
            (p - c) / s
            for p, c, s in zip((z, y, x), self.centre, self.semi_axes, strict=True)
        ]  # fmt: skip
        length = np.sqrt(scaled[0] ** 2 + scaled[1] ** 2 + scaled[2] ** 2)
        safe = np.maximum(length, 1e-9)
        radius = self._radius((scaled[0] / safe, scaled[1] / safe, scaled[2] / safe))
        return np.asarray((length - radius) * min(self.semi_axes))

    def bounds(self) -> tuple[Floats, Floats]:
        """See :meth:`Shape.bounds`."""
        reach = np.asarray(self.semi_axes) * (1 + sum(max(h, 0.0) for _, h, _ in self.bumps))
        centre = np.asarray(self.centre)
        return centre - reach, centre + reach

    @property
    def volume(self) -> float:
        """Volume in mm3: a third of the integral of the cubed radius over all directions."""
        count = 200_000
        height = 1 - (2 * np.arange(count) + 1) / count
        turn = np.pi * (1 + 5**0.5) * np.arange(count)
        across = np.sqrt(1 - height**2)
        radius = self._radius((height, across * np.cos(turn), across * np.sin(turn)))
        return float(4 / 3 * np.pi * np.mean(radius**3) * np.prod(self.semi_axes))


@dataclass(frozen=True)
class Tube:
    """A rod with round ends whose radius changes evenly: a piece of a vessel or a rib.

    Attributes:
        start: (z, y, x) in mm.
        end: (z, y, x) in mm.
        radius: radius at the start in mm.
        end_radius: radius at the end in mm.
    """

    start: Triple
    end: Triple
    radius: float
    end_radius: float

    def level(self, z: Floats, y: Floats, x: Floats) -> Floats:
        """See :meth:`Shape.level`."""
        a, b = np.asarray(self.start), np.asarray(self.end)
        step = b - a
        offsets = (z - a[0], y - a[1], x - a[2])
        along = sum(o * s for o, s in zip(offsets, step, strict=True)) / max(step @ step, 1e-9)
        along = np.clip(along, 0, 1)
        apart = sum((o - along * s) ** 2 for o, s in zip(offsets, step, strict=True))
        return np.asarray(np.sqrt(apart) - (self.radius + along * (self.end_radius - self.radius)))

    def bounds(self) -> tuple[Floats, Floats]:
        """See :meth:`Shape.bounds`."""
        ends: NDArray[np.float64] = np.array([self.start, self.end])
        reach = max(self.radius, self.end_radius)
        return ends.min(axis=0) - reach, ends.max(axis=0) + reach


def random_rotation(rng: np.random.Generator) -> Rotation:
    """A rotation drawn evenly from all rotations."""
    turned, upper = np.linalg.qr(rng.normal(size=(3, 3)))
    turned = turned * np.sign(np.diag(upper))
    rows = [(float(r[0]), float(r[1]), float(r[2])) for r in turned]
    return (rows[0], rows[1], rows[2])


def random_lobulated(
    rng: np.random.Generator, centre: Triple, semi_axes: Triple, count: int = 5
) -> Lobulated:
    """A lobulated body with bumps in random directions."""
    bumps = []
    for _ in range(count):
        towards = rng.normal(size=3)
        towards /= np.linalg.norm(towards)
        direction = (float(towards[0]), float(towards[1]), float(towards[2]))
        bumps.append((direction, float(rng.uniform(-0.15, 0.3)), float(rng.uniform(2, 6))))
    return Lobulated(centre, semi_axes, tuple(bumps))
