"""The options of an entry, checked by its family."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from dxtrace.clinical.base import Frozen
from expert_models.wrong_fields import wrong_fields

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
        raise ValueError(f"{entry.name}: {wrong_fields(error, kind, 'options')}") from None
