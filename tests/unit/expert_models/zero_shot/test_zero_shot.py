import pickle
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image as Pillow

pytest.importorskip("torch", reason="needs the extra 'experts'")
if find_spec("transformers") is None or find_spec("open_clip") is None:
    pytest.skip("needs the extra 'experts'", allow_module_level=True)

import torch

from dxtrace.clinical import Case, Finding, Image, Outcome, Presence, Series, Study
from dxtrace.knowledge import load_knowledge
from expert_models.families import ExpertEntry, build_expert
from expert_models.zero_shot.prompts import BUILT_IN, load_prompts
from tests.unit.expert_models.image_embedding import tiny_models
from tests.unit.expert_models.radiographs import case_of, tool_of, write_dicom, write_noise
from tools import Tool, run_tool

PROMPTS: dict[str, Any] = {
    "title": "effusions",
    "modalities": ["CR", "CT"],
    "templates": ["{}", "the lung with {}"],
    "concepts": {
        "pleural_effusion": {"present": ["effusion", "a pleural effusion"], "absent": ["clear"]},
        "pulmonary_nodule": {"present": ["a nodule"], "absent": ["no nodule"], "lesion": True},
    },
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folders = {
        "clip": tiny_models.write_clip(tmp_path_factory.mktemp("clip")),
        "siglip": tiny_models.write_siglip(tmp_path_factory.mktemp("siglip")),
        "open_clip": tiny_models.write_open_clip(tmp_path_factory.mktemp("open_clip")),
        "dinov2": tiny_models.write_dinov2(tmp_path_factory.mktemp("dinov2")),
    }
    for folder in folders.values():
        (folder / "prompts.yaml").write_text(yaml.safe_dump(PROMPTS))
    return folders


def entry(**options: Any) -> ExpertEntry:
    return ExpertEntry(name="zero", family="zero_shot", options=options)


def own(models: dict[str, Path], name: str, **options: Any) -> Tool:
    return tool_of(entry(prompts="prompts.yaml", **options), models[name])


def findings_of(tool: Tool, case: Case) -> dict[str, Finding]:
    run = run_tool(tool, case)
    assert run.call.outcome is Outcome.OK, run.call.reason
    return {finding.concept: finding for finding in run.findings}


@pytest.fixture
def radiograph(tmp_path: Path) -> Case:
    return case_of(write_dicom(tmp_path / "chest.dcm"))


@pytest.mark.parametrize("name", ["clip", "siglip", "open_clip"])
def test_without_a_calibration_a_score_decides_nothing(
    models: dict[str, Path], name: str, radiograph: Case
) -> None:
    tool = own(models, name)
    found = findings_of(tool, radiograph)
    assert set(found) == set(PROMPTS["concepts"]) == set(tool.card.produces)
    for finding in found.values():
        assert finding.presence is Presence.INDETERMINATE
        assert finding.score is not None
        assert finding.score.scale == "prompt_pair_logit"
        assert finding.score.operating_point is None
        assert "no operating point" in finding.text


def test_the_score_is_the_logit_that_the_library_itself_gives(
    models: dict[str, Path], radiograph: Case
) -> None:
    import open_clip

    folder = models["open_clip"]
    found = findings_of(own(models, "open_clip"), radiograph)["pulmonary_nodule"]
    name = f"local-dir:{folder}"
    text = {"hf_model_name": str(folder / "text"), "hf_model_pretrained": False}
    text |= {"hf_proj_type": "mlp", "hf_pooler_type": "cls_last_hidden_state_pooler"}
    model, prepare = open_clip.create_model_from_pretrained(
        name, text_cfg={**text, "context_length": 24}
    )
    tokens = open_clip.get_tokenizer(name, local_files_only=True)

    def side(phrase: str) -> Any:
        rows = model.encode_text(tokens([phrase, f"the lung with {phrase}"]), normalize=True)
        return torch.nn.functional.normalize(rows.mean(0), dim=0)

    from dxtrace.intake.imaging import load_volume
    from expert_models.slice_pictures import brightness_of, rgb_slice

    volume = load_volume(radiograph.studies[0].series[0])
    picture = Pillow.fromarray(rgb_slice(volume, 0, brightness_of(volume)))
    with torch.inference_mode():
        image = model.eval().encode_image(prepare(picture)[None], normalize=True)[0]
        logits = model.logit_scale.exp() * torch.stack([image @ side("a nodule"),
                                                        image @ side("no nodule")])  # fmt: skip
    assert found.score is not None
    assert found.score.value == pytest.approx(float(logits[0] - logits[1]), abs=1e-3)


def test_the_slice_that_scores_highest_counts(models: dict[str, Path], tmp_path: Path) -> None:
    import nibabel

    voxels = np.random.default_rng(4).normal(-500, 300, (24, 24, 12)).astype(np.int16)
    path = tmp_path / "ct.nii.gz"
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([1.0, 1, 2, 1])), path)  # type: ignore[no-untyped-call]
    series = Series(id="ct", modality="CT", images=(Image(path=path, modality="CT"),))
    case = Case(id="c", studies=(Study(id="s", series=(series,)),))
    few = findings_of(own(models, "clip", slices=1), case)["pleural_effusion"]
    more = findings_of(own(models, "clip", slices=12), case)["pleural_effusion"]
    assert more.score is not None
    assert few.score is not None
    assert more.score.value >= few.score.value
    assert "in slice " in more.text


