"""The outline of one nodule: half-way between its own density and that of the lung around it.

At half contrast a blurred edge lies where the true edge is, as long as it is flat. A small ball's
surface is not, and moves inwards; where nothing touches the ball, the outline is moved back to
where it encloses all that stands out of the lung.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from expert_models.classical.morphology import depth_within, distance_to

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from expert_models.classical.lungs import Lungs
    from expert_models.classical.nodule_search import Candidate

    BoolArray = NDArray[np.bool_]
    Distances = NDArray[np.float64]

REACH = 2.4
"""How far around a candidate is looked at, in its radii."""
REACH_MM = 6.0
LUNG_LIKE_BELOW_HU = -550.0
SOLID_ABOVE_HU = -300.0
"""Half-way between soft tissue (about 30 HU) and ground glass (about -650 HU)."""
BLUR_MM = 1.5
"""Width of the edge of a sharp object on a CT with a soft kernel."""
SMALLEST_STEP_HU = 100.0
"""Several times the noise of the mean over the voxels of a nodule of 4 mm."""
HALO_MM = (1.0, 2.4)
"""Shell in which ground glass around a solid core shows: beyond most of the core's own blur."""
HALO_SHARE = 0.6
VESSEL_ABOVE_HU = -500.0
"""What a lesion is joined to, vessel or wall, is soft tissue, even where the lesion is not."""
SKIRT_MM = 2.5
"""Within this distance of the half-contrast surface lies all that blur has spread."""
UNTOUCHED_SHARE = 0.02
GREATEST_GAIN = 1.6
"""More would not be blur: a ball of 4 mm blurred by 0.8 mm loses a third at half contrast."""
BRANCH_SHARE = 0.7
"""A branch narrower than this share of the nodule's own width is cut off."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """One outlined lesion.

    Attributes:
        box: where the arrays lie on the lungs' grid.
        mask: the lesion.
        solid: the part of it that is solid.
        core_hu: median density inside, away from the edge.
        around_hu: median density of the lung around it.
        outside_lung: share of its volume that lies beyond the lungs' own outline.
        diameter_mm: of the ball of the same volume.
        elongation: longest over shortest axis.
        fill: its volume over that of the ellipsoid with its own axes.
    """

    box: tuple[slice, slice, slice]
    mask: BoolArray
    solid: BoolArray
    core_hu: float
    around_hu: float
    outside_lung: float
    diameter_mm: float
    elongation: float
    fill: float


def outline_nodule(lungs: Lungs, region: BoolArray, candidate: Candidate) -> Outline | None:
    """Outline a candidate.

    Args:
        lungs: the lungs.
        region: where lesions are searched, on the lungs' grid.
        candidate: the blob.

    Returns:
        the outline, or None if nothing at this place stands out of the lung.
    """
    spacing = lungs.volume.spacing_mm
    reach = REACH * candidate.radius_mm + REACH_MM
    spans = [int(np.ceil(reach / s)) for s in spacing]
    slices = [slice(max(0, i - n), i + n + 1)
              for i, n in zip(candidate.index, spans, strict=True)]  # fmt: skip
    box = (slices[0], slices[1], slices[2])
    hu = lungs.volume.hu[box].astype(np.float32)
    inside = region[box]
    axes = [(np.arange(n) + b.start - i) * s for n, b, i, s in
            zip(hu.shape, box, candidate.index, spacing, strict=True)]  # fmt: skip
    z, y, x = np.meshgrid(*axes, indexing="ij", sparse=True)
    away = np.sqrt(z**2 + y**2 + x**2)
    around = _around(hu, inside, away, candidate.radius_mm)
    if around is None:
        return None
    looked = inside & (away <= reach)
    mask = _half_contrast(hu, looked, away, candidate.radius_mm, around, spacing)
    if mask is None:
        return None
    mask = _with_halo(hu, looked, mask, around, spacing)
    mask = _keep_mass(hu, looked, mask, around, spacing)
    return _describe(lungs, box, hu, mask, around)


def _around(
    hu: NDArray[np.float32], inside: BoolArray, away: Distances, radius_mm: float
) -> float | None:
    """The density of the lung around: the median of what is lung-like in a shell."""
    shell = inside & (away > 1.3 * radius_mm + BLUR_MM) & (hu < LUNG_LIKE_BELOW_HU)
    values = hu[shell]
    return float(np.median(values)) if values.size else None


def _half_contrast(
    hu: NDArray[np.float32], looked: BoolArray, away: Distances, radius_mm: float,
    around: float, spacing: tuple[float, float, float],
) -> BoolArray | None:  # fmt: skip
    core = looked & (away <= max(0.6 * radius_mm, *spacing))
    if not core.any():
        return None
    level = float(np.percentile(hu[core], 60))
    mask: BoolArray | None = None
    for _ in range(3):
        if level - around < SMALLEST_STEP_HU:
            return None
        mask = _component_at(looked & (hu > (level + around) / 2), away, spacing)
        if mask is None:
            return None
        level = _core_level(hu, mask, spacing)
    return mask


def _core_level(
    hu: NDArray[np.float32], mask: BoolArray, spacing: tuple[float, float, float]
) -> float:
    """Median density away from the edge; of a small lesion, its innermost voxels."""
    return float(np.median(hu[inner_part(mask, spacing)]))


def inner_part(mask: BoolArray, spacing: tuple[float, float, float]) -> BoolArray:
    """The part of a lesion that blur and partial volume leave alone, or its innermost voxels."""
    depth = depth_within(mask, spacing)
    inner: BoolArray = mask & (depth >= min(max(BLUR_MM, 1.01 * max(spacing)), 0.7 * depth.max()))
    return inner


def _component_at(
    above: BoolArray, away: Distances, spacing: tuple[float, float, float]
) -> BoolArray | None:
    """The component at the candidate's centre, with thinner branches cut off."""
    labels, _ = ndimage.label(above)
    near = np.where(above, away, np.inf)
    centre = np.unravel_index(int(near.argmin()), near.shape)
    if not np.isfinite(near[centre]) or near[centre] > 2 * max(spacing) + BLUR_MM:
        return None
    whole: BoolArray = labels == labels[centre]
    depth = depth_within(whole, spacing)
    reach = np.maximum(near[centre] + 2 * max(spacing), 1e-6)
    deepest = float(depth[away <= max(reach, 0.5 * away[whole].min() + reach)].max())
    return _cut_branches(whole, depth, deepest, away, spacing)


