"""Numbers of structured input that no patient can have."""

from decimal import Decimal
from fractions import Fraction

from dxtrace.clinical import ConceptAttribute, Measurement
from dxtrace.intake.errors import IntakeError
from dxtrace.knowledge.units import ends_in_unit

# Physical limits where the vocabulary gives none: nothing in a body is longer than three metres or
# larger than a hundred litres, no interval longer than a life.
_LARGEST = {"mm": 3_000, "um": 3_000_000, "mm3": 100_000_000, "mo": 1_560, "a": 130}
_LARGEST_OF_ALL = 10_000_000

Exact = int | Decimal | Fraction


def check_within(attribute: ConceptAttribute, value: Exact, field: str) -> None:
    """Refuse a number that the vocabulary excludes.

    Args:
        attribute: what it is given for.
        value: the number, in the attribute's unit.
        field: for the message.

    Raises:
        IntakeError: saying what was expected.
    """
    low, high = _limits(attribute, attribute.unit)
    unit = f" {attribute.unit}" if attribute.unit not in (None, "1") else ""
    if attribute.measured_as is not None and value <= 0:
        raise IntakeError(f"expected more than 0{unit}, got {_plain(value)}", field=field)
    if (low is not None and value < low) or value > high:
        span = f"from {low:g} to {high:g}" if low is not None else f"up to {high:g}"
        raise IntakeError(f"expected a number {span}{unit}, got {_plain(value)}", field=field)


def check_measured(
    measurement: Measurement, unit: str, attribute: ConceptAttribute | None, field: str
) -> None:
    """Refuse a size that nothing has: zero, less, or beyond every body.

    Args:
        measurement: what was given; its unit converts.
        unit: the unit that the kind is measured in.
        attribute: the attribute that the kind fills, if one does.
        field: for the message.

    Raises:
        IntakeError: naming the end of the interval, with the unit as given.
    """
    value, low, high = measurement.value, measurement.low, measurement.high
    exact = value is not None and value == low == high
    for name, given in (("value", value), ("low", low), ("high", high)):
        if given is None or (exact and name != "value"):
            continue
        # "At most 6 mm" may be written with a lower end of nought.
        if given < 0 or (given == 0 and name != "low"):
            raise IntakeError(
                f"expected more than 0 {measurement.unit}, got {_plain(given)}",
                field=f"{field}.{name}",
            )
    _, largest = _limits(attribute, unit)
    for end, name in zip(ends_in_unit(measurement, unit), ("low", "high"), strict=True):
        if end is not None and end > largest:
            raise IntakeError(
                f"expected at most {largest:g} {unit}, got "
                f"{_plain(low if name == 'low' else high)} {measurement.unit}",
                field=f"{field}.{'value' if exact else name}",
            )


def _limits(attribute: ConceptAttribute | None, unit: str | None) -> tuple[float | None, float]:
    low = attribute.minimum if attribute is not None else None
    high = attribute.maximum if attribute is not None else None
    return low, high if high is not None else _LARGEST.get(unit or "1", _LARGEST_OF_ALL)


def _plain(value: Exact | None) -> str:
    return f"{float(value):g}" if isinstance(value, Fraction) else str(value)