def test_a_model_without_texts_is_refused(models: dict[str, Path], radiograph: Case) -> None:
    run = run_tool(own(models, "dinov2"), radiograph)
    assert run.call.outcome is Outcome.ABSTAINED
    assert "dinov2 model has no text part" in run.call.reason


def test_the_prompts_that_come_with_it_ask_for_a_frontal_chest(
    models: dict[str, Path], tmp_path: Path, radiograph: Case
) -> None:
    tool = tool_of(entry(), models["clip"])
    assert len(findings_of(tool, radiograph)) == len(tool.card.produces)
    noise = run_tool(tool, case_of(write_noise(tmp_path / "noise.png")))
    assert noise.call.outcome is not Outcome.OK


def test_a_real_radiograph_is_scored(models: dict[str, Path], shared_data: Path) -> None:
    pytest.importorskip("monai", reason="needs the extra 'experts'")
    path = sorted((shared_data / "cxr_hannover" / "images").glob("*.png"))[3]
    found = findings_of(tool_of(entry(), models["open_clip"]), case_of(path))
    assert {f.presence for f in found.values()} == {Presence.INDETERMINATE}


def test_built_in_prompts_are_of_the_vocabulary() -> None:
    concepts = load_knowledge().vocabulary.concepts
    for key, prompts in load_prompts(BUILT_IN).concepts.items():
        assert (concepts[key].kind == "lesion") == prompts.lesion


def test_other_prompts_are_another_version(models: dict[str, Path]) -> None:
    versions = {
        build_expert(entry(), models["clip"]).card.version,
        own(models, "clip").card.version,
        own(models, "clip", slices=3).card.version,
    }
    assert len(versions) == 3
    built = pickle.loads(pickle.dumps(build_expert(entry(), models["clip"])))  # noqa: S301  # just made
    assert built.card.isolated


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"templates": ["no place"]}, "expected one {} in each"),
        ({"templates": []}, "templates"),
        ({"concepts": {}}, "concepts"),
        ({"concepts": {"pneumonia": {"present": ["x"], "absent": []}}}, "absent"),
        ({"modalities": []}, "expected modalities, or frontal_chest"),
        ({"frontal_chest": True}, "already says modalities"),
        ({"threshold": 0.5}, "threshold"),
    ],
)
def test_wrong_prompts_are_refused(
    models: dict[str, Path], tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump({**PROMPTS, **changes}))
    with pytest.raises(ValueError, match=message):
        build_expert(entry(prompts=str(path)), models["clip"])


@pytest.mark.parametrize("text", ["", "[", "- 1", "title: a\ntitle: b"])
def test_files_that_hold_no_prompts_are_refused(
    models: dict[str, Path], tmp_path: Path, text: str
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"options\.prompts: wrong\.yaml"):
        build_expert(entry(prompts=str(path)), models["clip"])
    with pytest.raises(ValueError, match="no such file"):
        build_expert(entry(prompts="none.yaml"), models["clip"])
