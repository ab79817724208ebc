"""Lungs on CT: both are found, on the right side, and nothing else is."""

import nibabel
import numpy as np
import pytest

from dxtrace.clinical import Geometry, Laterality
from dxtrace.clinical.volume import Volume
from expert_models import ToolRefusal
from expert_models.classical.lungs import segment_lungs
from tests.unit.expert_models.classical.pictures import (
    HALF_AXES,
    LUNGS,
    SHAPE,
    SPACING,
    as_volume,
    ball,
    chest,
    turned_volume,
)


def dice(found, true):
    return 2 * (found & true).sum() / (found.sum() + true.sum())


def true_lung(side):
    return ball(LUNGS[side], HALF_AXES) > 0.5


def test_both_lungs_are_found_with_their_vessels():
    lungs = segment_lungs(as_volume(chest()))

    assert dice(lungs.right, true_lung("right")) > 0.97
    assert dice(lungs.left, true_lung("left")) > 0.97
    assert lungs.cut_off == ()


def test_trachea_and_table_and_room_are_no_lung():
    lungs = segment_lungs(as_volume(chest()))

    marked = lungs.right | lungs.left
    assert not marked[55:, 44:50, 62:68].any()
    assert not marked[:, 94:].any()
    assert not marked[:, :3].any()


def test_sides_follow_the_affine_and_not_the_array():
    volume = turned_volume(chest())

    lungs = segment_lungs(volume)
    right = lungs.volume.turn.undo(lungs.right)

    assert right.shape == volume.voxels.shape
    assert dice(right[::-1, :, ::-1], true_lung("right")) > 0.97


def test_a_nodule_at_the_wall_belongs_to_the_lung():
    z, y, x = LUNGS["right"]
    place = (z, y, x - HALF_AXES[2] + 3.0)

    lungs = segment_lungs(as_volume(chest(((place, 9.0, 40.0),))))

    nodule = (ball(place, (4.5,) * 3) > 0.5) & true_lung("right")
    assert lungs.right[nodule].mean() > 0.75


def test_a_single_lung_keeps_its_side():
    lungs = segment_lungs(as_volume(chest(lungs=("left",))))

    assert dice(lungs.left, true_lung("left")) > 0.97
    assert not lungs.right.any()


def test_lungs_that_touch_in_front_are_told_apart():
    hu = chest()
    hu[35:40, 45:55, 58:72] = -860

    lungs = segment_lungs(as_volume(hu))

    assert dice(lungs.right, true_lung("right")) > 0.95
    assert dice(lungs.left, true_lung("left")) > 0.95


def test_cut_off_lungs_say_where():
    hu = chest()[30:]

    assert segment_lungs(as_volume(hu)).cut_off == ("bottom",)


def test_zones_are_thirds_and_unknown_for_a_cut_off_lung():
    lungs = segment_lungs(as_volume(chest()))
    cut = segment_lungs(as_volume(chest()[30:]))

    zones = [lungs.zone_at((z, 50, 40), Laterality.RIGHT) for z in (15, 37, 60)]
    assert zones == ["lower", "middle", "upper"]
    assert cut.zone_at((10, 50, 40), Laterality.RIGHT) is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"unit": "stored"}, "HU"),
        ({"geometry": Geometry()}, "spacing"),
        ({"geometry": Geometry(voxel_spacing_mm=SPACING)}, "orientation"),
        ({"voxels": np.zeros(SHAPE, np.int16)}, "no aerated lung"),
        ({"voxels": np.full(SHAPE, -1000, np.int16)}, "no aerated lung"),
        ({"voxels": np.full((100, 130), 40, np.int16)}, "volume of slices"),
    ],
)
def test_what_shows_no_lung_is_refused_with_a_reason(changed, said):
    with pytest.raises(ToolRefusal, match=said):
        segment_lungs(as_volume(chest() if "voxels" not in changed else SMALL, **changed))


SMALL = np.zeros((2, 2, 2), np.int16)


def test_gas_in_the_bowel_is_no_lung():
    hu = chest(lungs=())
    hu[:45] = np.where(ball((40.0, 60.0, 90.0), (30.0, 25.0, 30.0))[:45] > 0.5, -990, hu[:45])
    with pytest.raises(ToolRefusal, match="no aerated lung"):
        segment_lungs(as_volume(hu))


def test_real_lung_bases_lie_on_the_reference(shared_data):
    folder = shared_data / "ct_abdomen"
    hu, reference = (
        nibabel.load(folder / name) for name in ("ct.nii.gz", "reference_segmentation.nii.gz")
    )
    affine = np.diag([-1, -1, 1, 1]) @ hu.affine
    volume = Volume(
        voxels=np.asarray(hu.dataobj), unit="HU",
        geometry=Geometry(
            voxel_spacing_mm=tuple(float(s) for s in hu.header.get_zooms()),
            affine=tuple(tuple(float(v) for v in row) for row in affine),
        ),
    )  # fmt: skip
    labels = np.asarray(reference.dataobj)

    lungs = segment_lungs(volume)

    right, left = (lungs.volume.turn.undo(m) for m in (lungs.right, lungs.left))
    assert dice(right | left, (labels >= 10) & (labels <= 14)) >= 0.95
    assert dice(left, np.isin(labels, (10, 11))) >= 0.95
    assert dice(right, np.isin(labels, (12, 13, 14))) >= 0.95
