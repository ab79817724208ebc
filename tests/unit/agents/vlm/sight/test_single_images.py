"""Radiographs, photographs, smears: whole, in parts where detail is asked for, never mirrored."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.vlm.sight import Sight, SightBudget, pictures_for
from agents.vlm.sight.planar import tiling
from dxtrace.clinical import Geometry
from dxtrace.clinical.volume import Volume
from dxtrace.intake import read_case
from tests.unit.agents.vlm.sight.scans import (
    case_of,
    files,
    kept_mask,
    loader,
    nodule,
    pixels,
    series,
)
from tests.unit.intake.imaging.samples import make_dicom, radiograph, save

SMALL = SightBudget(max_edge_px=448)


def seen(voxels: np.ndarray[Any, Any], question: str = "", **fields: Any) -> Sight:
    given = {"modality": "DX", "body_part": "chest", "series": "series-1", **fields}
    shape = voxels.shape[:2]
    return pictures_for(
        case_of(series("series-1", shape, modality="DX"), question=question),
        load=loader(series_1=Volume(voxels, **given)), budget=SMALL,
    )  # fmt: skip


def test_a_picture_is_shown_whole_and_once_if_no_detail_is_asked_for() -> None:
    sight = seen(radiograph(1500, 1300), "Is there a pleural effusion?", view="pa")
    (picture,) = sight.pictures
    assert (picture.width, picture.height) == (388, 448)
    assert "The whole image of 1300 x 1500 pixels, made smaller to 388 x 448" in picture.caption
    assert "sides by the convention of PA views" in picture.caption
    assert sight.notes == ()


def test_where_the_side_is_unknown_it_is_said_and_nothing_is_marked() -> None:
    (picture,) = seen(np.zeros((500, 400), np.uint8)).pictures
    assert "Side unknown: left and right cannot be told from this picture" in picture.caption
    assert not pixels(picture).any()


@pytest.mark.parametrize(
    "question",
    ["Spiculated margins?", "HOW  MANY cells are there?", "any microcalcifications", "Tube tip?"],
)
def test_parts_at_full_resolution_cover_all_of_a_large_picture(question: str) -> None:
    shape = (900, 1300)
    stored = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    whole, *parts = seen(stored, question).pictures
    assert "whole image" in whole.caption
    covered = np.zeros(shape, bool)
    for part in parts:
        words = part.caption.partition("(columns ")[2].partition(")")[0]
        columns, rows = words.split(", rows ")
        left, right = map(int, columns.split(" to "))
        top, bottom = map(int, rows.split(" to "))
        covered[top:bottom, left:right] = True
        assert "neighbouring parts overlap" in part.caption
        at_full = "at full resolution" in part.caption
        assert at_full == (right - left <= part.width)
    assert covered.all()
    assert "top left" in parts[0].caption
    assert "bottom right" in parts[-1].caption


def test_parts_show_the_very_pixels() -> None:
    stored = np.random.default_rng(0).integers(0, 255, (830, 830)).astype(np.uint8)
    stored[:2, :200], stored[-2:, :200] = 0, 255  # the window spans all greys
    first = seen(stored, "fine detail").pictures[1]
    assert "columns 0 to 448, rows 0 to 448" in first.caption
    near = pixels(first)[:, :, 0] - stored[:448, :448].astype(int)
    assert np.abs(near).max() <= 3


@pytest.mark.parametrize("most", [1, 2, 4, 9])
@pytest.mark.parametrize("shape", [(20_000, 15_000), (700, 5000), (448, 448), (500, 500)])
def test_parts_are_as_fine_as_there_is_room_for(shape: tuple[int, int], most: int) -> None:
    tiles = tiling(shape, 448, most)
    if tiles is not None:
        assert 2 <= tiles.rows * tiles.columns <= most
        assert 448 <= tiles.side < max(shape)
    assert (tiles is None) or max(shape) > 560


def test_a_small_picture_is_not_cut() -> None:
    assert len(seen(radiograph(440, 440), "tiny nodule").pictures) == 1


def test_what_was_marked_is_shown_close_without_and_with_its_outline(tmp_path: Path) -> None:
    marked = np.zeros((600, 500), bool)
    marked[100:130, 50:90] = True
    mask = kept_mask(tmp_path, marked, Geometry())
    volume = Volume(radiograph(600, 500), modality="DX", view="pa", series="series-1")
    sight = pictures_for(
        case_of(series("series-1", (600, 500), modality="DX")), findings=[nodule(mask)],
        kept=files(tmp_path, mask), load=loader(series_1=volume), budget=SMALL,
    )  # fmt: skip
    close, whole = sight.pictures[:2]
    assert "left without and right with an outline" in close.caption.lower()
    assert "Outlined: A, f1: pulmonary nodule, right" in close.caption
    assert "top left" in close.caption
    assert "whole image" in whole.caption
    blue = np.abs(pixels(close) - [0x56, 0xB4, 0xE9]).sum(axis=2) < 60
    assert blue[:, close.width // 2 :].any()
    assert not blue[:, : close.width // 2 - 4].any()


def test_bright_is_dense_in_a_radiograph_that_is_stored_the_other_way(tmp_path: Path) -> None:
    stored = radiograph()
    for name, kind, values in (("a", "MONOCHROME2", stored), ("b", "MONOCHROME1", 255 - stored)):
        dataset = make_dicom(
            values, Modality="CR", PhotometricInterpretation=kind, ViewPosition="PA",
            SOPClassUID="1.2.840.10008.5.1.4.1.1.1", ImagePositionPatient=None,
            ImageOrientationPatient=None, RescaleSlope=None, RescaleIntercept=None,
        )  # fmt: skip
        save(dataset, tmp_path / name / "x.dcm")
    one, other = (
        pixels(pictures_for(read_case(tmp_path / name).case).pictures[0]) for name in "ab"
    )
    assert np.abs(one - other).max() <= 2
    assert one[10, 10:60].mean() > one[one.shape[0] // 2, one.shape[1] // 3].mean()


def test_colour_stays_colour() -> None:
    stored = np.zeros((200, 300, 3), np.uint8)
    stored[..., 0], stored[..., 2] = 200, 90
    (picture,) = seen(stored, is_colour=True, modality="XC").pictures
    middle = pixels(picture)[picture.height // 2, picture.width // 2]
    assert np.abs(middle - [200, 0, 90]).max() <= 2
    assert "side" not in picture.caption.lower()


def test_an_earlier_radiograph_comes_after_the_current_one_and_is_called_so() -> None:
    volumes = {
        f"series_{n}": Volume(radiograph(), modality="DX", view="pa", series=f"series-{n}")
        for n in (1, 2)
    }
    case = case_of(
        series("series-1", (320, 300), modality="DX"),
        prior=(series("series-2", (320, 300), modality="DX"),),
    )
    now, then = pictures_for(case, load=loader(**volumes), budget=SMALL).pictures
    assert now.caption.startswith("Current examination, series-1")
    assert then.caption.startswith("Prior examination, 365 days earlier, series-2")


def test_the_frames_of_a_film_in_colour_are_shown_together_if_they_may_be(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 200, (6, 64, 80, 3)).astype(np.uint8)
    dataset = make_dicom(
        frames, Modality="US", SOPClassUID="1.2.840.10008.5.1.4.1.1.3.1", RescaleSlope=None,
        RescaleIntercept=None, ImagePositionPatient=None, ImageOrientationPatient=None,
    )  # fmt: skip
    save(dataset, tmp_path / "film" / "x.dcm")
    case = read_case(tmp_path / "film").case
    assert pictures_for(case).pictures == ()
    (picture,) = pictures_for(case, allow_burned_in_text=True).pictures
    assert "US" in picture.caption
    assert "6 of 6 slices, row by row: 1, 2, 3, 4, 5, 6" in picture.caption
    assert {s.slice for s in picture.shows} == set(range(6))
