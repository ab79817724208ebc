"""JSON without the usual leniencies: no repeated keys, no NaN, decimals kept exact."""

import json
from decimal import Decimal
from typing import Any

from dxtrace.intake.errors import IntakeError


def parse_json(text: str) -> Any:
    """Parse JSON strictly; numbers with a point become ``Decimal``.

    Raises:
        IntakeError: naming the position.
    """
    try:
        return json.loads(
            text,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_refuse_repeated,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, character {error.colno}" if "\n" in text else (
            f"character {error.colno}"
        )  # fmt: skip
        raise IntakeError(f"expected JSON, got an error at {place}: {error.msg}") from None
    except RecursionError:
        raise IntakeError("expected JSON, got brackets nested too deeply") from None
    except ValueError as error:
        if isinstance(error, IntakeError):
            raise
        raise IntakeError(f"expected JSON, got {error}") from None


def _refuse_constant(name: str) -> None:
    raise IntakeError(f"expected a number, got {name}")


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key, value in pairs:
        if key in read:
            raise IntakeError(f"the key {key!r} is given twice")
        read[key] = value
    return read
