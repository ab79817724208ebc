"""Blobs by scale: a ball is round, a tube is not, and what is cut off tells nothing."""

import numpy as np
import pytest
from scipy import ndimage

from expert_models.classical.nodule_search import _blobs_of_size, _roundness

EDGE = 41
MIDDLE = EDGE // 2


def smooth(*, tube: bool) -> np.ndarray:
    """A ball, or a tube along the last axis, of radius 3 in the middle."""
    z, y, x = np.indices((EDGE, EDGE, EDGE)) - MIDDLE
    away = z**2 + y**2 + (0 if tube else x**2)
    sharp = np.where(away <= 9, 40.0, -850.0).astype(np.float32)
    return np.asarray(ndimage.gaussian_filter(sharp, 1.7))


@pytest.mark.parametrize(("tube", "expected"), [(False, 1.0), (True, 0.0)])
def test_a_ball_is_round_and_a_tube_is_not(tube: bool, expected: float) -> None:
    places = np.full((2, 3), MIDDLE)

    assert _roundness(smooth(tube=tube), places, 1.7) == pytest.approx([expected] * 2, abs=0.02)


def test_what_lies_at_the_end_of_the_image_or_is_dark_is_not_round() -> None:
    ends = np.array([[0, MIDDLE, MIDDLE], [MIDDLE, EDGE - 1, MIDDLE]])
    dark = np.full((1, 3), MIDDLE)

    assert _roundness(smooth(tube=False), ends, 1.7).tolist() == [0.0, 0.0]
    assert _roundness(-smooth(tube=False), dark, 1.7).tolist() == [0.0]
    assert _roundness(smooth(tube=False), np.empty((0, 3), np.intp), 1.7).size == 0


def test_each_ball_gives_one_blob_of_its_own_size_at_its_place() -> None:
    places = [(12, 12, 12), (12, 30, 28), (30, 12, 25)]
    image = np.full((EDGE, EDGE, EDGE), -850.0, np.float32)
    grid = np.indices(image.shape)
    for place in places:
        image[sum((g - p) ** 2 for g, p in zip(grid, place, strict=True)) <= 4**2] = 40.0

    found = _blobs_of_size(image, np.ones(image.shape, bool), 4.0, 1)

    assert sorted(place for place, *_ in found) == places
    assert all(roundness > 0.9 for *_, roundness in found)
