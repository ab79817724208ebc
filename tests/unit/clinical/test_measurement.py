"""Measurements: what they accept, what they refuse, how they read."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dxtrace.clinical import Measurement

DECIMALS = st.decimals(min_value=0, max_value=10_000, places=3, allow_nan=False)


def test_a_stated_value_is_a_closed_interval_of_one_point() -> None:
    size = Measurement(kind="diameter", value=Decimal("6.5"), unit="mm")
    assert (size.low, size.high) == (Decimal("6.5"), Decimal("6.5"))
    assert not size.low_open
    assert not size.high_open


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "expected a value or at least one end"),
        ({"low": 8, "high": 6}, "expected low <= high"),
        ({"value": 9, "low": 6, "high": 8}, "expected the value inside"),
        ({"value": 5, "low": 6}, "expected the value inside"),
        ({"value": "nan"}, "finite|valid"),
        ({"value": "inf"}, "finite|valid"),
        ({"value": "about six"}, "decimal|valid"),
        ({"value": 6, "colour": "red"}, "colour"),
    ],
)
def test_impossible_measurements_are_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Measurement.model_validate({"kind": "diameter", "unit": "mm", **given})


def test_a_measurement_without_a_unit_is_refused() -> None:
    with pytest.raises(ValidationError, match="unit"):
        Measurement.model_validate({"kind": "diameter", "value": 6})


def test_a_measurement_cannot_be_changed() -> None:
    size = Measurement(kind="diameter", value=Decimal(6), unit="mm")
    with pytest.raises(ValidationError):
        size.value = Decimal(7)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"value": 6}, "6 mm"),
        ({"low": 6, "high": 8}, "6 to 8 mm"),
        ({"high": 5, "high_open": True}, "< 5 mm"),
        ({"high": 5}, "≤ 5 mm"),
        ({"low": 30, "low_open": True}, "> 30 mm"),
        ({"low": 30}, "≥ 30 mm"),
    ],
)
def test_a_measurement_reads_as_a_clinician_writes_it(given: dict[str, object], words: str) -> None:
    size = Measurement.model_validate({"kind": "diameter", "unit": "mm", **given})
    assert str(size) == words


@given(a=DECIMALS, b=DECIMALS)
def test_intervals_come_back_from_json_unchanged(a: Decimal, b: Decimal) -> None:
    size = Measurement(kind="volume", low=min(a, b), high=max(a, b), unit="mm3", high_open=True)
    assert Measurement.model_validate_json(size.model_dump_json()) == size


def test_sizes_are_plain_numbers_in_json() -> None:
    size = Measurement(kind="diameter", value=Decimal("0.70"), unit="cm").model_dump(mode="json")
    assert size["value"] == 0.7
    whole = Measurement(kind="diameter", value=Decimal("7.0"), unit="mm").model_dump_json()
    assert '"value":7,' in whole
