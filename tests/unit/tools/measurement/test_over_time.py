"""The same lesion at two times."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.phantoms.__main__ import earlier, scan_of, shifted
from benchmarks.phantoms.chest import Chest, chest_nodule, chest_parts
from dxtrace.clinical import Geometry, Measurement
from dxtrace.clinical.volume import Mask, Volume
from tests.unit.tools.measurement.bodies import box, by_kind
from tools.measurement import (
    RegistrationError,
    match_lesions,
    measure,
    measure_growth,
    register,
)

SHIFT = (9.0, -7.0, 12.0)


def lungs_of(scan) -> Mask:  # type: ignore[no-untyped-def]
    wanted = [scan.names.index(n) for n in ("right_lung", "left_lung", "vessel")]
    return Mask("lungs", np.isin(scan.labels, wanted), scan.grid.geometry)


@pytest.mark.slow
def test_nodules_are_found_again_after_the_patient_moved() -> None:
    nodules = (
        chest_nodule("a", "right upper lobe", 12, seed=1),
        chest_nodule("b", "left lower lobe", 10, seed=2),
    )
    chest = Chest(chest_parts(3), nodules)
    now = scan_of(chest, (4.0, 2.5, 2.5), 1)
    then = shifted(scan_of(earlier(chest, 1.25), (4.0, 2.5, 2.5), 2), SHIFT)
    alignment = register(
        now.volume, then.volume, current_body=lungs_of(now), prior_body=lungs_of(then)
    )
    point = np.array([[-70.0, 0.0, 20.0]])
    assert alignment.to_prior(point) == pytest.approx(point + np.array(SHIFT[::-1]), abs=3)
    assert alignment.to_current(alignment.to_prior(point)) == pytest.approx(point, abs=1e-6)
    pairs = match_lesions(
        [now.true_mask(0), now.true_mask(1)], [then.true_mask(1), then.true_mask(0)], alignment
    )
    assert {(p.current, p.prior) for p in pairs} == {(0, 1), (1, 0)}


def placed(*ranges: tuple[int, int]) -> Mask:
    affine = ((0, 0, 1, 0), (0, 1, 0, 0), (1, 0, 0, 0), (0, 0, 0, 1))
    geometry = Geometry(voxel_spacing_mm=(1, 1, 1), affine=affine)
    return box((60, 60, 60), *ranges, geometry=geometry)


def test_new_and_gone_lesions_stay_unpaired() -> None:
    here = placed((5, 10), (5, 10), (5, 10))
    near = placed((6, 11), (7, 12), (5, 10))
    far = placed((50, 55), (50, 55), (50, 55))
    pairs = match_lesions([here, far], [near])
    assert {(p.current, p.prior) for p in pairs} == {(0, 0), (1, None)}
    assert {(p.current, p.prior) for p in match_lesions([], [near])} == {(None, 0)}
    assert match_lesions([], []) == ()


def test_of_two_near_lesions_each_gets_its_own() -> None:
    a, b = placed((5, 9), (5, 9), (5, 9)), placed((5, 9), (5, 9), (14, 18))
    a_then, b_then = placed((5, 9), (5, 9), (9, 13)), placed((5, 9), (5, 9), (18, 22))
    pairs = match_lesions([a, b], [b_then, a_then])
    assert {(p.current, p.prior) for p in pairs} == {(0, 1), (1, 0)}


def test_without_a_position_nothing_is_matched_or_registered() -> None:
    nowhere = box((9, 9, 9), (2, 5), (2, 5), (2, 5))
    with pytest.raises(ValueError, match="position in space"):
        match_lesions([nowhere], [nowhere])
    flat = Volume(np.zeros((9, 9, 9)), Geometry(), "CT", unit="HU")
    with pytest.raises(RegistrationError, match="position in space"):
        register(flat, flat)


def test_pictures_of_nothing_are_not_registered() -> None:
    geometry = placed((1, 2), (1, 2), (1, 2)).geometry
    nothing = Volume(np.zeros((60, 60, 60)), geometry, "CT", unit="HU")
    with pytest.raises(RegistrationError):
        register(nothing, replace(nothing), kind="rigid")


def sized(kind: str, value: float, off: float, unit: str) -> Measurement:
    return Measurement.model_validate(
        {"kind": kind, "value": value, "low": value - off, "high": value + off, "unit": unit}
    )


def test_growth_holds_for_every_pair_of_values() -> None:
    now = (sized("mean_diameter", 8, 0.5, "mm"), sized("volume", 268, 20, "mm3"))
    then = (sized("mean_diameter", 6, 0.5, "mm"), sized("volume", 113, 10, "mm3"))
    found = by_kind(measure_growth(now, then, days=365.25 / 2))
    assert float(found["prior_mean_diameter"].value or 0) == 6
    assert (found["mean_diameter_change"].low, found["mean_diameter_change"].high) == (1, 3)
    assert float(found["volume_change"].value or 0) == pytest.approx(137.2, abs=0.1)
    assert float(found["volume_doubling_time"].value or 0) == pytest.approx(147, abs=1)
    assert float(found["prior_interval"].value or 0) == 6
    assert "earlier study" in found["prior_volume"].method


def test_no_doubling_time_unless_it_surely_grew() -> None:
    now, then = (sized("volume", 110, 20, "mm3"),), (sized("volume", 100, 20, "mm3"),)
    found = by_kind(measure_growth(now, then, days=100))
    assert "volume_doubling_time" not in found
    low, high = found["volume_change"].low, found["volume_change"].high
    assert low is not None
    assert high is not None
    assert low < 0 < high


def test_an_open_end_gives_no_change() -> None:
    cut = box((10, 30, 30), (0, 6), (10, 20), (10, 20))
    whole = box((10, 30, 30), (2, 8), (10, 20), (10, 20))
    found = by_kind(measure_growth(measure(cut, None), measure(whole, None)))
    assert "volume_change" not in found
    assert "prior_volume" in found
    with pytest.raises(ValueError, match="positive"):
        measure_growth((), (), days=0)
