"""Where in the lungs something rounded and denser than lung lies: centres and rough radii.

Multi-scale Laplacian of Gaussian (Lindeberg, Int J Comput Vis 1998;30:79, doi
10.1023/A:1008045108935); tubes are left out by the eigenvalues of the Hessian (Sato et al., Med
Image Anal 1998;2:143, doi 10.1016/S1361-8415(98)80009-1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from expert_models.classical.grid import block_mean
from expert_models.classical.morphology import bounding_box, close_gaps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from expert_models.classical.lungs import Lungs

    Array = NDArray[np.float32]

SEARCH_MM = 1.0
"""Grid of the search: three voxels across the smallest lesion sought."""
RADII_MM = (2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 15.0)
LARGEST_CLOSING_MM = 12.0
"""Lets a nodule of up to about 24 mm that sits on the wall be searched as part of the lung."""
CLIP_HU = (-1000.0, 100.0)
"""Calcium and contrast medium stand out no more than soft tissue does."""
COARSE_FROM_MM = 5.0
CLOSING_GRID_MM = 2.0
SMALLEST_RESPONSE_HU = 80.0
"""A ground-glass ball 150 HU above the lung around it answers with about 0.92 of that; somewhat
more than half of it, so that one off the grid of scales is not lost."""
ROUNDEST_TUBE = 0.4
"""Ratio of the weakest to the strongest curvature: 0 for a tube, 1 for a ball."""
_BALL = float(np.sqrt(3.0))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A blob.

    Attributes:
        index: voxel of the lungs' grid at its centre.
        radius_mm: of the scale that answers best.
        response_hu: how strongly.
        roundness: weakest over strongest curvature, 0 for a tube and 1 for a ball.
    """

    index: tuple[int, int, int]
    radius_mm: float
    response_hu: float
    roundness: float


def find_candidates(lungs: Lungs, region: NDArray[np.bool_]) -> list[Candidate]:
    """Blobs in a search region, strongest first.

    Args:
        lungs: the lungs.
        region: where to search (see :func:`search_region`), on the lungs' grid.
    """
    spacing = lungs.volume.spacing_mm
    box = bounding_box(region, spacing, 2.0)
    if box is None:
        return []
    hu = np.clip(lungs.volume.hu[box], *CLIP_HU).astype(np.float32)
    inside = region[box]
    hu[~inside] = np.median(hu[inside])
    zoom = [s / SEARCH_MM for s in spacing]
    image = np.asarray(ndimage.zoom(hu, zoom, order=1, grid_mode=True, mode="nearest"))
    wanted = ndimage.zoom(inside, zoom, order=0, grid_mode=True, mode="nearest")
    blobs = _blobs(image, wanted)
    starts = np.array([b.start for b in box])
    scale = np.array(hu.shape) / np.array(image.shape)
    found = []
    for point, radius, response, roundness in blobs:
        place = np.clip(
            np.floor((np.array(point) + 0.5) * scale).astype(int), 0, np.array(hu.shape) - 1
        )
        index = tuple(int(i) for i in place + starts)
        found.append(Candidate((index[0], index[1], index[2]), radius, response, roundness))
    return found


def search_region(lungs: Lungs) -> NDArray[np.bool_]:
    """The lungs with larger bays at the wall closed, on the lungs' grid.

    Each lung is closed by itself, so that the mediastinum between them stays out.
    """
    spacing = lungs.volume.spacing_mm
    steps = tuple(max(1, int(CLOSING_GRID_MM / s + 1e-6)) for s in spacing)
    coarse_spacing = tuple(s * n for s, n in zip(spacing, steps, strict=True))
    thin = tuple(slice(None, None, n) for n in steps)
    region = lungs.right | lungs.left
    added = np.zeros_like(region[thin])
    for lung in (lungs.right, lungs.left):
        added |= close_gaps(lung[thin], LARGEST_CLOSING_MM, coarse_spacing)
    # Only what is new is taken from the coarse grid: the fine outline stays as it is.
    new = added & ~ndimage.binary_dilation(region[thin])
    grown = ndimage.binary_dilation(new) & added
    for axis, step in enumerate(steps):
        grown = np.repeat(grown, step, axis=axis)
    whole: NDArray[np.bool_] = region | grown[tuple(slice(n) for n in region.shape)]
    return whole


