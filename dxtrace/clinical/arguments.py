"""What an expert can be asked for in a call, beyond the case itself."""

from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from dxtrace.clinical.base import Frozen

_AXES = (2, 3)
_LONGEST_WORDS = 200


def _check_axes(index: tuple[int, ...]) -> tuple[int, ...]:
    if len(index) not in _AXES:
        raise ValueError(f"expected (slice, row, column) or (row, column), got {index}")
    return index


ArrayIndex = Annotated[
    tuple[Annotated[int, Field(strict=True, ge=0)], ...], AfterValidator(_check_axes)
]
Words = Annotated[str, Field(min_length=1, max_length=_LONGEST_WORDS)]


class Point(Frozen):
    """A point in an image.

    Attributes:
        at: array index, (slice, row, column) of a series or (row, column) of a single image.
        inside: whether it lies on what is meant (True) or on what is not.
        series: id of the series; the series that fits the expert's card if empty.
    """

    at: ArrayIndex
    inside: bool = True
    series: str = ""


class Box(Frozen):
    """A box in an image.

    Attributes:
        low: first index inside, axes as in :class:`Point`.
        high: last index inside.
        series: as in :class:`Point`.

    Raises:
        ValueError: if the corners have different axes or are in the wrong order.
    """

    low: ArrayIndex
    high: ArrayIndex
    series: str = ""

    @model_validator(mode="after")
    def _validate_corners(self) -> Self:
        if len(self.low) != len(self.high):
            raise ValueError(f"expected corners of as many axes, got {self.low} and {self.high}")
        if any(a > b for a, b in zip(self.low, self.high, strict=True)):
            raise ValueError(f"expected low <= high on every axis, got {self.low} and {self.high}")
        return self


class Arguments(Frozen):
    """The arguments of a call. Empty ones ask for all that the expert does by itself.

    Attributes:
        classes: of the words that the card lists as ``arguments``, those that are wanted.
        phrases: things to look for, in words, for an expert that takes text.
        points: prompts for an expert that takes points.
        boxes: prompts for an expert that takes boxes.
        everything: mark everything that can be told apart.
    """

    classes: tuple[Words, ...] = ()
    phrases: tuple[Words, ...] = ()
    points: tuple[Point, ...] = ()
    boxes: tuple[Box, ...] = ()
    everything: bool = False

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.classes or self.phrases or self.points or self.boxes or self.everything)

    @model_serializer(mode="wrap", when_used="json")
    def _serialize_given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Only what is given: most calls have none."""
        return {name: value for name, value in handler(self).items() if value}


class CallRequest(Frozen):
    """A call that is wanted: a tool, and what it is asked for.

    Attributes:
        tool: name of the tool.
        arguments: what it is asked for.
    """

    tool: str = Field(min_length=1)
    arguments: Arguments = Arguments()
