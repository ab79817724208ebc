"""Bundles of the model zoo's formats, with the mappings that come with DxTrace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("monai", reason="needs the extra 'experts'")
pytest.importorskip("ignite", reason="needs the extra 'experts'")

import nibabel
import torch

from dxtrace.clinical import Case, Geometry, Image, Outcome, Presence, Series, Study
from expert_models import Arguments
from expert_models.families import ExpertEntry, build_expert
from expert_models.monai_bundle import MonaiBundleExpert
from expert_models.monai_bundle.mapping import MAPPINGS, load_mapping
from tests.unit.expert_models.monai_bundle import zoo_bundles, zoo_classes
from tools import Tool, ToolRun, run_tool


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("zoo")
    zoo_bundles.write_vista3d(folder / "vista3d")
    zoo_bundles.write_whole_body(folder / "wholeBody_ct_segmentation")
    zoo_bundles.write_brats(folder / "brats_mri_segmentation")
    zoo_bundles.write_nodule_detection(folder / "lung_nodule_ct_detection")
    return folder


def _build(folder: Path, **options: Any) -> Any:
    entry = ExpertEntry(
        name="zoo", family="monai_bundle", options={"device": "cpu", "isolated": False, **options}
    )
    return build_expert(entry, folder)


def _run(expert: Any, case: Case, *words: str) -> ToolRun:
    return run_tool(Tool(expert.card, expert.run), case, Arguments(classes=words))


def _series(folder: Path, name: str, voxels: Any, affine: Any, **facts: Any) -> Series:
    """A stack (slice, row, column) as NIfTI."""
    path = folder / f"{name}.nii"
    nibabel.save(nibabel.Nifti1Image(voxels.transpose(2, 1, 0), affine), path)
    modality, part = facts.pop("modality"), facts.pop("body_part")
    image = Image(path=path, modality=modality, body_part=part, **facts.pop("image", {}))
    return Series(id=name, modality=modality, images=(image,), **facts)


def _case(*series: Series) -> Case:
    return Case(id="c", studies=(Study(id="st", series=series),))


def _dice(one: Any, other: Any) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


# -- VISTA3D: classes by prompts -------------------------------------------------------------------

SHAPE = (16, 40, 36)


def _abdomen(folder: Path) -> Case:
    """A block of 200 HU (above 0.5) with a denser one (above 0.8); rows run to the front."""
    voxels = np.full(SHAPE, -1000, np.int16)
    voxels[4:14, 8:30, 6:30] = 200
    voxels[6:10, 12:20, 10:18] = 800
    affine = np.diag([-1.5, 1.5, 3.0, 1.0])
    affine[:3, 3] = (30, -20, -100)
    return _case(_series(folder, "ct", voxels, affine, modality="CT", body_part="abdomen"))


def test_a_word_of_vila_m3_becomes_label_prompts_and_masks_on_the_images_grid(
    zoo: Path, tmp_path: Path
) -> None:
    expert, case = _build(zoo / "vista3d"), _abdomen(tmp_path)
    assert "skeleton" in expert.card.arguments
    output = expert.run(case, Arguments(classes=("hepatic tumor",)))
    masks = {m.name: m.voxels for m in output.masks}
    assert set(masks) == {"liver", "hepatic_tumor_1"}
    tumour = np.zeros(SHAPE, bool)
    tumour[6:10, 12:20, 10:18] = True
    block = np.zeros(SHAPE, bool)
    block[4:14, 8:30, 6:30] = True
    assert _dice(masks["hepatic_tumor_1"], tumour) > 0.85
    assert _dice(masks["liver"] | masks["hepatic_tumor_1"], block) > 0.93


def test_a_tumour_is_a_possible_one_and_is_measured(zoo: Path, tmp_path: Path) -> None:
    run = _run(_build(zoo / "vista3d"), _abdomen(tmp_path), "hepatic tumor")
    assert run.call.outcome is Outcome.OK, run.call.reason
    (finding,) = run.findings
    assert finding.concept == "liver_observation"
    assert finding.presence is Presence.INDETERMINATE
    assert finding.measurements


def test_everything_sends_no_prompt_and_goes_alone(zoo: Path, tmp_path: Path) -> None:
    expert, case = _build(zoo / "vista3d"), _abdomen(tmp_path)
    # The first two classes that the bundle marks by itself: 1 and 3.
    output = expert.run(case, Arguments(classes=("everything",)))
    assert {m.name for m in output.masks} == {"liver", "spleen"}
    both = _run(expert, case, "everything", "muscles")
    assert both.call.outcome is Outcome.ABSTAINED
    assert "alone" in both.call.reason


def test_a_call_without_words_asks_for_what_the_card_promises(
    zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from expert_models.monai_bundle.workflow import BundleRun, Predicted

    asked: list[int] = []

    def predict(_: Any, volumes: Any, extra: Any) -> Any:
        asked.extend(extra["label_prompt"])
        return Predicted(np.zeros((1, *volumes[0].spatial_shape), np.float32))

    monkeypatch.setattr(BundleRun, "predict", predict)
    expert = _build(zoo / "vista3d")
    expert.run(_abdomen(tmp_path))
    names = {zoo_classes.VISTA3D_CLASSES[n] for n in asked}
    assert {"hepatic tumor", "lung tumor"} <= names
    assert set(expert.card.produces) == {"liver_observation", "pulmonary_nodule"}


def test_a_second_call_may_ask_for_other_classes(zoo: Path, tmp_path: Path) -> None:
    expert, case = _build(zoo / "vista3d"), _abdomen(tmp_path)
    expert.run(case, Arguments(classes=("hepatic tumor",)))
    output = expert.run(case, Arguments(classes=("bone lesion",)))
    assert [m.name for m in output.masks] == ["bone_lesion"]


def test_a_word_that_the_card_lacks_is_refused_before_the_call(zoo: Path, tmp_path: Path) -> None:
    run = _run(_build(zoo / "vista3d"), _abdomen(tmp_path), "unicorns")
    assert run.call.outcome is Outcome.NOT_APPLICABLE


# -- BraTS: four sequences of one examination ------------------------------------------------------

BRAIN = (20, 24, 24)
PLACES = {"t1c": 2, "t1": 7, "t2": 12, "flair": 17}


def _brain(folder: Path, *sequences: str, coarse: str = "", slice_mm: float = 1.0) -> Case:
    """Each sequence has a bright block of its own rows; one of them on a grid of its own."""
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    found = []
    for name in sequences:
        voxels = np.full(BRAIN, 100, np.int16)
        voxels[5:15, PLACES[name] : PLACES[name] + 4, 6:18] = 200
        # Half the head is 0: what is not 0 is normalised.
        grid = affine.copy()
        if name == coarse:
            voxels, grid = voxels[::2], np.diag([-1.0, -1.0, 2.0, 1.0])
        found.append(
            _series(
                folder,
                name,
                voxels,
                grid,
                modality="MR",
                body_part="head",
                sequence=name,
                image={"geometry": Geometry(voxel_spacing_mm=(slice_mm, 1.0, 1.0))},
            )
        )
    return _case(*found)


def _rows(mask: Any) -> tuple[int, int]:
    rows = np.flatnonzero(mask.voxels.any(axis=(0, 2)))
    return int(rows[0]), int(rows[-1])


def test_sequences_are_the_channels_in_the_bundles_order(zoo: Path, tmp_path: Path) -> None:
    expert = _build(zoo / "brats_mri_segmentation")
    run = expert.run(_brain(tmp_path, "flair", "t1", "t2", "t1c"))
    where = {m.name: _rows(m) for m in run.masks}
    # T1c marks the core, T2 what enhances, FLAIR the oedema; T1 marks nothing here.
    assert where == {
        "non_enhancing_tumour_core": (2, 5),
        "enhancing_tumour": (12, 15),
        "peritumoural_oedema": (17, 20),
    }
    assert {m.series for m in run.masks} == {"t1c"}
    assert run.findings == ()


def test_a_sequence_on_another_grid_is_laid_on_the_first(zoo: Path, tmp_path: Path) -> None:
    expert = _build(zoo / "brats_mri_segmentation")
    case = _brain(tmp_path, "t1c", "t1", "t2", "flair", coarse="flair")
    run = _run(expert.__class__(zoo / "brats_mri_segmentation", _any_slices(), device="cpu"), case)
    assert run.call.outcome is Outcome.OK, run.call.reason
    assert "laid on the grid of t1c, not registered" in " ".join(run.call.notes)
    output = MonaiBundleExpert(zoo / "brats_mri_segmentation", _any_slices(), device="cpu").run(
        case
    )
    assert _rows(next(m for m in output.masks if m.name == "peritumoural_oedema")) == (17, 20)


def _any_slices() -> Any:
    return load_mapping(MAPPINGS / "brats_mri_segmentation.yaml").model_copy(
        update={"slice_mm": None, "in_plane_mm": None}
    )


def test_a_missing_sequence_is_named(zoo: Path, tmp_path: Path) -> None:
    expert = MonaiBundleExpert(zoo / "brats_mri_segmentation", _any_slices(), device="cpu")
    run = _run(expert, _brain(tmp_path, "t1c", "t1"))
    assert run.call.outcome is Outcome.ABSTAINED
    assert "no T2 and no FLAIR sequence; it has T1, T1C" in run.call.reason


def test_thick_slices_do_not_fit_a_bundle_that_does_not_resample(zoo: Path, tmp_path: Path) -> None:
    case = _brain(tmp_path, "t1c", "t1", "t2", "flair", slice_mm=5.0)
    run = _run(_build(zoo / "brats_mri_segmentation"), case)
    assert run.call.outcome is Outcome.NOT_APPLICABLE
    assert "slice spacing" in run.call.reason


# -- lung nodules: boxes ---------------------------------------------------------------------------


def _chest(folder: Path, *, dense: bool = True) -> Case:
    """Air with a dense block, on a grid that the detector turns and resamples."""
    voxels = np.full((12, 48, 44), -900, np.int16)
    if dense:
        voxels[4:8, 20:32, 10:20] = 200
    affine = np.array([[-0.8, 0, 0, 10.0], [0, 0.8, 0, -30.0], [0, 0, 2.5, -200.0], [0, 0, 0, 1.0]])
    return _case(_series(folder, "ct", voxels, affine, modality="CT", body_part="chest"))


def test_a_box_comes_back_in_the_images_own_voxels(zoo: Path, tmp_path: Path) -> None:
    expert = _build(zoo / "lung_nodule_ct_detection")
    assert expert.card.produces == ("pulmonary_nodule",)
    output = expert.run(_chest(tmp_path))
    finding, mask = output.findings[0], output.masks[0]
    assert finding.presence is Presence.INDETERMINATE
    assert finding.score is not None
    assert finding.score.value == pytest.approx(0.97)
    where = np.argwhere(mask.voxels)
    assert np.abs(where.min(axis=0) - (4, 20, 10)).max() <= 1
    assert np.abs(where.max(axis=0) - (7, 31, 19)).max() <= 1
    assert "around slice 6, row 25, column 15" in finding.text


def test_nothing_is_measured_on_a_box(zoo: Path, tmp_path: Path) -> None:
    run = _run(_build(zoo / "lung_nodule_ct_detection"), _chest(tmp_path))
    assert run.call.outcome is Outcome.OK, run.call.reason
    assert [f.concept for f in run.findings] == ["pulmonary_nodule"]
    assert run.findings[0].measurements == ()


def test_an_operating_point_with_a_source_makes_a_box_probable(zoo: Path, tmp_path: Path) -> None:
    point = {"threshold": 0.9, "source": "our own 300 scans"}
    detection = {"concept": "pulmonary_nodule", "operating_point": point}
    expert = _build(zoo / "lung_nodule_ct_detection", detection=detection)
    assert expert.card.operating_points[0].source == "our own 300 scans"
    (finding,) = expert.run(_chest(tmp_path)).findings
    assert (finding.presence, finding.certainty) == (Presence.PRESENT, "probable")


def test_no_box_says_nothing(zoo: Path, tmp_path: Path) -> None:
    detection = {"concept": "pulmonary_nodule", "floor": 0.99}
    run = _run(
        _build(zoo / "lung_nodule_ct_detection", detection=detection), _chest(tmp_path, dense=False)
    )
    assert run.call.outcome is Outcome.OK, run.call.reason
    assert run.findings == ()
    assert "excludes nothing" in run.call.notes[0]


# -- mappings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(MAPPINGS.glob("*.yaml")), ids=lambda p: p.stem)
def test_mappings_name_concepts_of_the_vocabulary(path: Path) -> None:
    from dxtrace.knowledge import load_knowledge

    mapping = load_mapping(path)
    concepts = {c.concept for c in mapping.classes.values() if c.concept}
    if mapping.detection is not None:
        concepts.add(mapping.detection.concept)
    assert concepts <= set(load_knowledge().vocabulary.concepts)


@pytest.mark.parametrize("name", ["vista3d", "wholeBody_ct_segmentation"])
def test_groups_name_classes_that_the_true_bundles_have(zoo: Path, name: str) -> None:
    card = MonaiBundleExpert(zoo / name).card  # refuses a class that the metadata lack
    assert {"everything", "organs", "skeleton", "cardiovascular", "muscles"} <= set(card.arguments)


def test_options_change_the_mapping_that_comes_with_dxtrace(zoo: Path) -> None:
    expert = _build(zoo / "vista3d", cost=3, default=["lung tumor"])
    assert expert.card.cost == 3
    assert "lung tumor" in expert.card.arguments
    with pytest.raises(ValueError, match="no mapping comes with DxTrace for 'nosuch'"):
        _build(zoo / "vista3d", bundle="nosuch")
