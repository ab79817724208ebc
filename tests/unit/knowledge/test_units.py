"""Units of clinical quantities: exact conversion, refusal of what does not convert."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxtrace.clinical import Measurement
from dxtrace.knowledge.units import UnitError, conversion_factor, ends_in_unit, normalised_unit

# (value, unit) that are the same quantity; the factors are those of UCUM and the SI prefixes.
SAME = [
    ("0.7", "cm", "7", "mm"),
    ("1", "m", "1000", "mm"),
    ("500", "um", "0.5", "mm"),
    ("1", "cm3", "1000", "mm3"),
    ("1", "mL", "1", "cm3"),
    ("1", "L", "1000", "mL"),
    ("2", "cm2", "200", "mm2"),
    ("50", "%", "0.5", "1"),
    ("1", "g/dL", "10", "g/L"),
    ("1", "mg/dL", "10", "mg/L"),
    ("3", "g/dL", "30000", "mg/L"),
    ("1", "mmol/L", "1000", "umol/L"),
    ("1", "g/24h", "1000", "mg/24h"),
    ("2", "wk", "14", "d"),
    ("1", "a", "12", "mo"),
    ("1", "a", "365", "d"),
]


@pytest.mark.parametrize(("value", "unit", "other_value", "other_unit"), SAME)
def test_the_same_quantity_in_two_units(
    value: str, unit: str, other_value: str, other_unit: str
) -> None:
    there, back = conversion_factor(unit, other_unit), conversion_factor(other_unit, unit)
    assert Fraction(value) * there == Fraction(other_value)
    assert Fraction(other_value) * back == Fraction(value)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("mm", "mm3"), ("mm", "mo"), ("cm2", "cm3"), ("g/dL", "mmol/L"), ("HU", "mm"), ("%", "mm"),
        ("mL/min", "mL/min/1.73m2"), ("mg/24h", "mg/L"),
    ],
)  # fmt: skip
def test_what_measures_something_else_does_not_convert(given: str, wanted: str) -> None:
    with pytest.raises(UnitError, match="expected a"):
        conversion_factor(given, wanted)


@pytest.mark.parametrize("unit", ["furlong", "m m", "mm4", "mmm", "µ", "g/dl/h"])
def test_unknown_units_are_refused_by_name(unit: str) -> None:
    with pytest.raises(UnitError, match="unknown unit"):
        normalised_unit(unit)


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        (" mm ", "mm"), ("cc", "cm3"), ("mm³", "mm3"), ("ml", "mL"), ("years", "a"), ("", "1"),
        ("months", "mo"), ("g/dl", "g/dL"), ("μmol/L", "umol/L"), ("µmol/L", "umol/L"),
        ("percent", "%"), ("hu", "HU"), ("G/DL", "g/dL"), ("Months", "mo"),
    ],
)  # fmt: skip
def test_usual_spellings_are_understood(written: str, unit: str) -> None:
    assert normalised_unit(written) == unit


@given(
    low=st.decimals(0, 100, places=3), width=st.decimals(0, 100, places=3),
    units=st.sampled_from([("cm", "mm", 10), ("mm", "cm", Fraction(1, 10)), ("mm", "mm", 1)]),
)  # fmt: skip
def test_both_ends_convert_exactly(
    low: Decimal, width: Decimal, units: tuple[str, str, Fraction]
) -> None:
    size = Measurement(kind="diameter", low=low, high=low + width, unit=units[0])
    ends = ends_in_unit(size, units[1])
    assert ends == (Fraction(low) * units[2], Fraction(low + width) * units[2])


def test_an_open_end_stays_open() -> None:
    size = Measurement(kind="diameter", low=Decimal(3), unit="cm")
    assert ends_in_unit(size, "mm") == (30, None)
