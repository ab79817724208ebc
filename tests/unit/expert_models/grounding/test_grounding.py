"""Phrases to regions, from the models' files to findings, through the runner."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'experts'")
pytest.importorskip("transformers", reason="needs the extra 'experts'")

import torch

from dxtrace.clinical import Case, Image, Outcome, Presence, Series, Study
from expert_models import Arguments
from expert_models.families import ExpertEntry, build_expert
from expert_models.grounding import PhraseExpert, PhraseSettings, Region
from expert_models.grounding.lesions import linked, without_doubles
from expert_models.grounding.segmenter import Regions, box_of
from tests.unit.expert_models.grounding import tiny_models
from tests.unit.expert_models.segment_anything import tiny_sam
from tools import Tool, ToolRun, run_tool

CONCEPT = "pulmonary_nodule"
CONCEPTS = {CONCEPT: ["lung nodule", "nodule"]}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("models")
    tiny_models.save_grounding_dino(folder / "dino" / "detector")
    tiny_models.save_owlv2(folder / "owl" / "detector")
    for name in ("dino", "owl"):
        tiny_sam.save_folder(folder / name / "sam")
    tiny_models.save_clipseg(folder / "clipseg")
    return folder


def _entry(folder: Path, **options: Any) -> Any:
    method = "clipseg" if folder.name == "clipseg" else "detect"
    given = {"method": method, "concepts": CONCEPTS, "device": "cpu", "floor": 0.01, **options}
    return build_expert(ExpertEntry(name="words", family="grounding", options=given), folder)


def _run(expert: Any, case: Case, arguments: Arguments | None = None) -> ToolRun:
    card = expert.card.model_copy(update={"isolated": False})
    return run_tool(Tool(card, expert.run), case, arguments or Arguments())


def _picture(folder: Path) -> Case:
    from PIL import Image as Picture

    pixels = np.kron(np.random.default_rng(0).integers(0, 255, (4, 5)), np.ones((10, 10)))
    path = folder / "chest.png"
    Picture.fromarray(pixels.astype(np.uint8)).save(path)
    return _case(Image(path=path, modality="DX"))


def _case(image: Image) -> Case:
    series = Series(id="s1", modality=image.modality, images=(image,))
    return Case(id="c", studies=(Study(id="st", series=(series,)),))


# -- the real networks -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dino", "owl", "clipseg"])
def test_each_architecture_runs_from_its_files(
    models: Path, tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    expert = _entry(models / name)
    run = _run(expert, _picture(tmp_path))
    assert run.call.outcome is Outcome.OK, run.call.reason
    assert capfd.readouterr().err == ""
    assert run.findings
    for finding in run.findings:
        assert finding.concept == CONCEPT
        assert finding.presence is Presence.INDETERMINATE
        assert finding.score is not None
        assert finding.score.operating_point is None
        assert finding.score.value >= 0.01
        assert finding.evidence[0].weights_sha256


def test_on_a_real_mr_every_tenth_slice(models: Path, shared_data: Path) -> None:
    from dxtrace.intake.imaging import describe_images

    reading = describe_images(shared_data / "mr_brain" / "brain1_image.nrrd")
    case = Case(id="mr", studies=(Study(id="st", series=reading.series),))
    run = _run(_entry(models / "clipseg", slice_step=10), case)
    assert run.call.outcome is Outcome.OK, run.call.reason


def test_a_stack_is_refused_where_single_pictures_are_expected(
    models: Path, shared_data: Path
) -> None:
    from dxtrace.intake.imaging import describe_images

    reading = describe_images(shared_data / "mr_brain" / "brain1_image.nrrd")
    case = Case(id="mr", studies=(Study(id="st", series=reading.series),))
    run = _run(_entry(models / "clipseg"), case)
    assert run.call.outcome is Outcome.NOT_APPLICABLE
    assert "picture" in run.call.reason


@pytest.mark.parametrize("name", ["dino", "clipseg"])
def test_where_the_memory_of_a_gpu_does_not_suffice_it_runs_on_the_processor(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from transformers import PreTrainedModel

    move = PreTrainedModel.to

    def small(self: Any, device: Any) -> Any:
        if torch.device(device).type == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return move(self, device)

    monkeypatch.setattr(PreTrainedModel, "to", small)
    run = _run(_entry(models / name, device="cuda:0"), _picture(tmp_path))
    assert run.call.outcome is Outcome.OK, run.call.reason
    assert run.findings
    assert run.call.notes[0] == "the memory of cuda:0 did not suffice: it ran on the processor"


# -- where the regions lie -------------------------------------------------------------------------

# Rows 8 to 23 and columns 10 to 29 of 40 rows and 50 columns.
ROWS, COLUMNS = (8, 24), (10, 30)


def _found_there(sides: tuple[float, float]) -> Any:
    """Output of a detector: one sure box, its centre and size in parts of height and width."""
    (top, bottom), (left, right) = ROWS, COLUMNS
    height, width = sides
    box = [(left + right) / 2 / width, (top + bottom) / 2 / height,
           (right - left) / width, (bottom - top) / height]  # fmt: skip
    outputs = SimpleNamespace(
        logits=torch.tensor([[[4.0, -9.0], [-9.0, -9.0]]]),
        pred_boxes=torch.tensor([[box, [0.5, 0.5, 0.1, 0.1]]]),
        input_ids=torch.tensor([[6, 7]]),
    )
    return lambda *_, **__: outputs


@pytest.mark.parametrize(
    ("name", "model", "sides"),
    [
        ("dino", "GroundingDinoForObjectDetection", (40.0, 50.0)),
        # OWLv2 sees the picture in the corner of a square.
        ("owl", "Owlv2ForObjectDetection", (50.0, 50.0)),
    ],
)
def test_a_box_is_outlined_where_it_lies(
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    model: str,
    sides: tuple[float, float],
) -> None:
    import transformers

    monkeypatch.setattr(getattr(transformers, model), "forward", _found_there(sides))
    monkeypatch.setattr(transformers.SamModel, "forward", tiny_sam.follow_prompt)
    output = _entry(models / name).run(_picture(tmp_path), Arguments(phrases=("lung nodule",)))
    (mask,) = output.masks
    expected = np.zeros((40, 50), bool)
    expected[slice(*ROWS), slice(*COLUMNS)] = True
    assert (mask.voxels & expected).sum() / (mask.voxels | expected).sum() > 0.97
    assert output.findings[0].score is not None
    assert output.findings[0].score.value == pytest.approx(1 / (1 + np.exp(-4)), abs=1e-4)


def test_what_clipseg_marks_is_marked_where_it_lies(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import CLIPSegForImageSegmentation

    logits = torch.full((1, 64, 64), -9.0)
    # The square of 64 is stretched from 40 rows and 50 columns.
    logits[:, round(8 * 1.6) : round(24 * 1.6), round(10 * 1.28) : round(30 * 1.28)] = 9
    monkeypatch.setattr(
        CLIPSegForImageSegmentation, "forward", lambda *_, **__: SimpleNamespace(logits=logits)
    )
    output = _entry(models / "clipseg", floor=0.5).run(_picture(tmp_path), Arguments())
    (mask,) = output.masks  # both phrases mark it: it is one thing
    rows, columns = np.nonzero(mask.voxels)
    assert np.abs(np.subtract((rows.min(), rows.max()), (8, 23))).max() <= 1
    assert np.abs(np.subtract((columns.min(), columns.max()), (10, 29))).max() <= 1


def _region(top: int, score: float, phrase: str = "nodule") -> Region:
    mask = np.zeros((20, 20), bool)
    mask[top : top + 6, 5:11] = True
    return Region(phrase, score, mask, box_of(mask))


def test_regions_of_neighbouring_slices_are_one_lesion() -> None:
    lesions = linked({0: [_region(2, 0.5)], 1: [_region(4, 0.9), _region(12, 0.6)], 3: []})
    assert [sorted(lesion.regions) for lesion in lesions] == [[0, 1], [1]]
    assert lesions[0].best.score == 0.9


def test_a_gap_parts_lesions() -> None:
    assert len(linked({0: [_region(2, 0.5)], 2: [_region(2, 0.9)]})) == 2


def test_synonyms_that_find_the_same_count_once() -> None:
    found = without_doubles([_region(2, 0.5), _region(3, 0.9, "lung nodule"), _region(12, 0.2)])
    assert [r.phrase for r in found] == ["lung nodule", "nodule"]


# -- what it says ----------------------------------------------------------------------------------


class Bright:
    """A segmenter of another kind, as BiomedParse would be: what is bright matches all words."""

    scale = "share"

    def segment(self, picture: Any, phrases: Any, *, floor: float) -> Regions:
        mask = picture[..., 0] > 200
        score = float(mask.mean())
        known = [p for p in phrases if p != "unicorn"]
        found = (Region(p, score, mask, box_of(mask)) for p in known if score >= floor)
        return Regions(tuple(found))


def _bright(models: Path, **options: Any) -> PhraseExpert:
    card = _entry(models / "clipseg", **options).card
    settings = PhraseSettings(phrases={CONCEPT: ("lung nodule", "nodule")}, floor=0.05)
    return PhraseExpert(card, Bright, settings)


def test_an_operating_point_with_its_source_makes_a_match_probable(
    models: Path, tmp_path: Path
) -> None:
    point = {CONCEPT: {"threshold": 0.1, "source": "calibrated on 200 radiographs"}}
    run = _run(_bright(models, thresholds=point), _picture(tmp_path))
    (finding,) = run.findings
    assert (finding.presence, finding.certainty) == (Presence.PRESENT, "probable")
    assert finding.score is not None
    assert finding.score.operating_point == 0.1


def test_below_the_operating_point_nothing_is_said(models: Path, tmp_path: Path) -> None:
    point = {CONCEPT: {"threshold": 0.9, "source": "calibrated on 200 radiographs"}}
    run = _run(_bright(models, thresholds=point), _picture(tmp_path))
    assert run.call.outcome is Outcome.OK
    assert run.findings == ()
    assert "excludes nothing" in run.call.notes[0]


def test_a_phrase_of_a_concept_gives_a_finding_and_another_one_a_mark(
    models: Path, tmp_path: Path
) -> None:
    expert, case = _bright(models), _picture(tmp_path)
    output = expert.run(case, Arguments(phrases=("Lung Nodule", "bright thing", "unicorn")))
    assert [m.concept for m in output.masks] == [CONCEPT, None]
    assert [f.concept for f in output.findings] == [CONCEPT]
    assert output.masks[1].title == "bright thing"
    assert "'unicorn'" in output.notes[0]


def test_classes_of_the_call_choose_the_concepts(models: Path, tmp_path: Path) -> None:
    run = _run(_bright(models), _picture(tmp_path), Arguments(classes=(CONCEPT,)))
    assert [f.concept for f in run.findings] == [CONCEPT]


def test_without_concepts_a_phrase_is_needed(models: Path, tmp_path: Path) -> None:
    expert = _entry(models / "clipseg", concepts={})
    assert expert.card.prompt_needed
    assert _run(expert, _picture(tmp_path)).call.outcome is not Outcome.OK


def test_a_phrase_that_is_too_long_is_refused(models: Path, tmp_path: Path) -> None:
    run = _run(
        _entry(models / "clipseg"), _picture(tmp_path), Arguments(phrases=("abcdefghijklmnop",))
    )
    assert run.call.outcome is Outcome.ABSTAINED
    assert "reads at most 16" in run.call.reason


# -- files and options -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"method": "guess"}, "method"),
        ({"concepts": {CONCEPT: []}}, "expected phrases"),
        ({"thresholds": {"ascites": {"threshold": 0.5, "source": "x"}}}, "none of the concepts"),
        ({"thresholds": {CONCEPT: {"threshold": 0.5, "source": ""}}}, "source"),
    ],
)
def test_options_are_checked(models: Path, options: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        _entry(models / "clipseg", **options)


@pytest.mark.parametrize(("name", "lacking"), [("clipseg", "clipseg"), ("dino", "sam")])
def test_a_folder_without_weights_is_no_expert(
    models: Path, tmp_path: Path, name: str, lacking: str
) -> None:
    (tmp_path / name).mkdir()
    if lacking == "sam":
        (tmp_path / name / "detector").symlink_to(models / name / "detector")
        (tmp_path / name / "sam").mkdir()
    with pytest.raises(ValueError, match=f"words: expected files of weights in .*{lacking}, got"):
        _entry(tmp_path / name)


def test_a_detector_of_another_kind_is_refused(models: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "mixed"
    shutil.copytree(models / "clipseg", folder / "detector")
    shutil.copytree(models / "owl" / "sam", folder / "sam")
    run = _run(_entry(folder), _picture(tmp_path))
    assert run.call.outcome is Outcome.ABSTAINED
    assert "cannot be loaded" in run.call.reason


def test_a_truncated_file_is_refused(models: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "clipseg"
    shutil.copytree(models / "clipseg", folder)
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-500])
    run = _run(_entry(folder), _picture(tmp_path))
    assert run.call.outcome is Outcome.ABSTAINED
