"""Places: a detector's boxes and the grids of several sequences."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'experts'")

import torch

from dxtrace.clinical import Geometry, Series
from dxtrace.clinical.volume import Volume
from expert_models import ToolRefusal
from expert_models.monai_bundle.boxes import boxes_of, filled, in_voxels
from expert_models.monai_bundle.channels import choose_series, on_one_grid

# Slices 2 mm apart, running to the feet; rows to the back, columns to the left (LPS).
AFFINE = (
    (0.0, 0.0, 0.8, -10.0),
    (0.0, 0.9, 0.0, 5.0),
    (-2.0, 0.0, 0.0, 40.0),
    (0.0, 0.0, 0.0, 1.0),
)


def _volume(shape: tuple[int, ...] = (10, 20, 30), affine: Any = AFFINE, name: str = "a") -> Volume:
    return Volume(
        np.zeros(shape, np.int16), Geometry(voxel_spacing_mm=(2.0, 0.9, 0.8), affine=affine),
        series=name,
    )  # fmt: skip


def _item(boxes: Any, affine: Any = None) -> dict[str, Any]:
    count = len(boxes)
    found = {
        "box": torch.tensor(boxes, dtype=torch.float32),
        "label": torch.zeros(count),
        "label_scores": torch.full((count,), 0.5),
    }
    image = SimpleNamespace(affine=torch.eye(4) if affine is None else torch.tensor(affine))
    return {"pred": found, "image": image}


def test_a_box_in_ras_millimetres_lies_where_it_should() -> None:
    # The network saw 1 mm voxels at their RAS place: x = -LPS x, y = -LPS y.
    (box,) = boxes_of(_item([[2.0, -20.0, 24.0, 8.0, -12.0, 34.0]]), "pred", "image")
    place = in_voxels(box, _volume())
    # LPS x -8..-2, y 12..20, z 24..34: columns 2.5..10, rows 7.8..16.7, slices 3..8.
    assert place.low == pytest.approx((3, 7 / 0.9, 2.5), abs=1e-4)
    assert place.high == pytest.approx((8, 15 / 0.9, 10), abs=1e-4)
    where = np.argwhere(filled(place, (10, 20, 30)))
    assert where.min(axis=0).tolist() == [3, 8, 3]
    assert where.max(axis=0).tolist() == [8, 16, 10]


def test_a_box_outside_the_image_marks_nothing() -> None:
    (box,) = boxes_of(_item([[500.0, 500.0, 500.0, 510.0, 510.0, 510.0]]), "pred", "image")
    assert not filled(in_voxels(box, _volume()), (10, 20, 30)).any()


def test_boxes_that_are_no_numbers_are_left_out() -> None:
    assert boxes_of(_item([[0.0, 0.0, float("nan"), 1.0, 1.0, 1.0]]), "pred", "image") == []
    assert boxes_of(_item([]), "pred", "image") == []


@pytest.mark.parametrize(
    "item",
    [
        {"pred": torch.zeros(3)},
        {"pred": {"box": torch.zeros(1, 6)}, "image": SimpleNamespace(affine=torch.eye(4))},
        {**_item([[0.0] * 6]), "image": torch.zeros(3)},
        _item([[0.0] * 4]),
    ],
)
def test_an_output_that_is_no_boxes_is_refused(item: dict[str, Any]) -> None:
    with pytest.raises(ToolRefusal, match="expected"):
        boxes_of(item, "pred", "image")


# -- several sequences -----------------------------------------------------------------------------


def test_of_two_series_of_a_sequence_the_first_is_taken() -> None:
    series = [Series(id=i, sequence=s) for i, s in (("1", "t1"), ("2", "t2"), ("3", "t1"))]
    assert [s.id for s in choose_series(series, ("t2", "t1"))] == ["2", "1"]


def test_no_sequence_is_guessed() -> None:
    with pytest.raises(ToolRefusal, match="no T1C sequence; it has none that is known"):
        choose_series([Series(id="1")], ("t1c",))


def test_the_same_grid_is_left_alone() -> None:
    one, other = _volume(), _volume(name="b")
    laid, notes = on_one_grid([one, other])
    assert laid[1] is other
    assert notes == ()


def test_another_grid_is_interpolated_to_the_same_places() -> None:
    coarse = np.array(AFFINE)
    coarse[:, 2] *= 2  # columns twice as wide
    ramp = np.broadcast_to(np.arange(16) * 2.0, (10, 20, 16)).astype(np.float32)
    other = Volume(ramp, Geometry(affine=tuple(map(tuple, coarse.tolist()))), series="b")
    laid, notes = on_one_grid([_volume(), other])
    assert laid[1].voxels[5, 5].tolist() == pytest.approx(list(range(30)), abs=1e-3)
    assert "not registered" in notes[0]


def test_a_series_elsewhere_and_one_without_a_place_are_refused() -> None:
    away = np.array(AFFINE)
    away[:3, 3] += 1000
    far = _volume(affine=tuple(map(tuple, away.tolist())), name="b")
    with pytest.raises(ToolRefusal, match="covers less than half"):
        on_one_grid([_volume(), far])
    with pytest.raises(ToolRefusal, match="place in space is known"):
        on_one_grid([_volume(), _volume(affine=None, name="b")])
