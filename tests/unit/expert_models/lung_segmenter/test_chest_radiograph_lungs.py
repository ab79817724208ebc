from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

pytest.importorskip("torch", reason="the extra 'experts' is not installed")
pytest.importorskip("monai", reason="the extra 'experts' is not installed")
pytest.importorskip("safetensors", reason="the extra 'experts' is not installed")

from dxtrace.clinical import Case, Geometry, Image, Presence, Series, Study
from dxtrace.clinical.volume import Mask, Volume
from expert_models import ExpertModel, ExpertOutput, ToolRefusal
from expert_models.chest_radiograph_lungs import ChestRadiographLungs
from expert_models.lung_segmenter.bundle import BUNDLE, WEIGHTS, WEIGHTS_SHA256
from expert_models.lung_segmenter.lungs import segment
from expert_models.lung_segmenter.network import LungNetwork
from expert_models.lung_segmenter.pixels import unletterboxed
from expert_models.monai_bundle import MonaiBundleExpert
from expert_models.monai_bundle.mapping import BundleMapping
from tests.unit.expert_models.lung_segmenter.phantom import frontal_phantom

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def expert() -> ChestRadiographLungs:
    return ChestRadiographLungs()


@pytest.fixture(scope="module")
def phantom() -> NDArray[np.uint8]:
    return frontal_phantom()


@pytest.fixture(scope="module")
def marked(expert: ChestRadiographLungs, phantom: NDArray[np.uint8]) -> ExpertOutput:
    return expert.mark(Volume(voxels=phantom, modality="DX"))


def _masks(output: ExpertOutput) -> dict[str, Mask]:
    return {m.name: m for m in output.masks}


def _case(path: Path, **image: object) -> Case:
    series = Series(id="series-1", images=(Image(path=path, **image),))
    return Case(id="c", studies=(Study(id="s", series=(series,)),))


def _overlap(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def test_the_bundle_is_small_and_its_card_names_whose_images_it_saw() -> None:
    assert (BUNDLE / WEIGHTS).stat().st_size < 10 * MEGABYTE
    card = ChestRadiographLungs.card
    assert isinstance(ChestRadiographLungs(), ExpertModel)
    assert "Hannover" in card.licence
    assert "CC BY 3.0" in card.licence
    assert "CC BY 3.0" in (BUNDLE / "LICENSE").read_text()


def test_right_lung_lies_on_the_left_of_the_picture(marked: ExpertOutput) -> None:
    masks = _masks(marked)
    right, left = masks["right_lung"].voxels, masks["left_lung"].voxels
    assert right.shape == left.shape == (512, 512)
    assert right[:, :256].sum() > 0.95 * right.sum()
    assert left[:, 256:].sum() > 0.95 * left.sum()
    assert not (right & left).any()


def test_a_file_that_is_stored_mirrored_has_its_sides_changed(
    expert: ChestRadiographLungs, phantom: NDArray[np.uint8]
) -> None:
    volume = Volume(voxels=phantom, geometry=Geometry(orientation="IR"))
    right = _masks(expert.mark(volume))["right_lung"].voxels
    assert right[:, 256:].sum() > 0.95 * right.sum()


def test_zones_are_thirds_of_each_lungs_height_and_make_it_up(marked: ExpertOutput) -> None:
    masks = _masks(marked)
    for side in ("right", "left"):
        zones = [masks[f"{side}_{zone}_zone"].voxels for zone in ("upper", "mid", "lower")]
        assert (np.sum(zones, axis=0) == masks[f"{side}_lung"].voxels).all()
        heights = [int(zone.any(axis=1).sum()) for zone in zones]
        assert max(heights) - min(heights) <= 1
        tops = [int(np.nonzero(zone.any(axis=1))[0][0]) for zone in zones]
        assert tops == sorted(tops)


def _with_patch(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    changed = picture.copy()
    changed[20:60, 430:470] = 255
    return changed


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("inverted grey values", lambda p: 255 - p),
        ("sixteen bit", lambda p: p.astype(np.uint16) * 200),
        ("half the size", lambda p: p[::2, ::2]),
        ("a black frame", lambda p: np.pad(p, ((30, 30), (120, 60)))),
        ("a bright letter", _with_patch),
    ],
)
def test_the_same_lungs_however_the_picture_comes(
    expert: ChestRadiographLungs,
    phantom: NDArray[np.uint8],
    marked: ExpertOutput,
    name: str,
    change: object,
) -> None:
    voxels = change(phantom)  # type: ignore[operator]
    truth = {n: m.voxels for n, m in _masks(marked).items() if n.endswith("_lung")}
    found = _masks(expert.mark(Volume(voxels=np.ascontiguousarray(voxels))))
    for lung, expected in truth.items():
        same = expected if "bit" in name or "grey" in name or "letter" in name else None
        if name == "half the size":
            same = expected[::2, ::2]
        if name == "a black frame":
            same = np.pad(expected, ((30, 30), (120, 60)))
        assert same is not None
        assert _overlap(found[lung].voxels, same) > 0.85, name


def test_lungs_that_run_into_the_edge_are_said_to_be_cut_off(
    expert: ChestRadiographLungs, phantom: NDArray[np.uint8]
) -> None:
    output = expert.mark(Volume(voxels=np.ascontiguousarray(phantom[110:])))
    (finding,) = output.findings
    assert finding.concept == "limited_quality"
    assert finding.presence is Presence.PRESENT
    assert "cut_off" in finding.attributes["reason"]
    assert "top edge" in finding.text
    assert finding.evidence[0].weights_sha256 == ChestRadiographLungs.card.weights[0].sha256


