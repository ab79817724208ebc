"""Round dark bodies, also where they overlap: every edge votes for the centre it curves around.

A circular Hough transform in which the gradient gives the direction (Kimme, Ballard and Sklansky,
Commun ACM 1975;18:120, doi 10.1145/360666.360677).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    BoolArray = NDArray[np.bool_]
    Array = NDArray[np.float64]

SMALLEST_PX = 8.0
"""Radius below which a cell shows no shape."""
LARGEST_SHARE = 0.16
"""Radius over the shorter side of the image; with larger cells hardly any would be whole."""
STEP = 1.08
BEST = 12
"""Circles that the usual size is taken from."""
LEAST_VOTES = 0.25
"""Share of its circumference that votes for a circle; chance gives about a tenth."""
SPREAD = 0.1
"""Cells are no circles: votes are spread over this share of the radius."""
SIZES = (0.8, 1.3)
COVERED = 0.75
APART = 0.65
"""Centres of two cells lie farther apart than this share of their mean diameter."""


@dataclass(frozen=True, slots=True)
class Disc:
    """A round body: centre and radius in pixels, and the share of its outline that is seen."""

    row: float
    column: float
    radius: float
    votes: float


class CircleVotes:
    """Votes of edges for centres of dark round bodies.

    Args:
        density: how dark each pixel is.
        dark: where bodies may be; edges elsewhere do not vote.
    """

    def __init__(self, density: Array, dark: BoolArray) -> None:
        down, across = (ndimage.sobel(density, axis=axis) for axis in (0, 1))
        strength = np.hypot(down, across)
        near = ndimage.binary_dilation(dark, iterations=3)
        thin = strength >= 0.9 * ndimage.maximum_filter(strength, size=3)
        edges = near & thin & (strength > np.percentile(strength, 70))
        self.rows, self.columns = np.nonzero(edges)
        self.down = down[edges] / strength[edges]
        self.across = across[edges] / strength[edges]
        self.shape = density.shape

    def at(self, radius: float) -> tuple[Array, int]:
        """Share of the circumference that votes for each centre, on a grid wider by a margin."""
        margin = int(np.ceil(0.5 * radius))
        size = (self.shape[0] + 2 * margin, self.shape[1] + 2 * margin)
        row = np.rint(self.rows + self.down * radius).astype(int) + margin
        column = np.rint(self.columns + self.across * radius).astype(int) + margin
        inside = (row >= 0) & (row < size[0]) & (column >= 0) & (column < size[1])
        flat = np.bincount(row[inside] * size[1] + column[inside], minlength=size[0] * size[1])
        sigma = SPREAD * radius
        spread = ndimage.gaussian_filter(flat.reshape(size).astype(float), sigma, truncate=3.0)
        # A circle whose votes all fall within one sigma or so of its centre scores about one.
        return spread * (2 * np.pi * sigma**2) * 1.5 / (2 * np.pi * radius), margin

    def usual_diameter(self) -> float | None:
        """The diameter for which the best circles have most votes; None if there are hardly any."""
        largest = LARGEST_SHARE * min(self.shape)
        if largest <= SMALLEST_PX:
            return None
        count = int(np.log(largest / SMALLEST_PX) / np.log(STEP)) + 1
        radii = SMALLEST_PX * STEP ** np.arange(count)
        scores = []
        for radius in radii:
            votes, _ = self.at(float(radius))
            peaks = votes[votes == ndimage.maximum_filter(votes, size=max(3, round(radius)))]
            best = np.sort(peaks)[-BEST:]
            # Wide circles collect more chance votes, narrow ones find specks: both count less.
            scores.append(float(best.sum()) * float(np.sqrt(radius)))
        chosen = int(np.argmax(scores))
        if scores[chosen] / np.sqrt(radii[chosen]) < LEAST_VOTES * BEST / 3:
            return None
        return 2.0 * float(radii[chosen])

    def discs(self, diameter: float, body: BoolArray) -> list[Disc]:
        """Circles of about a diameter that lie on bodies, those with most votes first.

        Args:
            diameter: the usual diameter in pixels.
            body: where bodies are, with their pale centres filled.
        """
        found = []
        low, high = (s * diameter / 2 for s in SIZES)
        for radius in low * STEP ** np.arange(int(np.log(high / low) / np.log(STEP)) + 1):
            votes, margin = self.at(float(radius))
            peaks = votes == ndimage.maximum_filter(votes, size=max(3, round(radius / 2)))
            for row, column in np.argwhere(peaks & (votes > LEAST_VOTES)):
                found.append(
                    Disc(float(row - margin), float(column - margin), float(radius),
                         float(votes[row, column]))
                )  # fmt: skip
        found.sort(key=lambda d: (-d.votes, d.row, d.column))
        kept: list[Disc] = []
        for disc in found:
            if all(_apart(disc, other) for other in kept) and _on_body(disc, body):
                kept.append(disc)
        return kept


def _apart(a: Disc, b: Disc) -> bool:
    return bool(np.hypot(a.row - b.row, a.column - b.column) > APART * (a.radius + b.radius))


def _on_body(disc: Disc, body: BoolArray) -> bool:
    top, left = max(0, int(disc.row - disc.radius)), max(0, int(disc.column - disc.radius))
    part = body[top : int(disc.row + disc.radius) + 1, left : int(disc.column + disc.radius) + 1]
    y, x = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
    inside = (y - disc.row) ** 2 + (x - disc.column) ** 2 <= disc.radius**2
    return bool(inside.any()) and float(part[inside].mean()) >= COVERED
