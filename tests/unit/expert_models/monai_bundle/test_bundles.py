import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("monai", reason="the extra 'experts' is not installed")
pytest.importorskip("ignite", reason="the extra 'experts' is not installed")

from dxtrace.clinical import Case, Image, Patient, Series, Study
from expert_models import ToolRefusal
from expert_models.monai_bundle import (
    BundleMapping,
    ClassMapping,
    MonaiBundleExpert,
    load_mapping,
    read_metadata,
)
from tests.unit.expert_models.monai_bundle.tiny_bundle import make_bundle

SHAPE = (18, 40, 36)  # slices, rows, columns
MAPPING = BundleMapping(
    name="tiny_spleen",
    body_parts=("abdomen",),
    tolerates_unknown=("body_part",),
    classes={
        "spleen tumor": ClassMapping(
            mask="tumour", title="tumour of the spleen", concept="liver_observation", each="part"
        )
    },
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("zoo") / "tiny_spleen")


def _ct(folder: Path, name: str = "ct.nii.gz", *, shift: int = 0) -> Case:
    """A CT with 3 mm slices, turned axes, a spleen of 60 HU and two tumours of 240 HU in it."""
    import nibabel

    voxels = np.full(SHAPE, -100, np.int16)
    voxels[4:14, 10 + shift : 30 + shift, 6:30] = 60
    voxels[6:9, 13 + shift : 19 + shift, 9:15] = 240
    voxels[10:13, 22 + shift : 27 + shift, 20:26] = 240
    affine = np.diag([-1.5, -1.5, 3.0, 1.0])
    affine[:3, 3] = (40, 20, -100)
    nibabel.save(nibabel.Nifti1Image(voxels.transpose(2, 1, 0), affine), folder / name)
    series = Series(
        id="series-1",
        modality="CT",
        images=(Image(path=folder / name, modality="CT", body_part="abdomen"),),
    )
    return Case(
        id="c", patient=Patient(age=Decimal(60)), studies=(Study(id="s", series=(series,)),)
    )


def test_card_says_what_the_metadata_and_the_mapping_say(bundle: Path) -> None:
    card = MonaiBundleExpert(bundle, MAPPING).card
    assert card.name == "tiny_spleen"
    assert card.version == "0.3.1"
    assert card.modalities == ("CT",)
    assert card.produces == ("liver_observation",)
    assert card.marks == ("spleen",)
    assert "0.96" in card.accuracy
    assert card.weights[0].size_bytes


def test_masks_lie_on_the_images_own_grid(bundle: Path, tmp_path: Path) -> None:
    output = MonaiBundleExpert(bundle, MAPPING).run(_ct(tmp_path))
    masks = {m.name: m.voxels for m in output.masks}
    assert {m.shape for m in masks.values()} == {SHAPE}
    expected = np.zeros(SHAPE, bool)
    expected[4:14, 10:30, 6:30] = True
    marked = masks["spleen"] | masks["tumour_1"] | masks["tumour_2"]
    both = 2 * (marked & expected).sum() / (marked.sum() + expected.sum())
    assert both > 0.93
    rows = np.nonzero(masks["tumour_1"].any(axis=(0, 2)))[0]
    assert abs(rows.mean() - 15.5) <= 1  # the larger one, where it is, not mirrored


def test_each_part_of_a_lesion_class_is_a_lesion_with_its_mask(
    bundle: Path, tmp_path: Path
) -> None:
    expert = MonaiBundleExpert(bundle, MAPPING)
    output = expert.run(_ct(tmp_path))
    assert len(output.findings) == 2
    assert len({f.lesion for f in output.findings}) == 2
    assert {m.finding for m in output.masks if m.concept} == {f.id for f in output.findings}
    assert all(
        f.evidence[0].weights_sha256 == expert.card.weights[0].sha256 for f in output.findings
    )


def test_a_second_image_uses_the_same_network_and_gives_its_own_masks(
    bundle: Path, tmp_path: Path
) -> None:
    expert = MonaiBundleExpert(bundle, MAPPING)
    first = expert.run(_ct(tmp_path))
    second = expert.run(_ct(tmp_path, "second.nii.gz", shift=6))
    centres = [
        float(np.nonzero(next(m for m in o.masks if m.name == "spleen").voxels)[1].mean())
        for o in (first, second)
    ]
    assert 5 <= centres[1] - centres[0] <= 7


@pytest.mark.parametrize(("suffix", "yaml"), [(".safetensors", False), (".pt", True)])
def test_json_and_yaml_pickled_tensors_and_safetensors(
    tmp_path: Path, suffix: str, yaml: bool
) -> None:
    folder = make_bundle(tmp_path / "other", suffix=suffix, yaml=yaml)
    output = MonaiBundleExpert(folder).run(_ct(tmp_path))
    assert {m.name for m in output.masks} == {"spleen", "spleen_tumor"}
    assert output.findings == ()


