"""Blood cells, the aorta's diameter, and the zones of the lungs on a radiograph."""

import numpy as np
import pytest

from dxtrace.clinical import Geometry, Laterality
from dxtrace.clinical.volume import Mask
from expert_models import ToolRefusal
from expert_models.classical.aorta import measure_aorta
from expert_models.classical.blood_cells import find_cells
from expert_models.classical.lung_opacity import measure_zones

FILM, RED, VIOLET = (215, 220, 215), (190, 140, 145), (95, 70, 180)


def smear(red, nuclei=(), platelets=()):
    """Discs on an empty film; each centre is (row, column)."""
    rng = np.random.default_rng(2)
    picture = np.empty((300, 400, 3), float)
    picture[:] = FILM
    rows, columns = np.ogrid[:300, :400]
    for places, radius, colour in ((red, 25, RED), (nuclei, 38, VIOLET), (platelets, 9, VIOLET)):
        for row, column in places:
            picture[(rows - row) ** 2 + (columns - column) ** 2 <= radius**2] = colour
    return np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)


APART = [(40, 50), (40, 150), (40, 260), (150, 40), (250, 60), (250, 160), (150, 330)]


def test_cells_that_lie_apart_are_counted_by_kind():
    found = find_cells(smear(APART, nuclei=[(150, 190)], platelets=[(240, 260), (100, 100)]))

    counts = [found.count(k) for k in ("red_cell", "white_cell", "platelet")]
    assert counts == [7, 1, 2]
    assert found.red_cell_px == pytest.approx(51, rel=0.12)


def test_overlapping_red_cells_are_told_apart():
    pair = [(150, 180), (150, 218)]

    assert find_cells(smear(APART[:6] + pair)).count("red_cell") == 8


def test_a_cell_at_the_edge_is_marked_as_cut():
    found = find_cells(smear([*APART, (295, 300)]))

    assert sum(c.cut for c in found.cells) == 1


@pytest.mark.parametrize(
    "picture",
    [
        np.full((200, 200, 3), 128, np.uint8),
        np.zeros((200, 200), np.uint8),
        np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8),
        np.repeat(np.tile(np.arange(200, dtype=np.uint8), (200, 1))[..., None], 3, axis=2),
    ],
    ids=["plain", "grey", "noise", "ramp"],
)
def test_what_is_no_smear_is_refused(picture):
    with pytest.raises(ToolRefusal):
        find_cells(picture)


def tube(radius_mm, spacing, tilt=0.5):
    """A long tube that runs obliquely through the volume."""
    z, y, x = (np.arange(n) * s for n, s in zip((60, 90, 90), spacing, strict=True))
    middle = y.max() / 2 + tilt * (z - z.max() / 2)
    across = (y[None, :, None] - middle[:, None, None]) / np.sqrt(1 + tilt**2)
    return across**2 + (x[None, None, :] - x.max() / 2) ** 2 <= radius_mm**2


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.5, 0.9, 0.9)])
def test_an_oblique_aorta_is_not_measured_too_wide(spacing):
    mask = Mask("aorta", tube(15.0, spacing), Geometry(voxel_spacing_mm=spacing))

    measured = measure_aorta(mask)

    assert float(measured.low) <= 30.0 <= float(measured.high)
    assert float(measured.value) == pytest.approx(30.0, abs=1.2)


@pytest.mark.parametrize(
    ("voxels", "spacing"),
    [
        (np.zeros((9, 9, 9), bool), (1.0, 1.0, 1.0)),
        (np.ones((9, 9, 9), bool), None),
        (np.ones((9, 9), bool), (1.0, 1.0)),
    ],
)
def test_an_aorta_that_cannot_be_measured_is_refused(voxels, spacing):
    with pytest.raises(ToolRefusal, match="aorta"):
        measure_aorta(Mask("aorta", voxels, Geometry(voxel_spacing_mm=spacing)))


def lungs_on_a_radiograph():
    right, left = np.zeros((2, 120, 160), bool)
    right[20:110, 20:65], left[20:110, 95:140] = True, True
    pixels = np.random.default_rng(1).normal(80, 10, (120, 160))
    return pixels, right, left


def test_the_dense_zone_stands_out_whatever_the_exposure():
    pixels, right, left = lungs_on_a_radiograph()
    pixels[80:110, 95:140] += 60

    for shown in (pixels, pixels * 3 + 500):
        zones = measure_zones(shown, right, left)
        worst = max(zones, key=lambda z: z.excess)
        assert (worst.side, worst.zone) == (Laterality.LEFT, "lower")
        assert sorted(abs(z.excess) for z in zones)[3] < 0.1


def test_zones_are_refused_without_masks_of_both_lungs():
    pixels, right, left = lungs_on_a_radiograph()
    with pytest.raises(ToolRefusal, match="empty"):
        measure_zones(pixels, right, np.zeros_like(left))
    with pytest.raises(ToolRefusal, match="shape"):
        measure_zones(pixels, right, left[:50])