def _cut_branches(
    whole: BoolArray, depth: Distances, deepest: float, away: Distances,
    spacing: tuple[float, float, float],
) -> BoolArray:  # fmt: skip
    """Opening by a ball of a share of the lesion's own half-width, then grown back to its skin."""
    radius = BRANCH_SHARE * deepest
    if radius <= min(spacing) / 2:
        return whole
    cores, _ = ndimage.label(depth >= radius)
    nearest = np.where(cores > 0, away, np.inf)
    start = np.unravel_index(int(nearest.argmin()), nearest.shape)
    if not np.isfinite(nearest[start]):
        return whole
    # Half a voxel more: distances run between centres of voxels, not to their faces.
    reach = radius + max(spacing) / 2
    opened: BoolArray = whole & (distance_to(cores == cores[start], spacing, reach) <= reach)
    return opened


def _with_halo(
    hu: NDArray[np.float32], looked: BoolArray, mask: BoolArray, around: float,
    spacing: tuple[float, float, float],
) -> BoolArray:  # fmt: skip
    """Take in ground glass around a solid core, if there is any on most sides."""
    outside = distance_to(mask, spacing, max(HALO_MM))
    shell = looked & (outside > HALO_MM[0]) & (outside <= HALO_MM[1])
    values = hu[shell]
    if not values.size or (values > around + SMALLEST_STEP_HU).mean() < HALO_SHARE:
        return mask
    level = float(np.median(values[values > around + SMALLEST_STEP_HU]))
    whole = _component_at(looked & (hu > (level + around) / 2), outside, spacing)
    return mask if whole is None else whole | mask


def _keep_mass(
    hu: NDArray[np.float32], looked: BoolArray, mask: BoolArray, around: float,
    spacing: tuple[float, float, float],
) -> BoolArray:  # fmt: skip
    """Move the outline of a lesion that nothing touches to where it encloses its true volume.

    Blur moves the half-contrast surface of a small ball inwards, but keeps the sum of what stands
    out of the lung: that sum over the lesion's own contrast is its volume.
    """
    outside = distance_to(mask, spacing, SKIRT_MM + max(1.0, *spacing))
    region = looked & (outside <= SKIRT_MM)
    beyond = looked & (outside > SKIRT_MM) & (outside <= SKIRT_MM + max(1.0, *spacing))
    level = _core_level(hu, mask, spacing)
    touched = (hu[beyond] > (level + around) / 2).mean() if beyond.any() else 1.0
    if touched > UNTOUCHED_SHARE or (region != (outside <= SKIRT_MM)).any():
        return mask
    share = (hu[region] - around) / (level - around)
    count = round(float(share.sum()))
    ring = region & (outside <= max(spacing))
    if not mask.sum() <= count <= min(GREATEST_GAIN * mask.sum(), ring.sum()):
        return mask
    limit = np.partition(hu[ring], -count)[-count]
    kept: BoolArray = ring & (hu >= limit)
    return kept


def _describe(
    lungs: Lungs, box: tuple[slice, slice, slice], hu: NDArray[np.float32], mask: BoolArray,
    around: float,
) -> Outline:  # fmt: skip
    spacing = lungs.volume.spacing_mm
    volume = float(mask.sum()) * lungs.volume.voxel_mm3
    core = _core_level(hu, mask, spacing)
    own = (lungs.right[box] | lungs.left[box])[mask]
    elongation, fill = _shape(mask, spacing, volume)
    return Outline(
        box=box, mask=mask, solid=mask & (hu > SOLID_ABOVE_HU), core_hu=core, around_hu=around,
        outside_lung=1.0 - float(own.mean()),
        diameter_mm=float(np.cbrt(6.0 * volume / np.pi)), elongation=elongation, fill=fill,
    )  # fmt: skip


def shell_around(mask: BoolArray, spacing: tuple[float, float, float]) -> BoolArray:
    """A thin shell around a lesion, beyond its blurred edge."""
    near = max(BLUR_MM, *spacing)
    far = near + max(1.0, *spacing)
    outside = distance_to(mask, spacing, far)
    shell: BoolArray = (outside > near) & (outside <= far)
    return shell


def _shape(
    mask: BoolArray, spacing: tuple[float, float, float], volume: float
) -> tuple[float, float]:
    points = np.argwhere(mask) * np.array(spacing)
    centred = points - points.mean(axis=0)
    # A voxel is no point: its own extent belongs to the second moments.
    moments = centred.T @ centred / len(points) + np.diag(np.square(spacing)) / 12
    half_axes = np.sqrt(5 * np.linalg.eigvalsh(moments))
    ellipsoid = 4 / 3 * np.pi * float(np.prod(half_axes))
    return float(half_axes[-1] / half_axes[0]), volume / ellipsoid
