"""Volumes: the right slice, the right side, the right window, and words for all of it."""

import dataclasses
from pathlib import Path

import numpy as np

from agents.vlm.sight import SightBudget, pictures_for
from tests.unit.agents.vlm.sight.scans import (
    BALL,
    SHAPE,
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
    sight = pictures_for(case_of(series("series-1")), load=loader(series_1=chest()), budget=SMALL)
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
