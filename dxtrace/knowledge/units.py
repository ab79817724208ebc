"""Units of clinical quantities: what converts into what. Source: UCUM, SI prefixes."""

from fractions import Fraction

from dxtrace.clinical.measurement import Measurement

UNIT_WORDS = {"a": "years", "mo": "months", "1": "", "mm2": "mm²", "mm3": "mm³"}
"""How people write units whose UCUM code is not what they read."""

# unit -> (dimension, size in the dimension's base unit)
_UNITS: dict[str, tuple[str, Fraction]] = {
    "mm": ("length", Fraction(1)),
    "cm": ("length", Fraction(10)),
    "m": ("length", Fraction(1000)),
    "um": ("length", Fraction(1, 1000)),
    "mm2": ("area", Fraction(1)),
    "cm2": ("area", Fraction(100)),
    "mm3": ("volume", Fraction(1)),
    "cm3": ("volume", Fraction(1000)),
    "mL": ("volume", Fraction(1000)),
    "L": ("volume", Fraction(1_000_000)),
    "1": ("ratio", Fraction(1)),
    "%": ("ratio", Fraction(1, 100)),
    "HU": ("attenuation", Fraction(1)),
    "d": ("time", Fraction(1)),
    "wk": ("time", Fraction(7)),
    "mo": ("time", Fraction(365, 12)),
    "a": ("time", Fraction(365)),
    "g/L": ("mass concentration", Fraction(1)),
    "g/dL": ("mass concentration", Fraction(10)),
    "mg/L": ("mass concentration", Fraction(1, 1000)),
    "mg/dL": ("mass concentration", Fraction(1, 100)),
    "mmol/L": ("substance concentration", Fraction(1)),
    "umol/L": ("substance concentration", Fraction(1, 1000)),
    "mL/min": ("flow", Fraction(1)),
    "mL/min/1.73m2": ("indexed flow", Fraction(1)),
    "mg/24h": ("mass rate", Fraction(1)),
    "g/24h": ("mass rate", Fraction(1000)),
    "/min": ("rate", Fraction(1)),
    "Cel": ("temperature", Fraction(1)),
}
_SPELLINGS = {
    "": "1", "percent": "%", "ml": "mL", "cc": "cm3", "mm^3": "mm3", "mm³": "mm3", "cm^3": "cm3",
    "cm³": "cm3", "l": "L", "month": "mo", "months": "mo", "year": "a", "years": "a", "yr": "a",
    "y": "a", "day": "d", "days": "d", "week": "wk", "weeks": "wk", "µmol/L": "umol/L",
    "μmol/L": "umol/L", "umol/l": "umol/L", "mmol/l": "mmol/L", "g/l": "g/L", "g/dl": "g/dL",
    "mg/l": "mg/L", "mg/dl": "mg/dL", "mg/24 h": "mg/24h", "mg/d": "mg/24h", "g/d": "g/24h",
    "ml/min": "mL/min", "hu": "HU", "µm": "um", "{ratio}": "1", "ratio": "1",
}  # fmt: skip

_UCUM = {
    "HU": "[hnsf'U]", "mL/min/1.73m2": "mL/min/{1.73_m2}", "mg/24h": "mg/(24.h)",
    "g/24h": "g/(24.h)",
}  # fmt: skip
"""Units that UCUM itself writes otherwise."""


class UnitError(ValueError):
    """A unit that is unknown or that does not convert into the one expected."""


def normalised_unit(unit: str) -> str:
    """The UCUM-like spelling of a unit.

    Raises:
        UnitError: if the unit is not known.
    """
    text = unit.strip()
    for candidate in (text, _SPELLINGS.get(text), _SPELLINGS.get(text.lower())):
        if candidate in _UNITS:
            return str(candidate)
    raise UnitError(f"unknown unit {unit!r}; known are {', '.join(sorted(_UNITS))}")


def ucum_code(unit: str) -> str:
    """The code of a unit in UCUM, for other systems.

    Raises:
        UnitError: if the unit is not known.
    """
    known = normalised_unit(unit)
    return _UCUM.get(known, known)


def unit_of_ucum(code: str) -> str:
    """The unit that has this code in UCUM; the code itself if we write it the same way."""
    return next((unit for unit, ucum in _UCUM.items() if ucum == code), code)


def conversion_factor(given: str, wanted: str) -> Fraction:
    """The exact factor from one unit to another.

    Raises:
        UnitError: if either is unknown or they measure different things.
    """
    dimension, size = _UNITS[normalised_unit(given)]
    wanted_dimension, wanted_size = _UNITS[normalised_unit(wanted)]
    if dimension != wanted_dimension:
        raise UnitError(f"expected a {wanted_dimension} in {wanted}, got {given} ({dimension})")
    return size / wanted_size


def ends_in_unit(measurement: Measurement, unit: str) -> tuple[Fraction | None, Fraction | None]:
    """The ends of a measurement's interval in another unit, exactly.

    Raises:
        UnitError: if the units do not convert.
    """
    factor = conversion_factor(measurement.unit, unit)
    low = None if measurement.low is None else Fraction(measurement.low) * factor
    high = None if measurement.high is None else Fraction(measurement.high) * factor
    return low, high