def test_good_quality_is_never_claimed(marked: ExpertOutput) -> None:
    assert all(f.presence is not Presence.ABSENT for f in marked.findings)


# -- what is no frontal chest radiograph ----------------------------------------------------------


@pytest.mark.parametrize("name", ["camera", "coins", "moon", "page", "brick", "noise", "half"])
def test_other_pictures_are_refused(
    expert: ChestRadiographLungs, phantom: NDArray[np.uint8], name: str
) -> None:
    if name == "noise":
        voxels = np.random.default_rng(1).integers(0, 255, (300, 300)).astype(np.uint8)
    elif name == "half":
        voxels = np.ascontiguousarray(phantom[:, :256])
    else:
        import skimage.data

        voxels = getattr(skimage.data, name)()
    with pytest.raises(ToolRefusal, match="no frontal chest radiograph"):
        expert.mark(Volume(voxels=voxels))


@pytest.mark.parametrize(
    "voxels",
    [
        np.zeros((300, 300), np.uint8),
        np.full((300, 300), np.nan, np.float32),
        np.zeros((20, 300, 300), np.int16),
        np.arange(16, dtype=np.uint8).reshape(4, 4),
        np.arange(400, dtype=np.uint16).reshape(1, 400),
    ],
)
def test_odd_arrays_are_refused(expert: ChestRadiographLungs, voxels: NDArray[np.generic]) -> None:
    with pytest.raises(ToolRefusal):
        expert.mark(Volume(voxels=voxels))


def test_colour_is_refused(expert: ChestRadiographLungs) -> None:
    voxels = np.random.default_rng(0).integers(0, 255, (99, 99, 3)).astype(np.uint8)
    with pytest.raises(ToolRefusal, match="colours"):
        expert.mark(Volume(voxels=voxels, is_colour=True))


def test_a_grey_jpeg_with_a_tinge_and_a_coloured_arrow_is_still_a_radiograph(
    expert: ChestRadiographLungs,
    phantom: NDArray[np.uint8],
    marked: ExpertOutput,
    tmp_path: Path,
) -> None:
    picture = np.repeat(phantom[..., None], 3, axis=-1)
    picture[100:110, 20:80] = (255, 0, 0)
    Pillow.fromarray(picture).save(tmp_path / "chest.jpg", quality=80)
    masks = _masks(expert.run(_case(tmp_path / "chest.jpg")))
    assert _overlap(masks["left_lung"].voxels, _masks(marked)["left_lung"].voxels) > 0.9


def test_a_lateral_view_is_refused_by_its_header(
    expert: ChestRadiographLungs, tmp_path: Path
) -> None:
    case = _case(tmp_path / "x.png", modality="DX", view="lateral")
    with pytest.raises(ToolRefusal, match="no series of the current examination fits"):
        expert.run(case)


def test_a_prior_radiograph_is_not_marked_as_todays(
    expert: ChestRadiographLungs, phantom: NDArray[np.uint8], tmp_path: Path
) -> None:
    Pillow.fromarray(phantom).save(tmp_path / "old.png")
    case = _case(tmp_path / "old.png")
    prior = case.studies[0].model_copy(update={"is_prior": True})
    with pytest.raises(ToolRefusal, match="current examination"):
        expert.run(case.model_copy(update={"studies": (prior,)}))


# -- from a file, and through the bundle's own workflow -------------------------------------------


def test_from_a_picture_file(
    expert: ChestRadiographLungs,
    phantom: NDArray[np.uint8],
    marked: ExpertOutput,
    tmp_path: Path,
) -> None:
    Pillow.fromarray(phantom).save(tmp_path / "chest.png")
    output = expert.run(_case(tmp_path / "chest.png"))
    assert {m.series for m in output.masks} == {"series-1"}
    assert (_masks(output)["left_lung"].voxels == _masks(marked)["left_lung"].voxels).all()


def test_the_bundle_runs_by_its_own_workflow_and_agrees(
    phantom: NDArray[np.uint8], tmp_path: Path
) -> None:
    pytest.importorskip("ignite", reason="the extra 'experts' is not installed")
    oblong = np.ascontiguousarray(phantom[:480])  # rows and columns must not change places
    Pillow.fromarray(oblong).save(tmp_path / "chest.png")
    mapping = BundleMapping(tolerates_unknown=("modality",))
    masks = _masks(MonaiBundleExpert(BUNDLE, mapping).run(_case(tmp_path / "chest.png")))
    assert set(masks) == {"right_lung", "left_lung"}
    # The bundle takes one look: so does the comparison.
    seen = segment(oblong.astype(np.float32), LungNetwork(WEIGHTS_SHA256)).probabilities
    for channel, name in enumerate(("right_lung", "left_lung")):
        assert masks[name].voxels.shape == (480, 512)
        at_first = unletterboxed(seen[channel], (480, 512)) > 0.5
        assert _overlap(masks[name].voxels, at_first) > 0.9


def test_other_weights_are_refused() -> None:
    network = LungNetwork("0" * 64)
    with pytest.raises(ToolRefusal, match="SHA-256"):
        network.probabilities(np.zeros((1, 256, 256), np.float32))
