"""What an expert can be asked for in a call, beyond the case itself."""

from typing import Self

from pydantic import Field, model_validator

from dxtrace.clinical.base import Frozen

_PLANE, _VOLUME = 2, 3


class Point(Frozen):
    """A point in an image.

    Attributes:
        at: array index, (slice, row, column) of a series or (row, column) of a single image.
        inside: whether it lies on what is meant (True) or on what is not.
        series: id of the series; the series that fits the expert's card if empty.
    """

    at: tuple[int, ...] = Field(min_length=_PLANE, max_length=_VOLUME)
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

    low: tuple[int, ...] = Field(min_length=_PLANE, max_length=_VOLUME)
    high: tuple[int, ...] = Field(min_length=_PLANE, max_length=_VOLUME)
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

    classes: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    points: tuple[Point, ...] = ()
    boxes: tuple[Box, ...] = ()
    everything: bool = False

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.classes or self.phrases or self.points or self.boxes or self.everything)
