"""The options of an entry, checked by its family."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from dxtrace.clinical.base import Frozen

if TYPE_CHECKING:
    from expert_models.families import ExpertEntry

Options = TypeVar("Options", bound=Frozen)


def read_options(entry: ExpertEntry, kind: type[Options]) -> Options:
    """Check the options of an entry.

    Args:
        entry: the entry.
        kind: what its family expects.

    Raises:
        ValueError: naming the entry and each option that is unknown or not what it should be.
    """
    try:
        return kind.model_validate(entry.options)
    except ValidationError as error:
        wrong = "; ".join(
            f"options.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()
        )
        raise ValueError(f"{entry.name}: {wrong}") from None
