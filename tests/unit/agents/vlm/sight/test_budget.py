"""What pictures cost, and that no case, however large, costs more than it may."""

import math
import weakref
from pathlib import Path

import numpy as np
import pytest

from agents.vlm.sight import SightBudget, pictures_for
from agents.vlm.sight.montage import layout
from dxtrace.clinical import Series
from dxtrace.clinical.volume import Volume
from dxtrace.intake import IntakeError
from tests.unit.agents.vlm.sight.scans import (
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


def test_a_picture_costs_a_token_for_each_square_of_patches_and_two_more() -> None:
    budget = SightBudget(patch_px=28)
    assert budget.tokens(896, 896) == 32 * 32 + 2
    assert budget.tokens(29, 28) == 2 * 1 + 2
    assert SightBudget(fixed_tokens=256).tokens(10, 2000) == 256


@pytest.mark.parametrize("tokens", [0, 1, 37, 38, 500, 1025, 1026, 9999])
def test_the_edge_for_some_tokens_never_costs_more(tokens: int) -> None:
    budget = SightBudget()
    edge = budget.edge_for(tokens)
    assert edge is None or budget.tokens(edge, edge) <= tokens
    assert (edge is None) == (tokens < 38)


@pytest.mark.parametrize(
    "wrong",
    [{"max_pictures": 0}, {"max_edge_px": 27}, {"patch_px": 0}, {"total_tokens": 0},
     {"fixed_tokens": 0}],
    ids=str,
)  # fmt: skip
def test_a_budget_without_room_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}: expected at least"):
        SightBudget(**wrong)


HOSTILE = {
    "2,000 slices": np.zeros((2000, 24, 24), np.int16),
    "one row": np.zeros((1, 4000), np.uint8),
    "20,000 pixels wide": np.zeros((300, 20_000), np.uint8),
    "one pixel": np.zeros((1, 1), np.uint8),
    "a film": np.zeros((90, 16, 20, 3), np.uint8),
    "no numbers": np.full((3, 8, 8), np.nan, np.float32),
    "no colours": np.full((9, 8, 3), np.nan, np.float32),
    "endless": np.full((40, 40), np.inf, np.float32),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "budget",
    [SightBudget(max_pictures=3), SightBudget(total_tokens=700),
     SightBudget(max_edge_px=128, patch_px=16), SightBudget(fixed_tokens=256, is_square=True),
     SightBudget(total_tokens=10)],
    ids=["3 pictures", "700 tokens", "128 pixels", "squares", "10 tokens"],
)  # fmt: skip
def test_no_case_costs_more_than_it_may(name: str, budget: SightBudget) -> None:
    voxels = HOSTILE[name]
    is_colour = voxels.shape[-1] == 3
    volume = Volume(voxels, modality="OT", series="series-1", is_colour=is_colour)
    case = case_of(series("series-1", None, modality="OT"), question="How many? The margins?")
    sight = pictures_for(case, load=loader(series_1=volume), budget=budget)
    assert len(sight.pictures) <= budget.max_pictures
    assert sight.tokens <= budget.total_tokens
    for picture in sight.pictures:
        assert pixels(picture).shape == (picture.height, picture.width, 3)
        assert max(picture.width, picture.height) <= budget.max_edge_px
        assert picture.tokens == budget.tokens(picture.width, picture.height)
        assert picture.width == picture.height or not budget.is_square
    if budget.total_tokens == 10:
        assert sight.pictures == ()
        assert sight.notes == ("no room for 1 of 1 series: series-1",)


def test_thirty_series_are_read_one_at_a_time_and_those_without_room_never() -> None:
    alive: weakref.WeakSet[Volume] = weakref.WeakSet()
    most, read = 0, []

    def load(one: Series) -> Volume:
        nonlocal most
        volume = Volume(
            np.random.default_rng(1).integers(0, 900, (40, 32, 32)).astype(np.int16), placed(),
            modality="MR", series=one.id,
        )  # fmt: skip
        alive.add(volume)
        most, read[len(read) :] = max(most, len(alive)), [one.id]
        return volume

    many = [series(f"series-{n}", (40, 32, 32), modality="MR") for n in range(1, 31)]
    sight = pictures_for(case_of(*many), load=load, budget=SightBudget(max_pictures=8))
    assert len(sight.pictures) == 8
    assert most <= 2
    assert set(read) == {f"series-{n}" for n in range(1, 9)}
    assert "no room for 22 of 30 series: series-9, series-10, series-11, series-12, series-13, " \
        "series-14, series-15, series-16 and 14 more" in sight.notes  # fmt: skip


def test_a_series_that_cannot_be_read_is_said_and_the_others_are_shown() -> None:
    volume = chest()

    def load(one: Series) -> Volume:
        if one.id == "series-1":
            raise IntakeError("slice 3 of 60: the DICOM file is damaged")
        return volume

    sight = pictures_for(case_of(series("series-1"), series("series-2")), load=load)
    assert {s.series for p in sight.pictures for s in p.shows} == {"series-2"}
    said = "series-1 is not shown: it cannot be read: slice 3 of 60: the DICOM file is damaged"
    assert sight.notes[0] == said
    assert not any("no room" in note for note in sight.notes)


def test_many_findings_leave_room_for_an_overview(tmp_path: Path) -> None:
    masks = [kept_mask(tmp_path, ball(), placed(), name=f"nodule_{n}") for n in range(9)]
    sight = pictures_for(
        case_of(series("series-1")), kept=files(tmp_path, *masks),
        findings=[nodule(m, f"f{n}") for n, m in enumerate(masks)],
        load=loader(series_1=chest()), budget=SightBudget(max_pictures=6),
    )  # fmt: skip
    kinds = ["utlined" in p.caption for p in sight.pictures]
    assert sum(kinds) >= 3
    assert not all(kinds)
    left = [note for note in sight.notes if note.startswith("no room for what was marked of")]
    assert len(left) == 1
    assert left[0].endswith("f8")


@pytest.mark.parametrize("aspect", [0.5, 1.0, 1.4, 3.0])
@pytest.mark.parametrize("count", [1, 2, 5, 16, 300])
def test_slices_of_an_overview_fit_and_are_never_too_small(count: int, aspect: float) -> None:
    grid = layout(count, aspect, 896, 224)
    width, height = (
        (grid.size, grid.size / aspect) if aspect >= 1 else (grid.size * aspect, grid.size)
    )
    assert grid.columns * math.floor(width) + 6 * (grid.columns - 1) <= 896
    assert grid.rows * math.floor(height) + 6 * (grid.rows - 1) <= 896
    assert grid.size >= 224
