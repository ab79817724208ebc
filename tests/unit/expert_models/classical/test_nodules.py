"""Lung nodules on CT: balls are found and described, tubes are not, and nothing is ever absent."""

import numpy as np
import pytest

from dxtrace.clinical import Case, Image, Laterality, Presence, Series, Study
from expert_models import ToolRefusal
from expert_models.classical import CtLungSegmenter, LungNoduleFinder
from expert_models.classical.lungs import segment_lungs
from expert_models.classical.nodules import find_nodules
from tests.unit.expert_models.classical.pictures import (
    LUNGS,
    SHAPE,
    SPACING,
    TISSUE_HU,
    as_volume,
    ball,
    chest,
)

SOLID = ((104.0, 85.0, 55.0), 11.0, 40.0)
HAZE = ((60.0, 60.0, 140.0), 14.0, -620.0)


@pytest.fixture
def case_of(monkeypatch, tmp_path):
    """A case whose one series has the pixels given."""
    import dxtrace.intake.imaging

    def build(volume):
        monkeypatch.setattr(dxtrace.intake.imaging, "load_volume", lambda _series: volume)
        image = Image(path=tmp_path / "ct.nii", modality="CT", geometry=volume.geometry)
        series = Series(id="series-1", modality="CT", images=(image,))
        return Case(id="c", studies=(Study(id="s", series=(series,)),))

    return build


def test_a_solid_and_a_ground_glass_nodule_are_found_and_described():
    found = find_nodules(segment_lungs(as_volume(chest((SOLID, HAZE)))))

    assert {(n.presence, n.composition, n.side, n.zone) for n in found} == {
        (Presence.PRESENT, "solid", Laterality.RIGHT, "upper"),
        (Presence.PRESENT, "ground_glass", Laterality.LEFT, "middle"),
    }


@pytest.mark.parametrize("given", [SOLID, HAZE], ids=["solid", "ground glass"])
def test_the_outline_holds_the_true_volume(given):
    volume = as_volume(chest((given,)))
    lungs = segment_lungs(volume)

    (nodule,) = find_nodules(lungs)
    mask = nodule.mask(lungs)

    true = np.pi / 6 * given[1] ** 3
    assert mask.sum() * np.prod(SPACING) == pytest.approx(true, rel=0.1)
    assert mask[ball(given[0], (given[1] / 2 - 1.5,) * 3) > 0.5].all()


def test_a_part_solid_nodule_is_one_nodule():
    place = (80.0, 75.0, 55.0)
    picture = chest(((place, 18.0, -600.0), (place, 9.0, 35.0)))

    (nodule,) = find_nodules(segment_lungs(as_volume(picture)))

    assert nodule.composition == "part_solid"
    assert nodule.outline.diameter_mm == pytest.approx(18.0, abs=1.0)


def test_vessels_alone_are_no_nodules():
    assert find_nodules(segment_lungs(as_volume(chest()))) == ()


def with_tube(picture, start, end, radius):
    """A straight vessel from one place to another, in mm, drawn into a picture."""
    axes = [np.arange(n) * s for n, s in zip(SHAPE, SPACING, strict=True)]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    start, end = np.array(start), np.array(end)
    along = np.clip((places - start) @ (end - start) / ((end - start) @ (end - start)), 0, 1)
    away = np.linalg.norm(places - start - along[..., None] * (end - start), axis=-1)
    filled = np.clip(radius - away + 0.5, 0, 1)
    return np.round(picture + filled * (TISSUE_HU - picture)).astype(np.int16)


def test_a_nodule_on_a_thinner_vessel_is_clear():
    picture = with_tube(chest((SOLID,)), (104.0, 85.0, 40.0), (84.0, 85.0, 72.0), 1.8)

    (nodule,) = find_nodules(segment_lungs(as_volume(picture)))

    assert (nodule.presence, nodule.doubts) == (Presence.PRESENT, ())


