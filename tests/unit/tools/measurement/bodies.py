"""Small pictures of bodies whose sizes are known."""

import numpy as np

from benchmarks.phantoms import Ellipsoid, Grid, Nodule, Scan, render_nodule
from dxtrace.clinical import Geometry, Measurement
from dxtrace.clinical.volume import Mask

SPACING = (1.25, 0.7, 0.7)


def scan_of(
    nodule: Nodule, spacing: tuple[float, float, float] = SPACING, noise: float = 15
) -> Scan:
    """A nodule in lung."""
    low, high = nodule.shape.bounds()
    grid = Grid.around(low - 8, high + 8, spacing, (0.2, -0.3, 0.4))
    return render_nodule(nodule, grid, np.random.default_rng(5), noise)


def ball(diameter: float, kind: str = "solid", core: float | None = None) -> Nodule:
    """A ball, perhaps with a solid core."""
    inner = None if core is None else Ellipsoid((0, 0, 0), (core / 2,) * 3)
    return Nodule("n1", kind, Ellipsoid((0, 0, 0), (diameter / 2,) * 3), core=inner)  # type: ignore[arg-type]


def box(shape: tuple[int, ...], *ranges: tuple[int, int], **more: object) -> Mask:
    """A mask that marks a box."""
    voxels = np.zeros(shape, bool)
    voxels[tuple(slice(a, b) for a, b in ranges)] = True
    geometry = more.pop("geometry", Geometry(voxel_spacing_mm=(1.0,) * len(shape)))
    return Mask("box", voxels, geometry, **more)  # type: ignore[arg-type]


def by_kind(found: tuple[Measurement, ...]) -> dict[str, Measurement]:
    """Measurements by kind; each kind at most once."""
    assert len({m.kind for m in found}) == len(found)
    return {m.kind: m for m in found}


def holds(m: Measurement, true: float) -> bool:
    """Whether a true value lies in the interval."""
    assert m.low is not None
    assert m.high is not None
    return float(m.low) <= true <= float(m.high)
