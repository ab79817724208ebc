"""What an answer, a report or a planner wants to state."""

from typing import Literal

from pydantic import Field

from dxtrace.clinical.base import Frozen
from dxtrace.clinical.finding import AttributeValue
from dxtrace.clinical.measurement import Measurement
from dxtrace.clinical.states import Laterality, Presence, Source


class Claim(Frozen):
    """One checkable statement.

    A *finding* claim says that a concept is present or absent (with side, attributes, sizes). A
    *category* claim says that a pack's output has a value (a category, a stage, a
    recommendation, a response).

    Attributes:
        id: unique in the case, such as ``c2``.
        kind: ``finding`` or ``category``.
        concept: concept key (finding) or output name such as ``lung_rads.category``.
        presence: claimed presence; a category that is absent is one that the case does not have.
        value: claimed value, for a category.
        laterality: claimed side.
        location: claimed site in words.
        attributes: claimed attributes.
        measurements: claimed sizes.
        source: who makes the claim.
        document: index of the report it stands in.
        span: character offsets in that report.
        text: the words themselves.
    """

    id: str
    kind: Literal["finding", "category"]
    concept: str
    presence: Presence = Presence.PRESENT
    value: str | bool | None = None
    laterality: Laterality | None = None
    location: str | None = None
    attributes: dict[str, AttributeValue] = Field(default_factory=dict)
    measurements: tuple[Measurement, ...] = ()
    source: Source = Source.PLANNER
    document: int | None = None
    span: tuple[int, int] | None = None
    text: str = ""
