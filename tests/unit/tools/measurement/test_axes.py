"""Long and short axis of outlines."""

import numpy as np
import pytest

from tools.measurement.axes import outline_axes, section_axes


def ellipse(a: float, b: float, turn: float) -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    points = np.stack([a * np.cos(t), b * np.sin(t)], axis=1)
    c, s = np.cos(turn), np.sin(turn)
    return points @ np.array([[c, s], [-s, c]])


@pytest.mark.parametrize("turn", [0, 0.4, 1.1, np.pi / 2, 2.5])
def test_the_axes_of_an_ellipse_are_its_axes(turn: float) -> None:
    axes = outline_axes(ellipse(6, 4, turn))
    assert axes is not None
    assert axes.long_mm == pytest.approx(12, rel=1e-3)
    assert axes.short_mm == pytest.approx(8, rel=5e-3)
    assert axes.mean_mm == pytest.approx(10, rel=3e-3)


def test_the_short_axis_stays_inside_the_longest_perpendicular_line() -> None:
    """An L is not as wide as its box."""
    corners = np.array([[0, 0], [0, 20], [3, 20], [3, 3], [10, 3], [10, 0]], float)
    axes = outline_axes(corners)
    assert axes is not None
    assert axes.long_mm == pytest.approx(np.hypot(10, 20))
    assert axes.short_mm < 8


def test_points_on_a_line_have_no_width() -> None:
    axes = outline_axes(np.array([[0.0, 0], [1, 1], [3, 3]]))
    assert axes is not None
    assert axes.short_mm == pytest.approx(0, abs=1e-9)
    assert outline_axes(np.zeros((5, 2))) is None
    assert outline_axes(np.zeros((2, 2))) is None


def test_the_largest_piece_of_a_section_counts() -> None:
    y, x = np.mgrid[0:60, 0:60]
    level = np.minimum(np.hypot(y - 20, x - 20) - 10, np.hypot(y - 50, x - 50) - 3)
    axes = section_axes(level.astype(float), (0.5, 0.5))
    assert axes is not None
    assert axes.long_mm == pytest.approx(10, abs=0.1)
    assert section_axes(np.ones((5, 5)), (1, 1)) is None
