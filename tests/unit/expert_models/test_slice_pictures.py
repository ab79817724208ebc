import numpy as np
import pytest

from dxtrace.clinical.volume import Volume
from expert_models.slice_pictures import brightness_of, on_grid, rgb_slice, slice_count


def _ct(body_part: str | None) -> Volume:
    voxels = np.zeros((3, 4, 5), np.int16)
    voxels[1] = [[-1350], [-600], [40], [150]]
    return Volume(voxels, modality="CT", unit="HU", body_part=body_part)


def test_ct_is_shown_in_the_window_of_its_body_part() -> None:
    chest, head, other = (_ct(part) for part in ("chest", "head", None))
    grey = rgb_slice(chest, 1, brightness_of(chest))[:, 0, 0]
    assert grey.tolist() == [0, 128, 236, 255]
    assert (brightness_of(head).low, brightness_of(head).high) == (0, 80)
    assert (brightness_of(other).low, brightness_of(other).high) == (-160, 240)


def test_a_window_that_is_asked_for_wins() -> None:
    chest = _ct("chest")
    assert brightness_of(chest, "soft_tissue").low == -160


def test_background_and_single_odd_voxels_do_not_set_the_brightness_of_an_mr() -> None:
    voxels = np.zeros((10, 40, 40), np.float32)
    voxels[:, 10:30, 10:30] = np.linspace(100, 200, 400).reshape(20, 20)
    voxels[0, 0, 0], voxels[0, 0, 1] = 1e6, np.nan
    brightness = brightness_of(Volume(voxels, modality="MR"))
    assert 99 <= brightness.low <= 102
    assert 198 <= brightness.high <= 201


def test_the_window_of_the_file_is_used_where_there_is_one() -> None:
    volume = Volume(np.zeros((4, 4), np.int16), modality="DX", windows=((100.0, 50.0),))
    assert brightness_of(volume).low == 75
    assert slice_count(volume) == 1


def test_colours_stay_and_what_is_no_number_is_black() -> None:
    colour = np.zeros((2, 2, 3), np.uint8)
    colour[0, 0] = (10, 20, 30)
    picture = Volume(colour, is_colour=True)
    assert rgb_slice(picture, 0, brightness_of(picture))[0, 0].tolist() == [10, 20, 30]
    nothing = Volume(np.full((2, 2), np.nan, np.float32))
    assert not rgb_slice(nothing, 0, brightness_of(nothing)).any()


@pytest.mark.parametrize("shape", [(3, 4, 5), (4, 5)])
def test_a_mask_of_a_slice_lies_on_that_slice(shape: tuple[int, ...]) -> None:
    volume = Volume(np.zeros(shape, np.int16))
    plane = np.zeros((4, 5), bool)
    plane[1, 2] = True
    index = 1 if len(shape) == 3 else 0
    marked = on_grid(plane, index, volume)
    assert marked.shape == shape
    assert np.argwhere(marked).tolist() == [[1, 1, 2] if len(shape) == 3 else [1, 2]]
