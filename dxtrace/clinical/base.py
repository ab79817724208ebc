"""The frozen base of everything that crosses a boundary."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer


class Frozen(BaseModel):
    """Immutable, strict about unknown fields, valid once constructed."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _as_number(value: Decimal) -> int | float:
    whole = int(value)
    return whole if value == whole else float(value)


Number = Annotated[Decimal, PlainSerializer(_as_number, return_type=int | float, when_used="json")]
"""An exact decimal; a plain number in JSON. Clinical limits are decimals, floats are not."""