def test_weights_that_are_not_the_ones_expected_are_not_loaded(
    bundle: Path, tmp_path: Path
) -> None:
    mapping = MAPPING.model_copy(update={"weights": {"models/model.pt": "0" * 64}})
    with pytest.raises(ToolRefusal, match="not the ones expected"):
        MonaiBundleExpert(bundle, mapping).run(_ct(tmp_path))


def test_weights_that_hold_a_program_are_not_run(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "evil")
    trap = tmp_path / "sprung"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (open, (str(trap), "w"))  # type: ignore[return-value]

    import torch

    torch.save({"conv.weight": Trap()}, folder / "models" / "model.pt")
    config = folder / "configs" / "inference.json"
    asked = config.read_text().replace("model.pt')", "model.pt', weights_only=False)")
    assert "weights_only=False" in asked
    config.write_text(asked)
    with pytest.raises(RuntimeError, match="Failed to evaluate"):
        MonaiBundleExpert(folder).run(_ct(tmp_path))
    assert not trap.exists()


def test_output_on_another_grid_is_refused(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "uninverted", invert=False)
    with pytest.raises(ToolRefusal, match="does not invert"):
        MonaiBundleExpert(folder).run(_ct(tmp_path))


def test_a_bundle_that_needs_four_channels_refuses_one(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "brats", in_channels=4)
    with pytest.raises(ToolRefusal, match="expects 4 channels"):
        MonaiBundleExpert(folder).run(_ct(tmp_path))


def test_an_empty_class_gives_nothing_and_no_absence(bundle: Path, tmp_path: Path) -> None:
    import nibabel

    path = tmp_path / "air.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.full((20, 20, 20), -1000, np.int16), np.eye(4)), path)
    series = Series(id="s", modality="CT", images=(Image(path=path, modality="CT"),))
    case = Case(id="c", studies=(Study(id="s", series=(series,)),))
    output = MonaiBundleExpert(bundle, MAPPING).run(case)
    assert output.findings == ()
    assert output.masks == ()


def test_a_case_without_a_ct_is_refused_before_anything_is_loaded(bundle: Path) -> None:
    series = Series(id="s", modality="MR", images=(Image(path=Path("no.dcm"), modality="MR"),))
    case = Case(id="c", studies=(Study(id="s", series=(series,)),))
    with pytest.raises(ToolRefusal, match="no series of the current"):
        MonaiBundleExpert(bundle, MAPPING).run(case)


# -- what is not a bundle, or not a mapping ------------------------------------------------------


def test_a_folder_without_metadata_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected a bundle with configs.metadata\.json"):
        MonaiBundleExpert(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"network_data_format": {}}', "[" * 100_000])
def test_damaged_metadata_are_refused_with_a_reason(tmp_path: Path, text: str) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "metadata.json").write_text(text)
    with pytest.raises(ValueError, match=r"metadata\.json"):
        read_metadata(tmp_path)


def test_a_mapping_of_a_class_that_the_bundle_lacks_is_refused(bundle: Path) -> None:
    mapping = BundleMapping(classes={"liver": ClassMapping(mask="liver")})
    with pytest.raises(ValueError, match="has no class 'liver'"):
        MonaiBundleExpert(bundle, mapping)


def test_mapping_files_are_strict(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("classes: {spleen: {mask: spleen, concept: splenomegaly}}\n")
    assert load_mapping(path).classes["spleen"].concept == "splenomegaly"
    path.write_text("clases: {}\n")
    with pytest.raises(ValueError, match="clases"):
        load_mapping(path)
    path.write_text("classes: {a: {mask: x}, b: {mask: x}}\n")
    with pytest.raises(ValueError, match="twice"):
        load_mapping(path)


def test_many_classes_as_vista3d_names_them(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "vista")
    path = folder / "configs" / "metadata.json"
    metadata = json.loads(path.read_text())
    names = {"0": "background", "1": "liver", "23": "lung tumor", "127": "hepatic tumor"}
    metadata["network_data_format"]["outputs"]["pred"]["channel_def"] = names
    path.write_text(json.dumps(metadata))
    mapping = BundleMapping(
        classes={"lung tumor": ClassMapping(mask="lung_tumour", concept="pulmonary_mass")},
        leave_out=("hepatic tumor",),
    )
    card = MonaiBundleExpert(folder, mapping).card
    assert card.marks == ("liver",)
    assert card.produces == ("pulmonary_mass",)
