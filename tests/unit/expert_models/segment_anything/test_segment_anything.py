"""Segment Anything from its files to measured findings, through the runner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'experts'")
pytest.importorskip("transformers", reason="needs the extra 'experts'")

import torch

from dxtrace.clinical import CallRequest, Case, Image, Outcome, Presence, Series, Source, Study
from expert_models import Arguments, Box, Point, ToolRefusal
from expert_models.segment_anything.network import Outline, SamNetwork
from expert_models.segment_anything.prompts import PlanePrompt
from tests.unit.expert_models.segment_anything import tiny_sam
from tests.unit.expert_models.segment_anything.sam_cases import (
    CONCEPT,
    case_of,
    ct_case,
    run_expert,
    sam_expert,
)


@pytest.fixture
def _follows_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import SamModel

    monkeypatch.setattr(SamModel, "forward", tiny_sam.follow_prompt)


@pytest.mark.usefixtures("_follows_prompts")
@pytest.mark.parametrize("model", ["sam", "medsam"])
def test_a_box_comes_back_as_the_mask_of_its_voxels(
    folder: Path, tmp_path: Path, model: str
) -> None:
    expert = sam_expert(folder, model=model)
    asked = Arguments(boxes=(Box(low=(2, 12, 24), high=(4, 27, 39)),))
    output = expert.run(ct_case(tmp_path), asked)
    (mask,) = output.masks
    expected = np.zeros((6, 40, 50), bool)
    expected[2:5, 12:28, 24:40] = True
    assert mask.voxels.shape == expected.shape
    shared = (mask.voxels & expected).sum() / (mask.voxels | expected).sum()
    assert shared > 0.97
    assert not mask.voxels[[0, 1, 5]].any()


def test_an_outline_that_leaves_its_box_is_no_size_of_what_is_in_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Outline(np.ones((40, 50), bool), 0.1)
    monkeypatch.setattr(SamNetwork, "outline", lambda *_: whole)
    asked = Arguments(classes=(CONCEPT,), boxes=(Box(low=(3, 12, 24), high=(3, 20, 30)),))
    case = ct_case(tmp_path).model_copy(
        update={"calls": (CallRequest(tool="sam", arguments=asked),)}
    )
    run = run_expert(sam_expert(folder), case, asked)
    assert run.call.outcome is Outcome.OK
    assert run.findings[0].presence is Presence.PRESENT
    assert run.findings[0].measurements == ()
    assert any("97% of the outline lies outside the box" in note for note in run.call.notes)


@pytest.mark.usefixtures("_follows_prompts")
def test_a_point_comes_back_where_it_was_set(folder: Path, tmp_path: Path) -> None:
    output = sam_expert(folder).run(ct_case(tmp_path), Arguments(points=(Point(at=(3, 9, 41)),)))
    where = np.argwhere(output.masks[0].voxels)
    assert np.abs(where.mean(axis=0) - (3, 9, 41)).max() < 0.3
    # 8 pixels of an input of 64 for 50 columns.
    assert abs(np.ptp(where[:, 2]) + 1 - 12.5) <= 1


@pytest.mark.usefixtures("_follows_prompts")
def test_on_a_colour_picture_too(folder: Path, tmp_path: Path) -> None:
    from PIL import Image as Picture

    path = tmp_path / "smear.png"
    Picture.fromarray(np.full((100, 30, 3), 200, np.uint8)).save(path)
    run = sam_expert(folder).run(
        case_of("GM", Image(path=path, modality="GM")),
        Arguments(boxes=(Box(low=(40, 5), high=(79, 24)),)),
    )
    rows, columns = np.nonzero(run.masks[0].voxels)
    assert abs(rows.min() - 40) <= 1
    assert abs(rows.max() - 79) <= 1
    assert abs(columns.min() - 5) <= 1
    assert abs(columns.max() - 24) <= 1


@pytest.mark.usefixtures("_follows_prompts")
def test_everything_marks_a_grid_without_doubles_on_the_middle_slice(
    folder: Path, tmp_path: Path
) -> None:
    # Circles of 16 pixels around points that lie 16 apart, three for each: one is kept.
    expert = sam_expert(folder, points_per_side=4, most_regions=5)
    output = expert.run(ct_case(tmp_path), Arguments(everything=True))
    assert [m.name for m in output.masks] == [f"region_{i}" for i in range(1, 6)]
    assert all(np.flatnonzero(m.voxels.any(axis=(1, 2))).tolist() == [3] for m in output.masks)
    assert output.findings == ()
    assert "slice 3, the middle one" in output.notes[0]
    assert "more, with lower scores, are left out" in output.notes[0]


def _hashes(folder: Path) -> dict[str, str]:
    from expert_models.runtime.checksums import file_sha256

    return {p.name: file_sha256(p) for p in folder.glob("*.pth")}


def test_the_original_package_gives_the_same_masks(tmp_path: Path) -> None:
    """The same file, read by both: pictures, prompts and masks go the same way."""
    original = pytest.importorskip("segment_anything", reason="the original is not installed")
    sam = tiny_sam.original_sam()
    torch.save(sam.state_dict(), tmp_path / "sam_vit_b_01ec64.pth")
    network = SamNetwork(tmp_path, _hashes(tmp_path), kind="sam", device="cpu")
    blocks = np.random.default_rng(0).integers(0, 255, (5, 5, 3))
    picture = np.kron(blocks, np.ones((8, 10, 1))).astype(np.uint8)
    predictor = original.SamPredictor(sam)
    predictor.set_image(picture)
    # The middle of a pixel and the edges of a box, as indices of the original: see network.py.
    y, x = 51 / 40, 64 / 50
    asked = [
        (PlanePrompt(0, ((10, 20, True),)), {"point_coords": [[20.5 - 0.5 / x, 10.5 - 0.5 / y]]}),
        (PlanePrompt(0, box=(5, 6, 20, 30)),
         {"box": [6 - 0.5 / x, 5 - 0.5 / y, 31 - 0.5 / x, 21 - 0.5 / y]}),
    ]  # fmt: skip
    for prompt, theirs in asked:
        given = {k: np.array(v) for k, v in theirs.items()}
        if "point_coords" in given:
            given["point_labels"] = np.array([1])
        masks, scores, _ = predictor.predict(**given, multimask_output=prompt.box is None)
        outline = network.outline(picture, prompt)
        assert outline.predicted_iou == pytest.approx(scores.max(), abs=1e-4)
        assert (outline.mask == masks[scores.argmax()]).mean() > 0.995
        assert 0.02 < outline.mask.mean() < 0.98


# -- what it says ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("_follows_prompts")
def test_what_a_person_names_is_present_by_that_persons_word_and_measured(
    folder: Path, tmp_path: Path
) -> None:
    asked = Arguments(classes=(CONCEPT,), boxes=(Box(low=(2, 10, 25), high=(4, 19, 39)),))
    call = CallRequest(tool="sam", arguments=asked)
    case = ct_case(tmp_path).model_copy(update={"calls": (call,)})
    run = run_expert(sam_expert(folder), case, asked)
    assert run.call.outcome is Outcome.OK, run.call.reason
    (finding,) = run.findings
    assert finding.presence is Presence.PRESENT
    assert finding.source is Source.USER
    assert finding.score is not None
    assert finding.score.scale == "predicted_iou"
    assert finding.score.operating_point is None
    assert finding.evidence[0].weights_sha256
    sizes = {m.kind: float(m.value or 0) for m in finding.measurements}
    assert abs(sizes["volume"] - 3 * 10 * 15 * 0.8 * 0.8 * 2) / 576 < 0.15


@pytest.mark.usefixtures("_follows_prompts")
def test_what_a_planner_names_is_no_evidence(folder: Path, tmp_path: Path) -> None:
    asked = Arguments(classes=(CONCEPT,), boxes=(Box(low=(2, 10, 25), high=(4, 19, 39)),))
    run = run_expert(sam_expert(folder), ct_case(tmp_path), asked)
    assert [f.presence for f in run.findings] == [Presence.INDETERMINATE]
    assert "planner's guess" in run.findings[0].text


@pytest.mark.usefixtures("_follows_prompts")
def test_without_a_concept_there_is_a_mark_and_no_finding(folder: Path, tmp_path: Path) -> None:
    run = run_expert(
        sam_expert(folder), ct_case(tmp_path), Arguments(points=(Point(at=(3, 12, 30)),))
    )
    assert run.call.outcome is Outcome.OK
    assert run.findings == ()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (Arguments(everything=True, classes=(CONCEPT,)), "not everything is of one kind"),
        (Arguments(points=(Point(at=(1, 1, 1), series="other"),)), "expected one that fits"),
        (Arguments(points=(Point(at=(1, 1, 1000)),)), "inside the image"),
    ],
)
def test_calls_that_mean_nothing_are_refused(
    folder: Path, tmp_path: Path, arguments: Arguments, why: str
) -> None:
    run = run_expert(sam_expert(folder), ct_case(tmp_path), arguments)
    assert run.call.outcome in (Outcome.ABSTAINED, Outcome.NOT_APPLICABLE)
    assert why in run.call.reason


def test_of_several_series_the_call_must_name_one(folder: Path, tmp_path: Path) -> None:
    image = ct_case(tmp_path).studies[0].series[0].images[0]
    run = run_expert(
        sam_expert(folder), case_of("CT", image, image), Arguments(points=(Point(at=(1, 1, 1)),))
    )
    assert run.call.outcome is Outcome.ABSTAINED
    assert "s1, s2" in run.call.reason


def test_medsam_takes_boxes_only(folder: Path, tmp_path: Path) -> None:
    expert = sam_expert(folder, model="medsam")
    assert expert.card.prompts == ("boxes",)
    run = run_expert(expert, ct_case(tmp_path), Arguments(points=(Point(at=(1, 1, 1)),)))
    assert run.call.outcome is Outcome.NOT_APPLICABLE


# -- how often it works, and on what ---------------------------------------------------------------


def test_a_slice_is_encoded_once_for_two_prompts(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import SamModel

    encoded = []
    real = SamModel.get_image_embeddings

    def counted(self: Any, pixels: Any) -> Any:
        encoded.append(pixels.shape)
        return real(self, pixels)

    monkeypatch.setattr(SamModel, "get_image_embeddings", counted)
    expert, case = sam_expert(folder), ct_case(tmp_path)
    expert.run(case, Arguments(points=(Point(at=(3, 12, 30)),)))
    expert.run(case, Arguments(boxes=(Box(low=(3, 5, 5), high=(3, 20, 20)),)))
    expert.run(case, Arguments(points=(Point(at=(3, 20, 20)), Point(at=(3, 2, 2), inside=False))))
    assert len(encoded) == 1
    expert.run(case, Arguments(points=(Point(at=(4, 12, 30)),)))
    # Slice 4 shows the same pixels as slice 3.
    assert len(encoded) == 1
    expert.run(case, Arguments(points=(Point(at=(0, 12, 30)),)))
    assert len(encoded) == 2


@pytest.mark.usefixtures("_follows_prompts")
def test_where_memory_does_not_suffice_everything_is_asked_for_in_smaller_parts(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import SamModel

    at_once = []

    def small(self: Any, **given: Any) -> Any:
        count = given["input_points"].shape[1]
        if count > 8:
            raise torch.OutOfMemoryError("out of memory")
        at_once.append(count)
        return tiny_sam.follow_prompt(self, **given)

    monkeypatch.setattr(SamModel, "forward", small)
    output = sam_expert(folder, points_per_side=8).run(
        ct_case(tmp_path), Arguments(everything=True)
    )
    assert max(at_once) <= 8
    assert output.masks
    assert "memory of cpu did not suffice" in output.notes[0]


def test_on_a_real_mr(folder: Path, shared_data: Path) -> None:
    from dxtrace.intake.imaging import describe_images

    reading = describe_images(shared_data / "mr_brain" / "brain1_image.nrrd")
    case = Case(id="mr", studies=(Study(id="st", series=reading.series),))
    shape = reading.series[0].shape
    assert shape is not None
    middle = tuple(n // 2 for n in shape)
    run = run_expert(
        sam_expert(folder), case, Arguments(points=(Point(at=middle),), everything=False)
    )
    assert run.call.outcome is Outcome.OK, run.call.reason


def test_a_point_outside_a_picture_is_told_as_it_was_given(folder: Path, tmp_path: Path) -> None:
    from PIL import Image as Picture

    Picture.fromarray(np.zeros((40, 50), np.uint8)).save(tmp_path / "x.png")
    image = Image(path=tmp_path / "x.png", modality="DX")
    series = Series(id="s1", modality="DX", images=(image,))
    case = Case(id="c", studies=(Study(id="st", series=(series,)),))
    with pytest.raises(ToolRefusal, match=r"got \(40, 3\)$"):
        sam_expert(folder).run(case, Arguments(points=(Point(at=(40, 3)),)))
