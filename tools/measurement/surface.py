"""The surface of a marked body, finer than the voxels where the picture shows its edge."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dxtrace.clinical.volume import Mask, Volume
from tools.measurement.blur_model import EdgeFit
from tools.measurement.edge_model import fit_edge

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Spacing = tuple[float, float, float]

MARGIN_MM = 4.0
"""Surroundings that are looked at: a blurred edge (about 1.5 mm) and lung beyond it."""

MAX_FINE_VOXELS = 1_500_000
"""Larger bodies are measured on their voxels: beside their size, a voxel no longer matters."""

MASK_EDGE_VOXELS = 0.75
"""A drawn mask cuts voxels in whole or not at all: each edge may lie this far off, with 95 %."""

EDGE_VOXELS = 0.18
"""How far a fitted edge may lie off, with 95 %, for what the model does not know of the body. From
``benchmarks/phantom_nodules.py``."""

VOLUME_VOXELS = 0.08
"""The same for the mean of the whole surface, where errors partly cancel."""

THIN_RIM_VOXELS = (0.5, 0.3)
"""Both where a rim is thinner than the blur, and hides under that of its core."""

CORRELATED_NOISE = 4.0
"""Noise that is alike in neighbouring voxels tells less than independent noise would."""

MAX_SHIFT_PIXELS = 1.0
"""A picture's edge farther from the mask's than this, all round, belongs to something else."""


@dataclass(frozen=True)
class Surface:
    """A body as a field of signed distances.

    Attributes:
        level: axes as the mask's, in fine steps; negative inside, in mm.
        spacing: of the fine steps, in mm.
        origin: mask index (slice, row, column) of the first fine step.
        voxel_mm: size of the picture's voxels.
        edge_mm: how far the surface may lie off along each axis, on either side, with 95 %.
        volume_mm3: the enclosed volume.
        volume_spread: relative half-width of the interval of the volume.
        method: how the surface was found, for a reader.
        is_cut: the body reaches the border of the picture and may go on beyond it.
    """

    level: Floats
    spacing: Spacing
    origin: tuple[float, float, float]
    voxel_mm: Spacing
    edge_mm: Spacing
    volume_mm3: float
    volume_spread: float
    method: str
    is_cut: bool = False


@dataclass(frozen=True)
class Crop:
    """A mask and its picture, cut to the body and its surroundings."""

    mask: Bools
    image: Floats | None
    spacing: Spacing
    start: tuple[int, int, int]
    is_cut: bool


def find_surface(mask: Mask, volume: Volume | None, *, within: Mask | None = None) -> Surface:
    """The surface of a marked body.

    Where a picture is given and shows an edge near the mask's, the surface is placed by the grey
    values: a model of the body, blurred by the scanner and averaged over each voxel, is fitted to
    them. Otherwise it is the mask's own.

    Args:
        mask: what is marked; its spacing must be known.
        volume: the picture on the same grid, or None.
        within: only grey values in here count (a solid part is found inside its nodule).
    """
    crop = _crop(mask, volume)
    boundary = mask.boundary_mm or 0.0
    fit = None
    if crop.image is not None:
        seen = None if within is None else _cut_like(crop, within)
        fit = _fit(crop, seen)
    surface = _from_mask(crop) if fit is None else _from_fit(crop, fit)
    edges = [float(np.hypot(e, boundary)) for e in surface.edge_mm]
    # A drawn edge that lies off does so all round: three times its share of a radius.
    radius = np.cbrt(3 * surface.volume_mm3 / (4 * np.pi))
    spread = float(np.hypot(surface.volume_spread, 3 * boundary / max(radius, 1e-6)))
    said = f", mask's edge ±{boundary:g} mm" if boundary else ""
    return replace(
        surface,
        edge_mm=(edges[0], edges[1], edges[2]),
        volume_spread=spread,
        method=surface.method + said,
    )


def _crop(mask: Mask, volume: Volume | None) -> Crop:
    voxels, spacing = as_stack(mask.voxels, mask.geometry.voxel_spacing_mm)
    where = np.argwhere(voxels)
    margin = [max(2, int(np.ceil(MARGIN_MM / s))) for s in spacing]
    low = np.maximum(where.min(axis=0) - margin, 0)
    high = np.minimum(where.max(axis=0) + 1 + margin, voxels.shape)
    cut = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    at_border = (where.min(axis=0) == 0) | (where.max(axis=0) == np.array(voxels.shape) - 1)
    is_flat = np.array(voxels.shape) == 1
    image = None
    if volume is not None and not volume.is_colour:
        image = np.asarray(as_stack(volume.voxels, spacing)[0][cut], dtype=np.float64)
    return Crop(
        mask=np.asarray(voxels[cut], dtype=bool),
        image=image,
        spacing=spacing,
        start=(int(low[0]), int(low[1]), int(low[2])),
        is_cut=bool(np.any(at_border & ~is_flat)),
    )


def _cut_like(crop: Crop, other: Mask) -> Bools:
    """The inside of another mask, without its blurred edge, and the body itself."""
    from scipy.ndimage import binary_erosion

    voxels, _ = as_stack(other.voxels, other.geometry.voxel_spacing_mm)
    cut = tuple(slice(a, a + n) for a, n in zip(crop.start, crop.mask.shape, strict=True))
    return np.asarray(binary_erosion(voxels[cut]) | crop.mask, dtype=bool)


def as_stack(
    voxels: NDArray[np.generic], spacing: tuple[float, ...] | None
) -> tuple[NDArray[np.generic], Spacing]:
    """A single image as a stack of one slice, as thick as its pixels are wide.

    Raises:
        ValueError: if the spacing is unknown.
    """
    if spacing is None:
        raise ValueError("voxel_spacing_mm: expected a known spacing, got None")
    if voxels.ndim == 2:  # noqa: PLR2004 - rows and columns
        return voxels[None], (max(spacing[-2:]), spacing[-2], spacing[-1])
    return voxels, (spacing[0], spacing[1], spacing[2])


def _from_mask(crop: Crop) -> Surface:
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    padded = np.pad(crop.mask, 1)
    outside = distance_transform_edt(~padded, sampling=crop.spacing)
    inside = distance_transform_edt(padded, sampling=crop.spacing)
    half = min(crop.spacing) / 2
    level = np.where(padded, half - inside, outside - half)
    # Steps of voxels are rounded off; flat stacks are left as they are.
    width = [0.0 if n == 1 else 0.5 for n in crop.mask.shape]
    smooth = gaussian_filter(level, width)
    level = smooth if (smooth < 0).any() else level  # a single voxel is not smoothed away
    count = int(crop.mask.sum())
    volume = count * float(np.prod(crop.spacing))
    edges = tuple(MASK_EDGE_VOXELS * s for s in crop.spacing)
    extent = [np.ptp(np.flatnonzero(crop.mask.any(axis=_others(a)))) + 1 for a in range(3)]
    spread = float(np.sqrt(sum((MASK_EDGE_VOXELS / n) ** 2 for n in extent)))
    return Surface(
        level=level,
        spacing=crop.spacing,
        origin=(crop.start[0] - 1.0, crop.start[1] - 1.0, crop.start[2] - 1.0),
        voxel_mm=crop.spacing,
        edge_mm=(edges[0], edges[1], edges[2]),
        volume_mm3=volume,
        volume_spread=spread,
        method=f"mask on voxels of {_by(crop)} mm",
        is_cut=crop.is_cut,
    )


def _others(axis: int) -> tuple[int, int]:
    rest = [a for a in range(3) if a != axis]
    return rest[0], rest[1]


def _by(crop: Crop) -> str:
    known = crop.spacing[1:] if crop.mask.shape[0] == 1 else crop.spacing
    return " x ".join(f"{s:.3g}" for s in known)


def _fit(crop: Crop, seen: Bools | None) -> EdgeFit | None:
    if crop.image is None or crop.is_cut or not np.isfinite(crop.image).all():
        return None
    fit = fit_edge(crop.mask, crop.image, crop.spacing, seen, MAX_FINE_VOXELS)
    if fit is None:
        return None
    # The picture's edge must be the mask's: farther off it is the edge of something else.
    drawn = float(crop.mask.sum() * np.prod(crop.spacing))
    radius = [np.cbrt(3 * v / (4 * np.pi)) for v in (drawn, fit.volume_mm3)]
    allowed = MAX_SHIFT_PIXELS * max(crop.spacing[1:])
    return fit if abs(radius[0] - radius[1]) <= allowed else None


def _from_fit(crop: Crop, fit: EdgeFit) -> Surface:
    steps = [s / f for s, f in zip(crop.spacing, fit.factors, strict=True)]
    origin = [a + (1 / f - 1) / 2 for a, f in zip(crop.start, fit.factors, strict=True)]
    edges, spread = fit_uncertainty(crop.spacing, fit)
    return Surface(
        level=fit.level,
        spacing=(steps[0], steps[1], steps[2]),
        origin=(origin[0], origin[1], origin[2]),
        voxel_mm=crop.spacing,
        edge_mm=edges,
        volume_mm3=fit.volume_mm3,
        volume_spread=spread,
        method=f"edge from grey values on voxels of {_by(crop)} mm",
    )


def fit_uncertainty(spacing: Spacing, fit: EdgeFit) -> tuple[Spacing, float]:
    """How far a fitted edge may lie off along each axis, and the volume's relative spread.

    What the fit leaves open comes from its covariance; that a real body is no smooth body of even
    density, from the size of the voxels; and where another model does as well, it reaches there.
    """
    open_ended = fit.covariance * CORRELATED_NOISE
    shift, stretch = np.sqrt(np.diag(open_ended)[:2])
    inside = fit.level < 0
    steps = [s / f for s, f in zip(spacing, fit.factors, strict=True)]
    height = float(np.count_nonzero(inside.any(axis=(1, 2))) * steps[0])
    is_thin = fit.levels.core is None and fit.rim_share < 1
    voxels = THIN_RIM_VOXELS if is_thin else (EDGE_VOXELS, VOLUME_VOXELS)
    edges = [float(np.hypot(voxels[0] * s, 2 * shift)) for s in spacing]
    edges[0] = float(np.hypot(edges[0], stretch * height))
    radius = np.cbrt(3 * fit.volume_mm3 / (4 * np.pi))
    rival = fit.volume_mm3 if fit.rival_mm3 is None else fit.rival_mm3
    apart = abs(np.cbrt(3 * rival / (4 * np.pi)) - radius)
    edges = [float(np.hypot(e, apart)) for e in edges]
    towards = np.array([3 / radius, 1.0])  # how the volume follows shift and stretch
    variance = float(towards @ open_ended[:2, :2] @ towards)
    coarse = 3 * voxels[1] * float(np.mean(spacing)) / radius
    spread = np.hypot(np.hypot(2 * np.sqrt(variance), coarse), abs(rival / fit.volume_mm3 - 1))
    return (edges[0], edges[1], edges[2]), float(spread)
