"""On radiographs of patients held out, and on real images that are no radiographs."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

pytest.importorskip("torch", reason="the extra 'experts' is not installed")
pytest.importorskip("monai", reason="the extra 'experts' is not installed")
if find_spec("torchxrayvision") is None:
    pytest.skip("torchxrayvision is not installed: it has the outlines", allow_module_level=True)

from dxtrace.clinical import Case, Image, Series, Study
from dxtrace.clinical.volume import Volume
from expert_models import ToolRefusal
from expert_models.chest_radiograph_lungs import ChestRadiographLungs
from expert_models.lung_segmenter.bundle import BUNDLE
from expert_models.monai_bundle import BundleMapping, MonaiBundleExpert


@pytest.fixture(scope="module")
def expert() -> ChestRadiographLungs:
    return ChestRadiographLungs()


def test_dice_on_patients_held_out(expert: ChestRadiographLungs, shared_data: Path) -> None:
    from benchmarks.lung_training.radiographs import read_radiographs, split_of

    radiographs = list(read_radiographs(shared_data / "cxr_hannover"))
    split = split_of({r.patient for r in radiographs})
    found = []
    for radiograph in [r for r in radiographs if split[r.patient] == "held_out"][::3]:
        masks = {m.name: m.voxels for m in expert.mark(Volume(voxels=radiograph.pixels)).masks}
        for lung, truth in zip(("right_lung", "left_lung"), radiograph.lungs, strict=True):
            marked = masks[lung] & radiograph.known
            expected = truth & radiograph.known
            found.append(2 * (marked & expected).sum() / (marked.sum() + expected.sum()))
    assert np.mean(found) > 0.94
    assert min(found) > 0.85


def test_no_patient_is_both_trained_on_and_held_out(shared_data: Path) -> None:
    from benchmarks.lung_training.radiographs import read_radiographs, split_of

    radiographs = list(read_radiographs(shared_data / "cxr_hannover"))
    split = split_of({r.patient for r in radiographs})
    assert sum(part == "held_out" for part in split.values()) == 12
    # The split depends on the ids alone: a patient more or less moves nobody across it by chance.
    assert split == split_of({r.patient for r in reversed(radiographs)})


def test_all_hannover_radiographs_are_taken_for_what_they_are(
    expert: ChestRadiographLungs, shared_data: Path
) -> None:
    paths = sorted((shared_data / "cxr_hannover" / "images").glob("*.png"))[::20]
    refused = []
    for path in paths:
        try:
            expert.mark(Volume(voxels=np.asarray(Pillow.open(path).convert("L"))))
        except ToolRefusal as refusal:
            refused.append((path.name, str(refusal)))
    assert len(refused) <= len(paths) // 10, refused


def test_blood_smears_and_ct_slices_are_refused(
    expert: ChestRadiographLungs, shared_data: Path
) -> None:
    import nibabel

    smears = sorted((shared_data / "bccd").rglob("*.jp*g"))[-3:]
    pictures = [np.asarray(Pillow.open(path).convert("L")) for path in smears]
    ct = np.asarray(nibabel.load(shared_data / "ct_abdomen" / "ct.nii.gz").dataobj)
    slices = [np.ascontiguousarray(ct[:, :, i].T) for i in (ct.shape[2] - 3, ct.shape[2] // 2)]
    for picture in pictures + slices:
        with pytest.raises(ToolRefusal, match="no frontal chest radiograph"):
            expert.mark(Volume(voxels=picture))


def test_the_bundles_own_workflow_agrees_with_the_expert(
    expert: ChestRadiographLungs, shared_data: Path
) -> None:
    path = shared_data / "cxr_hannover" / "images" / "21982772.png"
    series = Series(id="s", images=(Image(path=path),))
    case = Case(id="c", studies=(Study(id="s", series=(series,)),))
    mapping = BundleMapping(tolerates_unknown=("modality",))
    bundle = {m.name: m.voxels for m in MonaiBundleExpert(BUNDLE, mapping).run(case).masks}
    for mask in expert.run(case).masks:
        if mask.name in bundle:
            both = (mask.voxels & bundle[mask.name]).sum()
            assert 2 * both / (mask.voxels.sum() + bundle[mask.name].sum()) > 0.97
