"""Pictures: the right slice, the right side, a true scale, and words for everything."""

import dataclasses
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dxtrace.clinical import Finding, Geometry, Laterality, Measurement, Presence
from dxtrace.clinical.volume import Mask, Volume
from dxtrace.reporting import pictures
from dxtrace.reporting.panels import Drawn
from dxtrace.reporting.pictures import MAX_PICTURE_BYTES, MAX_PICTURES, Picture, draw_pictures
from dxtrace.reporting.planes import Grid

SHAPE = (30, 60, 80)  # head-foot, front-back, right-left
SPACING = (2.0, 1.0, 1.0)
NODULE = Finding(
    id="f1", concept="pulmonary_nodule", presence=Presence.PRESENT, laterality=Laterality.RIGHT,
    measurements=(Measurement(kind="mean_diameter", value=8, low=7, high=9, unit="mm"),),
)  # fmt: skip


def geometry(directions: Any = None) -> Geometry:
    """Array axes to head, back, left; or as given, one column of LPS for each axis."""
    steps = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]], float) if directions is None else directions
    affine = np.eye(4)
    affine[:3, :3] = steps * np.array(SPACING)
    return Geometry(voxel_spacing_mm=SPACING, affine=tuple(map(tuple, affine.tolist())))


def ct(shape: tuple[int, ...] = SHAPE, **fields: Any) -> Volume:
    given = {
        "voxels": np.full(shape, -850, np.int16), "geometry": geometry(), "modality": "CT",
        "unit": "HU", **fields,
    }  # fmt: skip
    return Volume(**given)


def spot(shape: tuple[int, ...] = SHAPE, low: bool = True) -> Mask:
    """Something small at low indices of every axis, or at high ones."""
    voxels = np.zeros(shape, bool)
    voxels[tuple(slice(4, 9) if low else slice(n - 9, n - 4) for n in shape)] = True
    return Mask("nodule_1", voxels, finding="f1")


def drawn(volume: Volume, *masks: Mask, findings: tuple[Finding, ...] = (NODULE,)) -> list[Picture]:
    return list(draw_pictures(volume, masks, findings).drawn)


def opened(picture: Picture) -> Image.Image:
    return Image.open(BytesIO(picture.png)).convert("RGB")


def coloured_columns(picture: Picture, width: int) -> float:
    """Where, from 0 (left) to 1, the first outline's colour lies in the first panel."""
    pixels = np.asarray(opened(picture), int)[:, :width]
    near = np.abs(pixels - [0x56, 0xB4, 0xE9]).sum(axis=2) < 60
    return float(np.flatnonzero(near[: near.shape[0] - 60].any(axis=0)).mean() / width)


def test_a_picture_says_in_words_what_it_shows() -> None:
    (picture,) = drawn(ct(), spot())
    assert picture.title == "Pulmonary nodule, right, mean diameter 8.0 mm (7.0 to 9.0)"
    for said in (
        picture.title, "axial slice", "coronal slice", "enlarged", "A, solid, light blue",
        "Lung window, -1350 to 150 HU",
    ):  # fmt: skip
        assert said in picture.caption
    assert (picture.masks, picture.finding) == (("nodule_1",), "f1")


@pytest.mark.parametrize(
    "mirrored", [False, True], ids=["columns run to the left", "columns run to the right"]
)
def test_the_patients_right_is_on_the_left_whatever_the_array_runs_to(mirrored: bool) -> None:
    steps = np.array([[0, 0, -1 if mirrored else 1], [0, 1, 0], [1, 0, 0]], float)
    on_the_right = spot(low=not mirrored)
    (picture,) = drawn(ct(geometry=geometry(steps)), on_the_right)
    assert coloured_columns(picture, 420) < 0.4


@pytest.mark.parametrize("flip", [(1, 1, 1), (-1, 1, 1), (1, -1, -1)])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 1, 0)])
def test_any_orientation_is_turned_upright(
    order: tuple[int, int, int], flip: tuple[int, int, int]
) -> None:
    """Array axes in any order and direction: head, back and left come out the same."""
    to_lps = {0: (0, 0, 1), 1: (0, 1, 0), 2: (1, 0, 0)}  # head, back, left
    steps = np.array([np.array(to_lps[o]) * f for o, f in zip(order, flip, strict=True)], float).T
    truth = np.zeros((20, 24, 28), bool)
    truth[15:18, 3:6, 20:26] = True  # near the head, in front, on the left
    array = truth.transpose(order)
    array = np.flip(array, [a for a, f in enumerate(flip) if f < 0])
    volume = ct(voxels=array.astype(np.int16), geometry=geometry(steps))
    grid = Grid.of(volume)
    wanted = np.flip(truth, 0)  # rows run from the head to the feet
    assert np.array_equal(grid.voxels > 0, wanted)
    assert np.array_equal(grid.turn(Mask("m", array)), wanted)


