"""Small pictures whose truth is known."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dxtrace.clinical import Geometry
from dxtrace.clinical.volume import Volume

SPACING = (2.0, 1.5, 1.5)
SHAPE = (75, 100, 130)
LUNG_HU, TISSUE_HU, AIR_HU = -860.0, 40.0, -1000.0
LUNGS = {"right": (75.0, 75.0, 60.0), "left": (75.0, 75.0, 135.0)}
"""Centres in mm from the first voxel: axes to the head, to the back, to the left."""
HALF_AXES = (52.0, 45.0, 28.0)


def ball(centre: tuple[float, ...], half_axes: tuple[float, ...]) -> NDArray[np.float32]:
    """How much of each voxel an ellipsoid fills, in mm; exact to about a hundredth."""
    parts = 4
    filled = np.zeros(SHAPE, dtype=np.float32)
    offsets = (np.arange(parts) + 0.5) / parts - 0.5
    for dz in offsets:
        for dy in offsets:
            for dx in offsets:
                axes = [
                    ((np.arange(n) + d) * s - c) / h
                    for n, d, s, c, h in zip(
                        SHAPE, (dz, dy, dx), SPACING, centre, half_axes, strict=True
                    )
                ]
                z, y, x = np.meshgrid(*axes, indexing="ij", sparse=True)
                filled += z**2 + y**2 + x**2 <= 1
    return filled / parts**3


def chest(
    balls: tuple[tuple[tuple[float, float, float], float, float], ...] = (),
    *,
    tubes: bool = True,
    lungs: tuple[str, ...] = ("right", "left"),
    noise: float = 12.0,
) -> NDArray[np.int16]:
    """A chest on a table, with a trachea, vessels, and balls of (centre, diameter, HU)."""
    rng = np.random.default_rng(5)
    hu = np.full(SHAPE, AIR_HU, dtype=np.float32)
    y, x = np.ogrid[: SHAPE[1], : SHAPE[2]]
    body = ((y * 1.5 - 75) / 62) ** 2 + ((x * 1.5 - 97.5) / 85) ** 2 <= 1
    hu[:, body] = TISSUE_HU
    hu[:, 96:98, 15:115] = 200.0  # the table
    for side in lungs:
        filled = ball(LUNGS[side], HALF_AXES)
        hu += filled * (LUNG_HU - hu)
    trachea = ((y * 1.5 - 70) / 8) ** 2 + ((x * 1.5 - 97.5) / 8) ** 2 <= 1
    hu[50:, trachea] = AIR_HU
    if tubes:
        for row, column, radius in ((70, 60, 3.0), (60, 130, 2.5), (88, 64, 2.0), (84, 138, 2.0)):
            tube = (y * 1.5 - row) ** 2 + (x * 1.5 - column) ** 2 <= radius**2
            hu[25:50, tube] = TISSUE_HU
    for centre, diameter, value in balls:
        filled = ball(centre, (diameter / 2,) * 3)
        hu += filled * (value - hu)
    blurred = ndimage.gaussian_filter(hu, [0.6 / s for s in SPACING])
    return np.round(blurred + rng.normal(0, noise, SHAPE)).astype(np.int16)


def as_volume(hu: NDArray[np.int16], **changed: object) -> Volume:
    """A CT with the axes (to the head, to the back, to the left)."""
    affine = ((0, 0, 1.5, -97.0), (0, 1.5, 0, -75.0), (2.0, 0, 0, 10.0), (0, 0, 0, 1))
    given: dict[str, object] = {
        "voxels": hu, "modality": "CT", "unit": "HU",
        "geometry": Geometry(voxel_spacing_mm=SPACING, affine=affine, orientation="SPL"),
    }  # fmt: skip
    return Volume(**{**given, **changed})  # type: ignore[arg-type]


def turned_volume(hu: NDArray[np.int16]) -> Volume:
    """The same chest stored feet first, with columns to the right: what a reader would not see."""
    affine = ((0, 0, -1.5, 96.5), (0, 1.5, 0, -75.0), (-2.0, 0, 0, 158.0), (0, 0, 0, 1))
    geometry = Geometry(voxel_spacing_mm=SPACING, affine=affine, orientation="IPR")
    return as_volume(np.ascontiguousarray(hu[::-1, :, ::-1]), geometry=geometry)
