"""A model points at something in a picture: the call gets the array index of that very voxel."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import AIMessage

from agents.vlm.dialects import dialect_named
from agents.vlm.offer import Offer
from agents.vlm.sight import Picture, SightBudget, pictures_for
from dxtrace.clinical import Geometry
from dxtrace.clinical.volume import Volume
from expert_models import ModelCard
from tests.unit.agents.vlm.sight.scans import (
    case_of,
    files,
    kept_mask,
    loader,
    nodule,
    pixels,
    series,
)

SHAPE = (30, 48, 64)
LESION = (9, 30, 17)
SPACING = (3.0, 1.5, 1.0)
CARD = ModelCard(name="segmenter", title="Segments", prompts=("points", "boxes"))


def lesion() -> np.ndarray[Any, Any]:
    """A small block, off the middle on every axis."""
    marked = np.zeros(SHAPE, bool)
    marked[tuple(slice(n - 1, n + 2) for n in LESION)] = True
    return marked


def placed(axes: tuple[int, int, int], signs: tuple[int, int, int]) -> Geometry:
    """The array's axes along these axes of the patient (left, back, head), this way or that."""
    rows = np.zeros((4, 4))
    rows[3, 3] = 1
    for array_axis, (axis, sign) in enumerate(zip(axes, signs, strict=True)):
        rows[axis, array_axis] = sign * SPACING[array_axis]
    affine = tuple(tuple(map(float, row)) for row in rows)
    return Geometry(voxel_spacing_mm=SPACING, affine=affine)


def bright_places(picture: Picture) -> list[tuple[float, float]]:
    """The middle of what is bright in each panel that shows it, in pixels of the picture."""
    shown = pixels(picture).min(axis=2) > 150
    found = []
    for region in picture.regions:
        if region.slice is not None and abs(region.slice[1] - LESION[region.slice[0]]) > 1:
            continue
        top, left = round(region.top), round(region.left)
        part = shown[
            top : round(region.top + region.height), left : round(region.left + region.width)
        ]
        # Words stand in the corners and at the edges; what is marked is the largest bright block.
        rows, columns = _largest(part)
        found.append((left + columns, top + rows))
    return found


def _largest(part: np.ndarray[Any, Any]) -> tuple[float, float]:
    from scipy import ndimage

    labels, count = ndimage.label(part)
    sizes = ndimage.sum_labels(part, labels, range(1, count + 1))
    rows, columns = ndimage.center_of_mass(part, labels, int(np.argmax(sizes)) + 1)
    return float(rows), float(columns)


def asked(dialect: str, pictures: tuple[Picture, ...], number: int, x: float, y: float) -> Any:
    """What a call of a model comes to that points there, as an expert is asked."""
    offer = Offer(cards=(CARD,), pictures=pictures)
    place = {"picture": number, "x": x, "y": y}
    if dialect == "tools":
        message = AIMessage(
            content="", tool_calls=[{"name": "segmenter", "args": {"points": [place]}, "id": "1"}]
        )
    elif dialect == "json":
        written = {"calls": [{"expert": "segmenter", "points": [place]}]}
        message = AIMessage(content=json.dumps(written))
    else:
        message = AIMessage(content=f"<segmenter(point: picture {number} x {x} y {y})>")
    move = dialect_named(dialect).read(message, offer)
    assert not move.problems
    (call,) = move.calls
    (point,) = call.arguments.points
    return point


