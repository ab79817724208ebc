"""Pictures of shapes: partial volume, blur, noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.phantoms.chest import AIR_HU, Chest, Part
from benchmarks.phantoms.grid import Grid, Triple
from benchmarks.phantoms.nodule import LUNG_HU, Nodule
from benchmarks.phantoms.shapes import Shape
from dxtrace.clinical.volume import Mask, Volume

Picture = NDArray[np.float32]
FINE_MM = 0.12
"""Voxels of nodules are split into pieces of about this size to find how much of each is filled."""

FINE_STEPS = 100
"""Pieces need not be smaller than this part of a body."""

NOISE_PEAK_PER_MM = 0.25
"""Spatial frequency at which the noise of a smooth body kernel is strongest (1/mm)."""


@dataclass(frozen=True)
class Scan:
    """A rendered picture with its truth.

    Attributes:
        volume: the picture, in HU.
        grid: where its voxels lie.
        labels: what each voxel mostly is: the index of ``names``.
        names: the name of each label.
        nodules: the nodules in it; nodule ``i`` has its own mask.
    """

    volume: Volume
    grid: Grid
    labels: NDArray[np.uint8]
    names: tuple[str, ...]
    nodules: tuple[Nodule, ...] = ()
    _filled: tuple[Picture, ...] = field(default=(), repr=False)

    def true_mask(self, index: int) -> Mask:
        """The voxels that a nodule fills at least half."""
        nodule = self.nodules[index]
        voxels = np.asarray(self._filled[index] >= 0.5)  # noqa: PLR2004 - half
        return Mask(nodule.name, voxels, self.grid.geometry, concept="pulmonary_nodule")


def filled_part(shape: Shape, grid: Grid, fine_mm: float = FINE_MM) -> Picture:
    """How much of each voxel a shape fills, from points at most ``fine_mm`` apart."""
    filled = np.zeros(grid.shape, np.float32)
    found = grid.window(*shape.bounds())
    if found is None:
        return filled
    cut, part = found
    low, high = shape.bounds()
    step = max(fine_mm, float((high - low).max()) / FINE_STEPS)
    factors = [max(3, int(np.ceil(s / step))) for s in grid.spacing]
    kz, ky, kx = factors[0], factors[1], factors[2]
    _, y, x = part.coordinates((kz, ky, kx))
    for row in range(part.shape[0]):  # a slice at a time keeps memory small
        origin = (part.origin[0] + row * part.spacing[0], part.origin[1], part.origin[2])
        z = Grid((1, 1, 1), part.spacing, origin).coordinates((kz, 1, 1))[0]
        inside = np.broadcast_to(shape.level(z, y, x) < 0, (kz, y.size, x.size))
        blocks = inside.reshape(kz, part.shape[1], ky, part.shape[2], kx)
        filled[cut[0].start + row, cut[1], cut[2]] = blocks.mean(axis=(0, 2, 4))
    return filled


def paint(picture: Picture, labels: NDArray[np.uint8], grid: Grid, part: Part, label: int) -> None:
    """Paint one part of the anatomy; its partial volume comes from the distance to its surface."""
    found = grid.window(*part.shape.bounds())
    if found is None:
        return
    cut, window = found
    z, y, x = window.coordinates()
    level = part.shape.level(z, y, x)
    for limit in part.only_in:
        level = np.maximum(level, limit.level(z, y, x))
    width = float(np.mean(grid.spacing))
    filled = np.clip(0.5 - level / width, 0, 1).astype(np.float32)
    hu = np.float32(part.hu) + np.float32(part.hu_per_mm) * np.asarray(y, np.float32)
    picture[cut] += filled * (hu - picture[cut])
    labels[cut][filled > 0.5] = label  # noqa: PLR2004 - half


def paint_nodule(picture: Picture, grid: Grid, nodule: Nodule) -> Picture:
    """Paint a nodule with its parts; returns how much of each voxel the whole nodule fills."""
    whole = filled_part(nodule.shape, grid)
    picture += whole * (np.float32(nodule.hu) - picture)
    if nodule.core is not None:
        picture += filled_part(nodule.core, grid) * (np.float32(nodule.core_hu) - picture)
    return whole


def blur(picture: Picture, spacing: Triple, sigma: Triple) -> Picture:
    """Blur with a Gaussian of standard deviation ``sigma`` mm."""
    from scipy.ndimage import gaussian_filter

    widths = [w / s for w, s in zip(sigma, spacing, strict=True)]
    return np.asarray(gaussian_filter(picture, widths, mode="nearest"), dtype=np.float32)


def noise(
    rng: np.random.Generator, grid: Grid, sd: float, peak_per_mm: float = NOISE_PEAK_PER_MM
) -> Picture:
    """Noise as filtered back-projection makes it: none at zero frequency, a peak, then a fall.

    The power spectrum is f exp(-f^2 / (2 peak^2)) within slices: a ramp under a smooth window
    (Riederer et al. 1978, doi 10.1088/0031-9155/23/3/008). Slices are independent.

    Args:
        rng: the source of chance.
        grid: where.
        sd: standard deviation in HU.
        peak_per_mm: the frequency of the peak.
    """
    _, rows, columns = grid.shape
    fy = np.fft.fftfreq(rows, grid.spacing[1])[:, None]
    fx = np.fft.rfftfreq(columns, grid.spacing[2])[None, :]
    frequency = np.hypot(fy, fx)
    weight = np.sqrt(frequency * np.exp(-((frequency / peak_per_mm) ** 2) / 2)).astype(np.float32)
    out = np.empty(grid.shape, np.float32)
    for index in range(grid.shape[0]):
        white = rng.standard_normal((rows, columns), dtype=np.float32)
        out[index] = np.fft.irfft2(np.fft.rfft2(white) * weight, (rows, columns))
    return np.asarray(out * np.float32(sd / max(float(out.std()), 1e-6)), dtype=np.float32)


def render_nodule(
    nodule: Nodule,
    grid: Grid,
    rng: np.random.Generator,
    noise_sd: float,
    blur_mm: Triple = (0.4, 0.5, 0.5),
    neighbours: Sequence[Part] = (),
) -> Scan:
    """A nodule in lung, perhaps with other parts, on a small grid."""
    picture = np.full(grid.shape, LUNG_HU, np.float32)
    labels = np.ones(grid.shape, np.uint8)
    names = ("air", "lung", *(p.name for p in neighbours), nodule.name)
    for number, part in enumerate(neighbours, start=2):
        paint(picture, labels, grid, part, number)
    whole = paint_nodule(picture, grid, nodule)
    labels[whole > 0.5] = len(names) - 1  # noqa: PLR2004 - half
    picture = blur(picture, grid.spacing, blur_mm) + noise(rng, grid, noise_sd)
    volume = Volume(picture, grid.geometry, "CT", "chest", unit="HU")
    return Scan(volume, grid, labels, names, (nodule,), (whole,))


def render_chest(
    chest: Chest,
    grid: Grid,
    seed: int = 0,
    noise_sd: float = 18.0,
    blur_mm: Triple = (0.4, 0.5, 0.5),
) -> Scan:
    """A chest with its nodules on a grid. The same arguments give the same picture."""
    picture = np.full(grid.shape, AIR_HU, np.float32)
    labels = np.zeros(grid.shape, np.uint8)
    names = ["air"]
    for part in chest.parts:
        if part.name not in names:
            names.append(part.name)
        paint(picture, labels, grid, part, names.index(part.name))
    filled = []
    for nodule in chest.nodules:
        whole = paint_nodule(picture, grid, nodule)
        labels[whole > 0.5] = len(names)  # noqa: PLR2004 - half
        names.append(nodule.name)
        filled.append(whole)
    picture = blur(picture, grid.spacing, blur_mm)
    picture += noise(np.random.default_rng(seed), grid, noise_sd)
    np.clip(picture, -1024, 3071, out=picture)
    volume = Volume(picture, grid.geometry, "CT", "chest", unit="HU")
    return Scan(volume, grid, labels, tuple(names), chest.nodules, tuple(filled))