def _blobs(
    image: Array, wanted: NDArray[np.bool_]
) -> list[tuple[tuple[int, int, int], float, float, float]]:
    """Maxima over place and scale, each inside the best one's radius dropped."""
    found: list[tuple[tuple[int, int, int], float, float, float]] = []
    halved, wanted_halved = block_mean(image, (2, 2, 2)), wanted[::2, ::2, ::2]
    for radius in RADII_MM:
        # Wide filters see no difference on a grid of half the fineness, in an eighth of the time.
        step = 2 if radius >= COARSE_FROM_MM else 1
        here, inside = (halved, wanted_halved) if step > 1 else (image, wanted)
        found += _blobs_of_size(here, inside, radius, step)
    return _without_overlap(sorted(found, key=lambda b: (-b[2], b[0], b[1])))


def _blobs_of_size(
    image: Array, wanted: NDArray[np.bool_], radius: float, step: int
) -> list[tuple[tuple[int, int, int], float, float, float]]:
    """Maxima at one scale, in the indices of the grid ``step`` times as fine."""
    sigma = radius / _BALL / (SEARCH_MM * step)
    smooth = ndimage.gaussian_filter(image, sigma, truncate=3.0)
    response = -(sigma**2) * ndimage.laplace(smooth)
    is_peak = (response >= SMALLEST_RESPONSE_HU) & wanted
    is_peak &= response == ndimage.maximum_filter(response, size=3)
    peaks = np.argwhere(is_peak)
    roundness = _roundness(smooth, peaks, sigma)
    return [
        ((int(z) * step, int(y) * step, int(x) * step), radius, float(response[z, y, x]), float(r))
        for (z, y, x), r in zip(peaks, roundness, strict=True)
        if r >= ROUNDEST_TUBE
    ]


def _without_overlap(
    blobs: list[tuple[tuple[int, int, int], float, float, float]],
) -> list[tuple[tuple[int, int, int], float, float, float]]:
    kept: list[tuple[tuple[int, int, int], float, float, float]] = []
    places = np.zeros((len(blobs), 3))
    reach = np.zeros(len(blobs))
    for blob in blobs:
        count = len(kept)
        away = np.linalg.norm(places[:count] - np.array(blob[0]), axis=1) * SEARCH_MM
        if count == 0 or (away > np.maximum(reach[:count], 1.0)).all():
            places[count], reach[count] = blob[0], blob[1]
            kept.append(blob)
    return kept


def _roundness(smooth: Array, places: NDArray[np.intp], sigma: float) -> NDArray[np.float64]:
    """Weakest over strongest curvature, by central differences over about one sigma.

    Args:
        smooth: the image at this scale.
        places: indices (place, axis); what is too near to the image's end is not round.
        sigma: the scale, in voxels.
    """
    step = max(1, round(sigma))
    roundness = np.zeros(len(places))
    within = ((places >= step) & (places < np.array(smooth.shape) - step)).all(axis=1)
    inner, ways = places[within], step * np.eye(3, dtype=np.intp)

    def at(way: NDArray[np.intp]) -> NDArray[np.float64]:
        values: NDArray[np.float64] = smooth[tuple((inner + way).T)].astype(np.float64)
        return values

    hessian = np.empty((len(inner), 3, 3))
    for a, along in enumerate(ways):
        hessian[:, a, a] = at(-along) - 2 * at(0 * along) + at(along)
        for b, across in enumerate(ways[:a]):
            ahead = at(along + across) - at(across - along)
            behind = at(along - across) - at(-along - across)
            hessian[:, a, b] = hessian[:, b, a] = (ahead - behind) / 4
    curvatures = np.linalg.eigvalsh(hessian)
    bright = curvatures[:, -1] < 0
    roundness[np.flatnonzero(within)[bright]] = curvatures[bright, -1] / curvatures[bright, 0]
    return roundness
