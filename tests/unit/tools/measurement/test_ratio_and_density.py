"""Cardiothoracic ratio and attenuation."""

import numpy as np
import pytest

from dxtrace.clinical import Geometry
from dxtrace.clinical.volume import Volume
from tests.unit.tools.measurement.bodies import ball, box, by_kind, holds, scan_of
from tools.measurement import cardiothoracic_ratio, measure_density


def test_the_heart_is_half_as_wide_as_the_chest() -> None:
    heart = box((100, 200), (50, 80), (60, 140))
    chest = box((100, 200), (10, 90), (20, 180))
    found = cardiothoracic_ratio(heart, chest)
    assert found is not None
    assert (found.kind, float(found.value or 0)) == ("cardiothoracic_ratio", 0.5)
    assert holds(found, 0.5)
    assert not holds(found, 0.53)


def test_two_lungs_span_the_chest_whatever_the_spacing() -> None:
    unknown = Geometry()
    heart = box((100, 200), (50, 80), (60, 140), geometry=unknown)
    lungs = [box((100, 200), (10, 90), edge, geometry=unknown) for edge in ((20, 80), (120, 180))]
    found = cardiothoracic_ratio(heart, *lungs)
    assert found is not None
    assert float(found.value or 0) == 0.5


def test_an_unsure_edge_widens_the_ratio() -> None:
    heart = box((100, 200), (50, 80), (60, 140), boundary_mm=3.0)
    found = cardiothoracic_ratio(heart, box((100, 200), (10, 90), (20, 180)))
    assert found is not None
    assert holds(found, 0.53)


def test_wrong_masks_give_no_ratio() -> None:
    chest = box((100, 200), (10, 90), (20, 180))
    assert cardiothoracic_ratio(box((100, 200), (0, 0), (0, 0)), chest) is None
    assert cardiothoracic_ratio(box((100, 200), (5, 95), (0, 200)), chest) is None
    with pytest.raises(ValueError, match="expected the grid"):
        cardiothoracic_ratio(box((50, 50), (1, 9), (1, 9)), chest)
    with pytest.raises(ValueError, match="at least one"):
        cardiothoracic_ratio(chest)


def test_attenuation_leaves_out_the_blurred_edge() -> None:
    scan = scan_of(ball(12))
    found = by_kind(measure_density(scan.true_mask(0), scan.volume))
    assert holds(found["mean_attenuation"], 35)
    assert "edge left out" in found["mean_attenuation"].method
    assert float(found["attenuation_p90"].value or 0) > float(found["attenuation_p10"].value or 0)


def test_no_hounsfield_units_without_them() -> None:
    mask = box((4, 8, 8), (1, 3), (2, 6), (2, 6))
    assert measure_density(mask, Volume(np.zeros((4, 8, 8)), unit="stored")) == ()
    assert measure_density(mask, Volume(np.full((4, 8, 8), np.nan), unit="HU")) == ()