def test_the_key_slice_is_the_one_with_most() -> None:
    voxels = np.zeros(SHAPE, bool)
    voxels[10, 20:24, 20:24] = True
    voxels[12, 20:40, 20:40] = True
    (picture,) = drawn(ct(), Mask("nodule_1", voxels, finding="f1"))
    assert "axial slice 18 of 30 from the head" in picture.caption  # counted from the head


def test_of_several_parts_the_slice_shows_as_many_as_it_can_and_says_what_it_lacks() -> None:
    large, small, apart = (np.zeros(SHAPE, bool) for _ in range(3))
    large[5:20, 20:40, 20:40] = True
    large[5, 15:45, 15:45] = True  # the largest area lies where the small one is not
    small[15, 45:48, 45:48] = True
    apart[28, 2:4, 2:4] = True
    masks = [Mask(n, m) for n, m in (("large", large), ("small", small), ("apart", apart))]
    (picture,) = drawn(ct(), *masks, findings=())
    assert "axial slice 15 of 30 from the head" in picture.caption
    assert "Small." in picture.caption or "Small;" in picture.caption
    assert "Apart (not in these slices)" in picture.caption


def test_more_parts_than_lines_are_counted() -> None:
    masks = [dataclasses.replace(spot(), name=f"part_{n}") for n in range(9)]
    (picture,) = drawn(ct(), *masks)
    assert "3 more part(s) are not drawn" in picture.caption


def test_a_strip_is_not_called_the_whole_image() -> None:
    image = ct(voxels=np.zeros((40, 2000)), modality="DX", unit="stored", geometry=Geometry())
    voxels = np.zeros((40, 2000), bool)
    voxels[10:20, 1500:1600] = True
    (picture,) = drawn(image, Mask("m", voxels, finding="f1"))
    assert "part of the image around it" in picture.caption


def test_without_a_spacing_there_is_no_scale_and_it_is_said() -> None:
    flat = ct((60, 80), modality="OT", unit="stored", geometry=Geometry(), voxels=np.eye(60, 80))
    (picture,) = drawn(flat, spot((60, 80)))
    assert "spacing is unknown" in picture.caption
    assert "Side unknown" in picture.caption
    scaled = dataclasses.replace(flat, geometry=Geometry(voxel_spacing_mm=(1.0, 1.0)))
    (with_bar,) = drawn(scaled, spot((60, 80)))
    assert "spacing" not in with_bar.caption
    assert with_bar.png != picture.png


@pytest.mark.parametrize(
    ("view", "orientation", "edges"),
    [
        ("pa", None, ("R", "L")),
        ("ap", None, ("R", "L")),
        ("lateral", None, None),
        (None, None, None),
        (None, "IL", ("R", "L")),
        ("pa", "IR", ("R", "L")),
        ("lateral", "IA", ("P", "A")),
    ],
)
def test_sides_of_a_radiograph_are_marked_only_where_they_are_known(
    view: str | None, orientation: str | None, edges: tuple[str, str] | None
) -> None:
    place = Geometry(voxel_spacing_mm=(0.2, 0.2), orientation=orientation)
    image = ct((60, 80), modality="DX", unit="stored", view=view, geometry=place)
    grid = Grid.of(image)
    assert grid.edges("stored") == edges
    mirrored = bool(grid.turn(Mask("m", np.arange(80)[None, :].repeat(60, 0) == 0))[0, -1])
    assert mirrored == (orientation == "IR")


def test_a_projection_is_measured_at_the_detector() -> None:
    place = Geometry(voxel_spacing_mm=(0.2, 0.2))
    image = ct((60, 80), modality="DX", unit="stored", view="pa", geometry=place)
    (picture,) = drawn(image, spot((60, 80)))
    assert "Scale at the detector" in picture.caption
    assert "convention of PA views" in picture.caption


