"""An earlier CT beside the current one: the same place, whatever the scanner called it."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from agents.vlm.sight import Sight, SightBudget, pictures_for
from dxtrace.clinical.volume import Volume
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
    placed,
    series,
)

SHIFT = 6


def shifted() -> Volume:
    """The same chest, fewer slices, in other coordinates."""
    volume = chest()
    voxels = volume.voxels[SHIFT:]
    return dataclasses.replace(volume, voxels=voxels, geometry=placed(origin=200.0))


def pair(tmp_path: Path, prior: Volume) -> Sight:
    mask = kept_mask(tmp_path, ball(), placed())
    case = case_of(series("series-1"), prior=(series("series-2", prior.voxels.shape),))
    return pictures_for(
        case, findings=[nodule(mask)], kept=files(tmp_path, mask),
        load=loader(series_1=chest(), series_2=prior), budget=SightBudget(max_pictures=4),
    )  # fmt: skip


def test_the_same_place_is_found_in_an_earlier_volume(tmp_path: Path) -> None:
    beside = pair(tmp_path, shifted()).pictures[1]
    assert "Left current, right prior" in beside.caption
    assert "matched by a rigid registration" in beside.caption
    assert "Prior examination, 365 days earlier, series-2" in beside.caption
    now, then = beside.shows
    assert (now.series, now.slice) == ("series-1", BALL[0])
    assert then.series == "series-2"
    assert then.slice is not None
    assert abs(then.slice - (BALL[0] - SHIFT)) <= 2


def test_slices_of_the_earlier_overview_fit_those_of_the_current_one(tmp_path: Path) -> None:
    sight = pair(tmp_path, shifted())
    (earlier,) = [p for p in sight.pictures if p.caption.startswith("Prior examination")]
    assert "Chosen to fit slices" in earlier.caption
    now = sorted(
        {s.slice or 0 for p in sight.pictures[2:] for s in p.shows if s.series == "series-1"}
    )
    then = sorted({s.slice or 0 for s in earlier.shows})
    fitting = [n - SHIFT for n in now if 0 <= n - SHIFT < SHAPE[0] - SHIFT]
    assert len(then) >= len(fitting) - 3
    assert np.abs(np.subtract.outer(then, fitting)).min(axis=1).max() <= 3


def test_an_earlier_volume_without_a_place_is_matched_by_its_share_and_that_is_said(
    tmp_path: Path,
) -> None:
    unplaced = dataclasses.replace(chest(), geometry=chest().geometry.model_copy(
        update={"affine": None, "voxel_spacing_mm": None, "orientation": None}))  # fmt: skip
    beside = pair(tmp_path, unplaced).pictures[1]
    assert "need not be the same" in beside.caption


def test_a_place_that_the_earlier_volume_does_not_reach_is_said(tmp_path: Path) -> None:
    low = chest()
    short = dataclasses.replace(low, voxels=low.voxels[:30])
    sight = pair(tmp_path, short)
    assert not any("side by side" in p.caption for p in sight.pictures)
    assert "f1 is not shown on the prior: series-2 does not reach there" in sight.notes


@pytest.mark.parametrize("shape", [(1, 20, 20), (3, 8, 8), (2, 1, 1), (12, 30, 30, 3)], ids=str)
@pytest.mark.parametrize("value", [0.0, np.nan], ids=["empty", "no numbers"])
@pytest.mark.filterwarnings("error")
def test_an_earlier_volume_that_is_none_breaks_nothing(
    tmp_path: Path, shape: tuple[int, ...], value: float
) -> None:
    voxels = np.full(shape, value, np.float32)
    odd = Volume(voxels, placed(), modality="CT", unit="HU", is_colour=len(shape) == 4)
    sight = pair(tmp_path, odd)
    assert "Outlined: A, f1" in sight.pictures[0].caption
