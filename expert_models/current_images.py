"""The images of today's examination that an expert may look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dxtrace.clinical import Case, Series
from expert_models.card import ModelCard
from expert_models.contract import matching_series
from expert_models.errors import ToolRefusal

if TYPE_CHECKING:
    from dxtrace.clinical.volume import Volume


def current_series(card: ModelCard, case: Case) -> tuple[Series, ...]:
    """The series of the newest examination that fit a card, the one with most images first.

    Args:
        card: the expert's card.
        case: the case.

    Raises:
        ToolRefusal: if no series of the newest examination fits.
    """
    days = [s.day for s in case.studies if s.day is not None and not s.is_prior]
    newest = tuple(
        s for s in case.studies
        if not s.is_prior and (s.day is None or not days or s.day == max(days))
    )  # fmt: skip
    fitting = matching_series(card, case.model_copy(update={"studies": newest}))
    if not fitting:
        raise ToolRefusal("no series of the current examination fits")
    return tuple(sorted(fitting, key=lambda s: (-len(s.images), s.id)))


def load_current(card: ModelCard, case: Case) -> Iterator[Volume]:
    """The pixels of :func:`current_series`, one series at a time."""
    from dxtrace.intake.imaging import load_volume

    for series in current_series(card, case):
        yield load_volume(series)
