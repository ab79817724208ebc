import json
import pickle
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'experts'")
if find_spec("transformers") is None or find_spec("open_clip") is None:
    pytest.skip("needs the extra 'experts'", allow_module_level=True)

import torch

from dxtrace.clinical import Case, Image, Outcome, Series, Study
from dxtrace.clinical.volume import Volume
from expert_models import ToolRefusal
from expert_models.card import WeightsFile
from expert_models.families import ExpertEntry, build_expert
from expert_models.image_embedding import embed_volume, key_slices
from expert_models.image_embedding.similarity import ImageSimilarity
from tests.unit.expert_models.image_embedding import tiny_models
from tests.unit.expert_models.radiographs import tool_of, write_dicom
from tools import run_tool

MAKERS: dict[str, Callable[[Path], Path]] = {
    "clip": tiny_models.write_clip,
    "siglip": tiny_models.write_siglip,
    "dinov2": tiny_models.write_dinov2,
    "open_clip": tiny_models.write_open_clip,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: make(tmp_path_factory.mktemp(name)) for name, make in MAKERS.items()}


def entry(**options: Any) -> ExpertEntry:
    return ExpertEntry(
        name="embedder", family="image_embedding", options={"modalities": ["CR"], **options}
    )


def expert(folder: Path, **options: Any) -> ImageSimilarity:
    built = build_expert(entry(**options), folder)
    assert isinstance(built, ImageSimilarity)
    return built


def pictures(count: int) -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng(5)
    return [rng.integers(0, 255, (40 + i, 50, 3), np.uint8) for i in range(count)]


@pytest.mark.parametrize("name", MAKERS)
def test_every_format_gives_unit_vectors_whatever_the_batch(
    folders: dict[str, Path], name: str
) -> None:
    embedder = expert(folders[name]).embedder
    several = pictures(18)  # more than one batch
    rows = embedder.embed(several)
    assert rows.dtype == np.float32
    assert rows.shape == (18, embedder.dimension)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    assert embedder.embed(several[3:4])[0] == pytest.approx(rows[3], abs=1e-4)
    assert np.ptp(rows, axis=0).max() > 1e-3
    assert len(embedder.weights_sha256) == 64


def test_vectors_are_the_librarys_own(folders: dict[str, Path]) -> None:
    from transformers import AutoImageProcessor, AutoModel

    picture = pictures(1)[0]
    own = AutoModel.from_pretrained(folders["dinov2"]).eval()
    prepare = AutoImageProcessor.from_pretrained(folders["dinov2"])
    with torch.inference_mode():
        row = own(**prepare(images=[picture], return_tensors="pt")).pooler_output[0].numpy()
    found = expert(folders["dinov2"]).embedder.embed([picture])[0]
    assert found == pytest.approx(row / np.linalg.norm(row), abs=1e-5)


def test_a_stack_is_seen_through_its_key_slices(folders: dict[str, Path]) -> None:
    stack = np.random.default_rng(6).normal(0, 300, (20, 24, 24)).astype(np.float32)
    volume = Volume(voxels=stack, unit="HU", modality="CT")
    assert key_slices(volume, 4) == (2, 7, 12, 17)
    assert key_slices(Volume(voxels=stack[0]), 4) == (0,)
    assert embed_volume(expert(folders["dinov2"]).embedder, volume, 4).shape[0] == 4


def test_today_is_compared_with_earlier_images(folders: dict[str, Path], tmp_path: Path) -> None:
    def study(name: str, *, is_prior: bool, rows: int) -> Study:
        path = write_dicom(tmp_path / f"{name}.dcm", rows=rows)
        image = Image(path=path, modality="CR", body_part="chest", view="pa")
        series = Series(id=name, modality="CR", images=(image,))
        return Study(id=name, is_prior=is_prior, series=(series,))

    tool = tool_of(entry(), folders["clip"])
    now = study("now", is_prior=False, rows=160)
    case = Case(id="c", studies=(study("then", is_prior=True, rows=160), now))
    run = run_tool(tool, case)
    assert run.call.outcome is Outcome.OK, run.call.reason
    assert not run.findings
    assert "now and the earlier then: cosine 1.000" in run.call.notes[0]
    alone = run_tool(tool, Case(id="c", studies=(now,)))
    assert alone.call.outcome is Outcome.ABSTAINED
    assert "no earlier images" in alone.call.reason


class Hostile:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


def test_weights_that_carry_a_program_do_not_run(tmp_path: Path) -> None:
    folder = tiny_models.write_open_clip(tmp_path / "model")
    torch.save({"visual": Hostile(tmp_path / "ran")}, folder / "open_clip_pytorch_model.bin")
    with pytest.raises(ToolRefusal, match="can run any program"):
        expert(folder).embedder.embed(pictures(1))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("make", "file"),
    [
        (tiny_models.write_dinov2, "config.json"),
        (tiny_models.write_dinov2, "preprocessor_config.json"),
        (tiny_models.write_open_clip, "text/config.json"),
    ],
)
def test_a_program_that_lies_beside_the_weights_is_not_run(
    tmp_path: Path, make: Callable[[Path], Path], file: str
) -> None:
    folder = make(tmp_path / "model")
    config = json.loads((folder / file).read_text())
    own = {
        "model_type": "of_its_own", "image_processor_type": "OfItsOwn",
        "auto_map": dict.fromkeys(("AutoConfig", "AutoModel", "AutoImageProcessor"), "own.Own"),
    }  # fmt: skip
    (folder / file).write_text(json.dumps(config | own))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(ToolRefusal, match="model: "):
        expert(folder).embedder.embed(pictures(1))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("damage", ["cut", "other", "no text", "no json", "no config"])
def test_folders_that_are_no_such_model_are_refused(tmp_path: Path, damage: str) -> None:
    folder = tiny_models.write_open_clip(tmp_path / "model")
    weights = folder / "open_clip_pytorch_model.bin"
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:5000])
    elif damage == "other":
        torch.save({"conv.weight": torch.zeros(3)}, weights)
    elif damage == "no text":
        (folder / "text" / "config.json").unlink()
    elif damage == "no json":
        (folder / "open_clip_config.json").write_text("{")
    else:
        (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": {}}))
    with pytest.raises(ToolRefusal, match="model: "):
        expert(folder).embedder.embed(pictures(1))


def test_weights_beside_those_that_are_stated_are_not_used(tmp_path: Path) -> None:
    folder = tiny_models.write_clip(tmp_path / "clip")
    (folder / "pytorch_model.bin").write_bytes(b"what is stated")
    from dxtrace.file_hash import read_sha256

    stated = WeightsFile(name="pytorch_model.bin", sha256=read_sha256(folder / "pytorch_model.bin"))
    built = build_expert(entry().model_copy(update={"files": (stated,)}), folder)
    with pytest.raises(ToolRefusal, match=r"not stated: model\.safetensors"):
        built.embedder.embed(pictures(1))  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"one file of weights, got model\.safetensors, pytorch"):
        build_expert(entry(), folder)


def test_the_card_goes_without_torch_and_to_another_process(folders: dict[str, Path]) -> None:
    built = pickle.loads(pickle.dumps(expert(folders["clip"], slices=3)))  # noqa: S301  # just made
    assert built.card.isolated
    assert built.card.produces == ()
    with pytest.raises(ValueError, match=r"options\.slices"):
        expert(folders["clip"], slices=0)
    with pytest.raises(ValueError, match=r"options\.modalities"):
        expert(folders["clip"], modalities=[])