def test_a_knot_on_a_vessel_as_thick_as_itself_is_none():
    knot = ((90.0, 85.0, 55.0), 8.0, 40.0)
    picture = with_tube(chest((knot,)), (90.0, 85.0, 40.0), (90.0, 85.0, 72.0), 3.6)

    assert find_nodules(segment_lungs(as_volume(picture))) == ()


def test_a_doubtful_nodule_says_why():
    knot = ((90.0, 85.0, 55.0), 12.0, 40.0)
    picture = with_tube(chest((knot,)), (90.0, 85.0, 40.0), (90.0, 85.0, 72.0), 4.0)

    (nodule,) = find_nodules(segment_lungs(as_volume(picture)))

    assert nodule.presence is Presence.INDETERMINATE
    assert "as thick" in " ".join(nodule.doubts)


def test_a_small_nodule_of_calcium_is_clear_and_called_calcified(case_of):
    output = LungNoduleFinder().run(case_of(as_volume(chest((((90.0, 85.0, 55.0), 5.0, 420.0),)))))

    (finding,) = output.findings
    assert finding.presence is Presence.PRESENT
    assert finding.attributes["calcification"] == "diffuse"


def test_a_rim_of_soft_tissue_is_no_calcium_throughout():
    place = (90.0, 85.0, 55.0)
    picture = chest(((place, 14.0, 40.0), (place, 6.0, 500.0)))

    (nodule,) = find_nodules(segment_lungs(as_volume(picture)))

    assert nodule.calcification == "partial"


def test_a_vessel_with_contrast_medium_is_no_calcium():
    picture = chest(tubes=False).astype(np.float32)
    for row in (60, 75, 90):
        picture = with_tube(picture, (40.0, row, 50.0), (110.0, row, 62.0), 3.0)
    picture = np.where(picture > -300, picture + 380, picture).astype(np.int16)

    assert find_nodules(segment_lungs(as_volume(picture))) == ()


@pytest.mark.parametrize("hu", [40.0, -500.0])
def test_a_small_nodule_blurred_to_haze_is_not_called_ground_glass(hu):
    picture = chest((((90.0, 85.0, 55.0), 5.0, hu),))

    (found,) = find_nodules(segment_lungs(as_volume(picture)))

    assert found.composition != "ground_glass"


def test_the_expert_reports_with_a_mask_on_the_images_grid(case_of):
    volume = as_volume(chest((SOLID,)))

    output = LungNoduleFinder().run(case_of(volume))

    (finding,), (mask,) = output.findings, output.masks
    assert finding.concept == "pulmonary_nodule"
    assert finding.location == "right lung, upper third"
    assert finding.attributes == {"composition": "solid"}
    assert mask.finding == finding.id
    assert mask.voxels.shape == volume.voxels.shape


def test_nothing_found_is_no_denial(case_of):
    output = LungNoduleFinder().run(case_of(as_volume(chest())))

    assert output.findings == ()
    assert "does not exclude" in " ".join(output.notes)


def test_nothing_found_in_cut_off_lungs_is_a_refusal(case_of):
    with pytest.raises(ToolRefusal, match="cut off"):
        LungNoduleFinder().run(case_of(as_volume(chest()[30:])))


def test_a_nodule_in_cut_off_lungs_is_still_reported(case_of):
    z, y, x = LUNGS["right"]
    picture = chest((((z + 15, y, x - 14), 10.0, 40.0),))[30:]

    output = LungNoduleFinder().run(case_of(as_volume(picture)))

    assert [f.presence for f in output.findings] == [Presence.PRESENT]
    assert "cut off" in " ".join(output.notes)


def test_without_lungs_both_experts_abstain(case_of):
    case = case_of(as_volume(chest(lungs=())))
    for expert in (LungNoduleFinder(), CtLungSegmenter()):
        with pytest.raises(ToolRefusal, match="no aerated lung"):
            expert.run(case)


def test_the_same_picture_gives_the_same_findings(case_of):
    case = case_of(as_volume(chest((SOLID, HAZE))))

    assert LungNoduleFinder().run(case).findings == LungNoduleFinder().run(case).findings
