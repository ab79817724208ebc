"""Series as a viewer shows them: turned, never changed, with the letters of their sides."""

from typing import Any

import numpy as np
import pytest

from apps.chat.viewer.scene import Scene, describe_scene, edge_letters
from dxtrace.clinical.case import Geometry
from dxtrace.clinical.volume import Volume
from tests.viewed_phantoms import Affine, flipped, oblique, phantom, straight

SPACES = [straight(), flipped(), oblique(), oblique(-70)]


def volume(affine: Affine | None, **further: Any) -> Volume:
    spacing = None if affine is None else (3.0, 0.8, 0.7)
    geometry = Geometry(voxel_spacing_mm=spacing, affine=affine)
    fields = {"voxels": phantom(), "geometry": geometry, "series": "s", **further}
    return Volume(**fields)


@pytest.mark.parametrize("affine", SPACES)
def test_a_turned_voxel_stays_at_its_place_in_the_patient(affine: Affine) -> None:
    plain = volume(affine)
    scene = Scene.of(plain)
    facts = describe_scene(scene)
    rng = np.random.default_rng(0)
    for _ in range(50):
        at = [int(rng.integers(n)) for n in scene.shape]
        index = [0, 0, 0]
        for axis, (source, flip) in enumerate(zip(facts["order"], facts["flips"], strict=True)):
            last = facts["arrayShape"][source] - 1
            index[source] = last - at[axis] if flip else at[axis]
        assert scene.voxels[tuple(at)] == plain.voxels[tuple(index)]
        turned = np.array(scene.geometry().affine) @ [*at, 1]
        assert np.allclose(turned, np.array(affine) @ [*index, 1])


@pytest.mark.parametrize(
    ("direction", "letters"),
    [
        ((1, 0, 0), "L"), ((-1, 0, 0), "R"), ((0, 1, 0), "P"), ((0, -1, 0), "A"),
        ((0, 0, 1), "S"), ((0, 0, -1), "I"),
        ((0.95, 0.3, 0), "L"),  # 17 degrees aslant
        ((0.8, 0.6, 0), "LP"), ((-0.6, 0.8, 0), "PR"), ((0.6, -0.55, 0.58), "LSA"),
    ],
)  # fmt: skip
def test_letters_say_where_a_direction_leads(direction: tuple[float, ...], letters: str) -> None:
    assert edge_letters(np.array(direction, float)) == letters


def test_without_a_place_no_side_is_claimed() -> None:
    facts = describe_scene(Scene.of(volume(None)))
    (plane,) = facts["planes"]
    assert (plane["name"], plane["edges"], plane["pixelMm"]) == ("stored", None, None)
    assert facts["spacingMm"] is None
    assert "side unknown" in facts["notes"]
    assert any("none in millimetres" in note for note in facts["notes"])


def test_windows_are_those_of_the_unit() -> None:
    ct = describe_scene(Scene.of(volume(straight(), unit="HU", modality="CT", body_part="chest")))
    assert [w["key"] for w in ct["windows"]] == ["lung", "soft_tissue", "bone", "brain"]
    assert ct["windows"][1] | {"words": ""} == {
        "key": "soft_tissue", "words": "", "low": -160.0, "high": 240.0,
    }  # fmt: skip
    assert ct["window"] == {"low": -1350.0, "high": 150.0}  # lung, for a chest
    mr = describe_scene(Scene.of(volume(straight(), modality="MR", windows=((300.0, 600.0),))))
    assert [(w["low"], w["high"]) for w in mr["windows"]] == [(0.0, 600.0)]


def test_a_mirrored_radiograph_is_turned_and_says_so_by_its_flip() -> None:
    pixels = np.arange(12, dtype=np.uint16).reshape(3, 4)
    film = Volume(pixels, Geometry(orientation="IR"), modality="DX")
    scene = Scene.of(film)
    facts = describe_scene(scene)
    assert facts["shape"] == (1, 3, 4)
    assert facts["flips"] == (False, True)
    assert scene.voxels[0, 0].tolist() == [3, 2, 1, 0]
    assert facts["planes"][0]["edges"] == {"left": "R", "right": "L"}


def test_colours_of_sixteen_bits_are_sent_with_eight() -> None:
    deep = np.full((4, 5, 3), 65535, np.uint16)
    deep[..., 2] = 0
    shown = Scene.of(Volume(deep, is_colour=True)).shown()
    assert shown.dtype == np.uint8
    assert shown[0, 0, 0].tolist() == [255, 255, 0]