def test_every_structure_has_a_letter_a_line_and_a_name() -> None:
    masks = []
    for number, name in enumerate(("left_lung", "right_lung", "heart")):
        voxels = np.zeros(SHAPE, bool)
        voxels[5:25, 10:50, 5 + 25 * number : 25 + 25 * number] = True
        masks.append(Mask(name, voxels))
    (picture,) = drawn(ct(), *masks, findings=())
    for said in (
        "A, solid, light blue: Left lung", "B, dashed, orange: Right lung",
        "C, dotted, yellow: Heart",
    ):  # fmt: skip
        assert said in picture.caption


def test_a_structure_and_its_parts_do_not_hide_each_other() -> None:
    masks = []
    for name, rows in (("lung", (10, 50)), ("upper_zone", (10, 30)), ("lower_zone", (30, 50))):
        voxels = np.zeros(SHAPE, bool)
        voxels[5:25, rows[0] : rows[1], 10:40] = True
        masks.append(Mask(name, voxels))
    shown = [picture.masks for picture in drawn(ct(), *masks, findings=())]
    assert shown == [("lung",), ("upper_zone", "lower_zone")]


def test_lines_differ_in_kind_and_not_only_in_colour() -> None:
    kinds = [Drawn(n, np.zeros((1, 1), bool), "").style for n in range(pictures.MAX_TOGETHER)]
    assert len({k[1] for k in kinds}) == len({k[3] for k in kinds}) == pictures.MAX_TOGETHER


def test_a_small_mark_is_enlarged_and_a_large_one_is_not() -> None:
    assert "enlarged" in drawn(ct(), spot())[0].caption
    large = np.zeros(SHAPE, bool)
    large[5:25, 10:50, 10:70] = True
    assert "enlarged" not in drawn(ct(), Mask("m", large, finding="f1"))[0].caption


def test_soft_tissue_gets_its_own_window() -> None:
    (picture,) = drawn(ct(voxels=np.full(SHAPE, 50, np.int16)), spot())
    assert "Soft-tissue window, -160 to 240 HU" in picture.caption


def test_a_picture_is_bounded_also_for_noise() -> None:
    noise = np.random.default_rng(3).integers(0, 4000, (900, 900)).astype(np.int16)
    image = ct(
        voxels=noise, modality="DX", unit="stored", geometry=Geometry(), windows=((2000, 4000),)
    )
    (picture,) = drawn(image, spot((900, 900)))
    assert len(picture.png) <= MAX_PICTURE_BYTES


def test_so_many_findings_get_only_so_many_pictures() -> None:
    findings = tuple(NODULE.model_copy(update={"id": f"f{n}"}) for n in range(40))
    masks = [dataclasses.replace(spot(), name=f"nodule_{n}", finding=f"f{n}") for n in range(40)]
    pictures = draw_pictures(ct(), masks, findings)
    assert len(pictures.drawn) == MAX_PICTURES
    assert pictures.left_out == 40 - MAX_PICTURES


@pytest.mark.parametrize(
    "volume",
    [
        ct(),
        ct(voxels=np.zeros(SHAPE)),
        ct(voxels=np.full(SHAPE, np.nan), unit="stored"),
        ct(voxels=np.where(np.arange(80) % 2, np.inf, 1.0) * np.ones(SHAPE), unit="stored"),
        ct(voxels=np.zeros(SHAPE, bool), unit="stored", modality=None),
        ct(voxels=np.zeros(SHAPE), unit="stored", windows=((0.0, 0.0),)),
        ct(geometry=Geometry()),
        ct((1, 60, 80)),
    ],
)  # fmt: skip
def test_odd_images_are_drawn_too(volume: Volume) -> None:
    voxels = np.zeros(volume.spatial_shape, bool)
    voxels[(0,) * voxels.ndim] = True  # one voxel in a corner
    (picture,) = drawn(volume, Mask("m", voxels, finding="f1"))
    assert opened(picture).width > 100


def test_a_colour_image_keeps_its_colours() -> None:
    voxels = np.zeros((60, 80, 3), np.uint8)
    voxels[...] = (200, 30, 60)
    image = ct(voxels=voxels, is_colour=True, modality="SM", unit="stored", geometry=Geometry())
    (picture,) = drawn(image, spot((60, 80)))
    assert np.abs(np.asarray(opened(picture), int)[200, 200] - (200, 30, 60)).sum() < 30


def test_an_empty_mask_has_no_picture() -> None:
    assert drawn(ct(), Mask("m", np.zeros(SHAPE, bool), finding="f1")) == []
