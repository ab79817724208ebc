"""Measurements: intervals with a unit."""

from typing import Self

from pydantic import model_validator

from dxtrace.clinical.base import Frozen, Number


class Measurement(Frozen):
    """A quantity known to lie in ``[low, high]`` (closed unless an end is marked open).

    Attributes:
        kind: what was measured: ``diameter`` (one stated size), ``long_axis``, ``short_axis``,
            ``third_axis``, ``mean_diameter``, ``solid_diameter``, ``volume``, ``ratio`` ...
            A kind that begins with ``prior_`` was measured on the earlier study.
        value: the stated or best value, if there is one.
        low: lower end; None if unbounded below.
        high: upper end; None if unbounded above.
        low_open: the lower end itself is excluded ("more than 6 mm").
        high_open: the upper end itself is excluded ("less than 6 mm").
        unit: UCUM-like unit: ``mm``, ``mm3``, ``%``, ``mo`` (months), ``a`` (years), ``1``.
        method: how it was obtained, for a reader.

    Raises:
        ValueError: if ``low > value``, ``value > high``, or no end is known.
    """

    kind: str
    value: Number | None = None
    low: Number | None = None
    high: Number | None = None
    low_open: bool = False
    high_open: bool = False
    unit: str
    method: str = "stated"

    @model_validator(mode="before")
    @classmethod
    def _fill_ends(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("value") is not None:
            given = dict(data)
            if given.get("low") is None and given.get("high") is None:
                given["low"] = given["high"] = given["value"]
            return given
        return data

    @model_validator(mode="after")
    def _validate_order(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError(f"{self.kind}: expected a value or at least one end, got neither")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"{self.kind}: expected low <= high, got {self.low} > {self.high}")
        if self.value is not None and not self._holds(self.value):
            raise ValueError(
                f"{self.kind}: expected the value inside [{self.low}, {self.high}], "
                f"got {self.value} {self.unit}"
            )
        return self

    def _holds(self, value: Number) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        if self.low is not None and self.low == self.high:
            return f"{self.low} {self.unit}"
        if self.low is None:
            return f"{'<' if self.high_open else '≤'} {self.high} {self.unit}"
        if self.high is None:
            return f"{'>' if self.low_open else '≥'} {self.low} {self.unit}"
        return f"{self.low} to {self.high} {self.unit}"
