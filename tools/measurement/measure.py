"""Measure what an expert has marked, for the finding that it belongs to."""

from __future__ import annotations

import numpy as np

from dxtrace.clinical import Concept, Measurement
from dxtrace.clinical.volume import Mask, Volume
from tools.measurement.density import measure_density
from tools.measurement.sizes import BodySizes, body_sizes
from tools.measurement.solid_part import solid_part

AXIAL_DOMAIN = "response"
"""Response criteria measure lesions in the axial plane (RECIST 1.1), staging in any."""


def why_not_measured(mask: Mask, volume: Volume | None = None) -> str | None:
    """Why a mask has no millimetre measurements, or None if it has."""
    if mask.voxels.ndim not in (2, 3):
        return f"{mask.name}: expected an image or a stack of slices, got {mask.voxels.ndim} axes"
    if not np.any(mask.voxels):
        return f"{mask.name}: nothing is marked"
    if volume is not None and mask.voxels.shape != volume.spatial_shape:
        return (
            f"{mask.name}: expected the picture's grid {volume.spatial_shape}, "
            f"got {mask.voxels.shape}"
        )
    if mask.geometry.voxel_spacing_mm is None:
        return f"{mask.name}: the size of its voxels is unknown, so nothing is measured in mm"
    if len(mask.geometry.voxel_spacing_mm) < mask.voxels.ndim:
        return (
            f"{mask.name}: expected a spacing for each of {mask.voxels.ndim} axes, "
            f"got {mask.geometry.voxel_spacing_mm}"
        )
    return None


def measure(
    mask: Mask, volume: Volume | None, concept: Concept | None = None
) -> tuple[Measurement, ...]:
    """All that can be measured of a mask, chief measurement first.

    What the concept's attributes are filled by (``measured_as``) comes first, in their order; then
    long and short axis, the maximum axial diameter, the volume and the attenuation. Each is an
    interval with 95 %, wide by the size of the voxels and by the mask's ``boundary_mm``; ``method``
    says how it was found.

    Args:
        mask: what is marked.
        volume: the picture it was drawn on; None leaves the mask alone, with wider intervals.
        concept: what was found; None for no concept in particular.

    Returns:
        Empty of millimetres where :func:`why_not_measured` gives a reason.
    """
    reason = why_not_measured(mask, volume)
    on_grid = volume if volume is not None and mask.voxels.shape == volume.spatial_shape else None
    density = measure_density(mask, on_grid) if on_grid is not None else ()
    if reason is not None:
        return density
    sizes = body_sizes(mask, on_grid)
    found = {m.kind: m for m in _sizes(sizes, _is_axial(concept))}
    wanted = _wanted(concept)
    if on_grid is not None and any(kind.startswith("solid_") for kind in wanted):
        found |= {m.kind: m for m in measure_solid_part(mask, on_grid)}
    # A smallest dimension is a node's; others would only be puzzled by it.
    first = [found[kind] for kind in wanted if kind in found]
    rest = [m for m in found.values() if m not in first and m.kind != "smallest_dimension"]
    return (*first, *rest, *density)


def measure_solid_part(mask: Mask, volume: Volume) -> tuple[Measurement, ...]:
    """Sizes of a part-solid nodule's solid part (``solid_mean_diameter`` ...), if it has one."""
    part = solid_part(mask, volume)
    if part is None:
        return ()
    sizes = body_sizes(part, volume, within=mask)
    return tuple(
        m.model_copy(update={"kind": f"solid_{m.kind}", "method": f"solid part: {m.method}"})
        for m in _sizes(sizes, axial=False)
        if m.kind in {"mean_diameter", "largest_dimension", "volume"}
    )


def _sizes(sizes: BodySizes, axial: bool) -> tuple[Measurement, ...]:
    return (
        *sizes.diameters(axial=axial),
        *sizes.largest_dimension(axial=axial),
        *sizes.smallest_dimension(),
        *sizes.axial_diameter(),
        *sizes.volume(),
    )


def _wanted(concept: Concept | None) -> list[str]:
    """The kinds that fill the concept's attributes, in their order."""
    if concept is None:
        return []
    return [a.measured_as for a in concept.attributes if a.measured_as is not None]


def _is_axial(concept: Concept | None) -> bool:
    if concept is None:
        return False
    return AXIAL_DOMAIN in concept.domains or "smallest_dimension" in _wanted(concept)