@pytest.mark.parametrize("dialect", ["tools", "tokens", "json"])
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1), (1, -1, 1)])
@pytest.mark.parametrize("axes", [(2, 1, 0), (1, 0, 2), (0, 2, 1)])
@pytest.mark.parametrize("square", [False, True])
def test_the_point_lands_on_the_lesion(
    tmp_path: Path,
    dialect: str,
    axes: tuple[int, int, int],
    signs: tuple[int, int, int],
    square: bool,
) -> None:
    geometry = placed(axes, signs)
    voxels = np.where(lesion(), 255, 20).astype(np.uint8)
    volume = Volume(voxels, geometry, modality="MR", body_part="head", series="series-1")
    mask = kept_mask(tmp_path, lesion(), geometry)
    case = case_of(series("series-1", SHAPE, modality="MR"))
    sight = pictures_for(
        case, findings=(nodule(mask),), kept=files(tmp_path, mask), load=loader(series_1=volume),
        budget=SightBudget(max_pictures=6, max_edge_px=600, is_square=square),
        allow_burned_in_text=True,
    )  # fmt: skip
    hits = 0
    for number, picture in enumerate(sight.pictures, start=1):
        assert len(picture.regions) >= len(picture.shows)
        for x, y in bright_places(picture):
            point = asked(dialect, sight.pictures, number, x, y)
            assert point.series == "series-1"
            assert lesion()[point.at], (number, x, y, point)
            hits += 1
    assert hits >= 3  # without and with an outline, enlarged, in the overview


def test_a_single_image_is_pointed_at_in_rows_and_columns() -> None:
    flat = np.full((200, 300), 20, np.uint8)
    flat[150:160, 40:52] = 255
    volume = Volume(flat, Geometry(orientation="RF"), modality="XC", body_part="skin",
                    series="series-1")  # fmt: skip
    case = case_of(series("series-1", (200, 300), modality="XC"))
    sight = pictures_for(case, load=loader(series_1=volume), allow_burned_in_text=True)
    (picture, *_) = sight.pictures
    ((x, y),) = bright_places(picture)
    point = asked("tools", sight.pictures, 1, x, y)
    assert flat[point.at] == 255
    offer = Offer(cards=(CARD,), pictures=sight.pictures)
    box = {"picture": 1, "left": x - 2, "top": y - 2, "right": x + 2, "bottom": y + 2}
    (read,) = offer.call("segmenter", {"boxes": [box]}).arguments.boxes
    assert flat[read.low] == flat[read.high] == 255
    words = "; ".join(f"{k} {v}" for k, v in box.items() if k != "picture").replace(";", "")
    said = AIMessage(content=f"<segmenter(box: picture 1 {words})>")
    move = dialect_named("tokens").read(said, offer)
    assert move.calls[0].arguments.boxes == (read,)


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ({"picture": 0, "x": 1, "y": 1}, "picture: expected one of 1 to 1, got 0"),
        ({"picture": 2, "x": 1, "y": 1}, "picture: expected one of 1 to 1, got 2"),
        ({"picture": "1", "x": 1, "y": 1}, "picture: expected its number"),
        ({"picture": True, "x": 1, "y": 1}, "picture: expected its number"),
        ({"picture": 1, "x": -1, "y": 1}, "x: expected a pixel from 0 to"),
        ({"picture": 1, "x": 1, "y": 10**9}, "y: expected a pixel from 0 to"),
        ({"picture": 1, "x": float("nan"), "y": 1}, "x: expected a pixel"),
        ({"picture": 1, "x": "left", "y": 1}, "x: expected a pixel"),
        ({"picture": 1, "x": 1}, "y: expected a pixel"),
        ({"picture": 1, "x": 1, "y": 1}, "nothing of an image is at x 1, y 1"),
    ],
)
def test_a_place_that_is_none_is_one_precise_message(place: dict[str, Any], why: str) -> None:
    picture = Picture(b"", 100, 80, "", 1)
    call = {"name": "segmenter", "args": {"points": [place]}, "id": "1"}
    offer = Offer(cards=(CARD,), pictures=(picture,))
    move = dialect_named("tools").read(AIMessage(content="", tool_calls=[call]), offer)
    assert not move.calls
    assert why in move.problems[0]


def test_pictures_are_offered_for_pointing_only_where_somebody_takes_places() -> None:
    picture = Picture(b"", 100, 80, "", 1)
    for cards, pictures in product([(CARD,), (ModelCard(name="other"),)], [(), (picture,)]):
        offer = Offer(cards=cards, pictures=pictures)
        told = json.dumps(dialect_named("tools").functions(offer))
        told += dialect_named("tokens").instructions(offer)
        told += dialect_named("json").instructions(offer)
        assert ("picture 1 x 120" in told) == (cards == (CARD,) and bool(pictures))
        assert ("pixels from its top left" in told) == (cards == (CARD,) and bool(pictures))
