"""Volumes: the right slice, the right side, the right window, and words for all of it."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.vlm.sight import Sight, SightBudget, pictures_for
from dxtrace.clinical import Artifact, Geometry, Measurement, Presence
from dxtrace.knowledge import load_knowledge
from tests.unit.agents.vlm.sight.scans import (
    BALL,
    SHAPE,
    SPACING,
    ball,
    case_of,
    chest,
    files,
    kept_mask,
    loader,
    nodule,
    pixels,
    placed,
    series,
)

SMALL = SightBudget(max_pictures=4)


def test_a_ct_without_findings_is_shown_as_an_overview_in_the_window_of_its_part() -> None:
    two = SightBudget(max_pictures=2)
    sight = pictures_for(case_of(series("series-1")), load=loader(series_1=chest()), budget=two)
    first = sight.pictures[0].caption
    assert first.startswith("Current examination, series-1 (1 of 1), CT, chest.")
    assert "of 60 axial slices, counted from the head" in first
    assert "Lung window, -1350 to 150 HU" in first
    assert "right is on the left of the picture (marked R and L); the front is up" in first
    assert any("Soft-tissue window" in p.caption for p in sight.pictures)
    shown = {s.slice for p in sight.pictures for s in p.shows}
    assert sight.notes == (f"series-1: {len(shown)} of 60 slices are shown",)


def test_a_finding_is_shown_where_its_mask_is_largest_without_and_with_its_outline(
    tmp_path: Path,
) -> None:
    volume = chest()
    mask = kept_mask(tmp_path, ball(), placed())
    sight = pictures_for(
        case_of(series("series-1")), findings=[nodule(mask)], kept=files(tmp_path, mask),
        load=loader(series_1=volume), budget=SMALL,
    )  # fmt: skip
    first = sight.pictures[0]
    assert first.shows[0].slice == BALL[0]
    assert f"Axial slice {SHAPE[0] - BALL[0]} of 60 from the head (index {BALL[0]} in calls)" in (
        first.caption
    )
    assert "Outlined: A, f1: pulmonary nodule, right." in first.caption
    assert "Lung window" in first.caption
    shown = pixels(first)
    half = shown.shape[1] // 2
    blue = np.abs(shown - [0x56, 0xB4, 0xE9]).sum(axis=2) < 60
    assert not blue[:, : half - 4].any()
    columns = np.flatnonzero(blue[: shown.shape[0] // 3, half:].any(axis=0))
    assert columns.mean() < half / 2, "the patient's right is on the left"


def test_a_mirrored_array_is_turned(tmp_path: Path) -> None:
    volume = chest()
    affine = np.array(volume.geometry.affine)
    affine[0, 2] = -affine[0, 2]
    turned = volume.geometry.model_copy(
        update={"affine": tuple(map(tuple, affine.tolist())), "orientation": "SPR"}
    )
    flipped = dataclasses.replace(volume, voxels=volume.voxels[:, :, ::-1], geometry=turned)
    mask = kept_mask(tmp_path, ball()[:, :, ::-1], turned)
    pictures = [
        pictures_for(
            case_of(series("series-1")), findings=[nodule(a)], kept=files(tmp_path, a),
            load=loader(series_1=v), budget=SMALL,
        ).pictures
        for v, a in ((flipped, mask), (volume, kept_mask(tmp_path, ball(), placed(), name="b")))
    ]  # fmt: skip
    assert [p.png for p in pictures[0]] == [p.png for p in pictures[1]]


def shown_with(tmp_path: Path, *masks: Artifact, question: str = "", **fields: Any) -> Sight:
    """The chest with a finding for each mask."""
    return pictures_for(
        case_of(series("series-1")), question=question,
        findings=[nodule(m, f"f{n}", **fields) for n, m in enumerate(masks, start=1)],
        kept=files(tmp_path, *masks), load=loader(series_1=chest()), budget=SMALL,
    )  # fmt: skip


def broken_mask(tmp_path: Path, how: str) -> Artifact:
    if how == "empty":
        return kept_mask(tmp_path, np.zeros(SHAPE, bool), placed())
    if how == "of another shape":
        return kept_mask(tmp_path, np.ones((4, 5, 6), bool), placed())
    mask = kept_mask(tmp_path, ball(), placed())
    path = tmp_path / mask.path
    if how == "gone":
        path.unlink()
    elif how == "cut short":
        path.write_bytes(path.read_bytes()[:200])
    else:
        path.write_bytes(b"no image")
    return mask


@pytest.mark.parametrize(
    ("how", "why"),
    [("empty", "its mask is empty"), ("of another shape", "expected a mask of the shape"),
     ("gone", "its mask cannot be read"), ("cut short", "its mask cannot be read"),
     ("something else", "its mask cannot be read")],
)  # fmt: skip
def test_a_mask_that_cannot_be_shown_is_said_and_the_overview_stays(
    tmp_path: Path, how: str, why: str
) -> None:
    sight = shown_with(tmp_path, broken_mask(tmp_path, how))
    assert any(note.startswith(f"f1 is not shown: {why}") for note in sight.notes)
    assert "axial slices" in sight.pictures[0].caption


def test_what_the_question_names_comes_first_and_what_is_absent_never(tmp_path: Path) -> None:
    masks = [kept_mask(tmp_path, ball(), placed(), name=f"n{n}") for n in (1, 2, 3)]
    concepts = ("pulmonary_nodule", "lung_mass", "pulmonary_cyst")
    findings = [
        nodule(m).model_copy(update={"id": f"f{n}", "concept": c})
        for n, (m, c) in enumerate(zip(masks, concepts, strict=True), start=1)
    ]
    findings[2] = findings[2].model_copy(update={"presence": Presence.ABSENT})
    sight = pictures_for(
        case_of(series("series-1")), question="How large is the lung mass?", findings=findings,
        kept=files(tmp_path, *masks), load=loader(series_1=chest()),
        concepts=load_knowledge().vocabulary.concepts,
    )  # fmt: skip
    outlined = [p.caption for p in sight.pictures if "Outlined" in p.caption]
    assert ["f2: " in outlined[0], "f1: " in outlined[1], len(outlined)] == [True, True, 2]


def test_a_structure_is_shown_if_the_question_names_it(tmp_path: Path) -> None:
    spine = np.zeros(SHAPE, bool)
    spine[20:50, 72:84, 52:68] = True
    mask = kept_mask(tmp_path, spine, placed(), name="thoracic_spine")
    for question, is_shown in (("Is the thoracic spine straight?", True), ("An effusion?", False)):
        sight = pictures_for(
            case_of(series("series-1")), question=question, kept=files(tmp_path, mask),
            load=loader(series_1=chest()), budget=SMALL,
        )  # fmt: skip
        assert any("Outlined: A, thoracic spine" in p.caption for p in sight.pictures) is is_shown


def test_a_measurement_is_given_with_its_limits_and_free_text_is_not(tmp_path: Path) -> None:
    mask = kept_mask(tmp_path, ball(), placed())
    size = Measurement(kind="mean_diameter", value=18, low=17, high=19, unit="mm")
    caption = shown_with(
        tmp_path, mask, measurements=(size,), location="lobe of Wilhelmina", text="Smithson"
    ).pictures[0].caption  # fmt: skip
    assert "f1: pulmonary nodule, right, 17 to 19 mm" in caption
    assert "Wilhelmina" not in caption
    assert "Smithson" not in caption


def test_a_scan_acquired_from_the_side_is_shown_from_the_side(tmp_path: Path) -> None:
    volume = chest()
    sideways = np.moveaxis(volume.voxels, 2, 0)  # left, head, back
    geometry = Geometry(voxel_spacing_mm=(2.5, 3.0, 2.5), affine=(
        (2.5, 0.0, 0.0, 0.0), (0.0, 0.0, 2.5, 0.0), (0.0, 3.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0),
    ))  # fmt: skip
    mask = kept_mask(tmp_path, np.moveaxis(ball(), 2, 0), geometry)
    sight = pictures_for(
        case_of(series("series-1", sideways.shape)), findings=[nodule(mask)],
        kept=files(tmp_path, mask), budget=SMALL,
        load=loader(series_1=dataclasses.replace(volume, voxels=sideways, geometry=geometry)),
    )  # fmt: skip
    first = sight.pictures[0]
    assert f"Sagittal slice {BALL[2] + 1} of 120 from the right (index {BALL[2]} in calls)" in (
        first.caption
    )
    assert "The head is up and the front on the left" in first.caption


def test_a_small_picture_shows_the_place_alone_and_outlined(tmp_path: Path) -> None:
    mask = kept_mask(tmp_path, ball(), placed())
    sight = pictures_for(
        case_of(series("series-1")), findings=[nodule(mask)], kept=files(tmp_path, mask),
        load=loader(series_1=chest()), budget=SightBudget(2, max_edge_px=128, patch_px=16),
    )  # fmt: skip
    assert "only the part around it, outlined" in sight.pictures[0].caption
    assert (np.abs(pixels(sight.pictures[0]) - [0x56, 0xB4, 0xE9]).sum(axis=2) < 60).any()


@pytest.mark.parametrize(("degrees", "said"), [(0, ""), (5, ""), (25, "25 degrees off the axial")])
def test_slices_that_lean_are_called_oblique(degrees: int, said: str) -> None:
    turn = np.radians(degrees)
    affine = np.eye(4)
    affine[:3, :3] = np.array([
        [0, 0, 1], [np.sin(turn), np.cos(turn), 0], [np.cos(turn), -np.sin(turn), 0],
    ]) * np.array(SPACING)  # fmt: skip
    geometry = Geometry(voxel_spacing_mm=SPACING, affine=tuple(map(tuple, affine.tolist())))
    volume = dataclasses.replace(chest(), geometry=geometry)
    caption = pictures_for(case_of(series("series-1")), load=loader(series_1=volume)).pictures[0]
    assert ("oblique" in caption.caption.lower()) is bool(said)
    assert said in caption.caption


def test_a_single_slice_is_called_by_its_number() -> None:
    volume = chest()
    one = dataclasses.replace(volume, voxels=volume.voxels[40:41])
    sight = pictures_for(case_of(series("series-1", (1, 96, 120))), load=loader(series_1=one))
    assert "Axial slice 1 of 1 from the head (index 0 in calls)." in sight.pictures[0].caption
    assert "small lesions" not in sight.pictures[0].caption
