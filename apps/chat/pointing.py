"""A place that was pointed at in the images, as a call of an expert that takes one."""

from __future__ import annotations

from itertools import pairwise

from pydantic import ValidationError

from apps.chat.refusals import NotNowError
from dxtrace.clinical import Arguments, Box, CallRequest, Case, Point
from tools import ToolRegistry

_NOBODY = (
    "No expert here can be asked about a place in these images: one that takes points or boxes, "
    "such as a segmenter, has to be set up first (dxtrace experts list)."
)


def prompt_request(
    registry: ToolRegistry, case: Case, series: str, kind: str, corners: list[list[int]]
) -> CallRequest:
    """The call that asks what is at a place.

    Args:
        registry: the experts; the cheapest that fits is asked.
        case: the case.
        series: id of the series.
        kind: ``point`` or ``box``.
        corners: array indices, (slice, row, column) or (row, column): one for a point, two
            opposite ones for a box.

    Raises:
        NotNowError: if it is no place in the images, or no expert can be asked.
    """
    arguments = _arguments(series, kind, corners)
    _refuse_outside(case, series, corners)
    wanted = "boxes" if kind == "box" else "points"
    for tool in registry:
        if wanted in tool.card.prompts and tool.applicable(case) is None:
            return CallRequest(tool=tool.card.name, arguments=arguments)
    raise NotNowError(_NOBODY)


def place_words(series: str, kind: str, corners: list[list[int]]) -> str:
    """What was pointed at, in words."""
    places = " to ".join(", ".join(map(str, corner)) for corner in corners)
    return f"What is at this {kind} of {series}: {places}?"


def _arguments(series: str, kind: str, corners: list[list[int]]) -> Arguments:
    try:
        if kind == "point" and len(corners) == 1:
            return Arguments(points=(Point(at=tuple(corners[0]), series=series),))
        if kind == "box":
            [(one, other)] = pairwise(corners)
            low, high = zip(*map(sorted, zip(one, other, strict=True)), strict=True)
            return Arguments(boxes=(Box(low=tuple(low), high=tuple(high), series=series),))
    except (ValidationError, ValueError, TypeError):
        pass
    raise NotNowError("That is no point and no box in an image.")


def _refuse_outside(case: Case, series: str, corners: list[list[int]]) -> None:
    known = {s.id: s.shape for study in case.studies for s in study.series}
    shape = known.get(series)
    if series not in known or any(
        shape is not None
        and (len(c) != len(shape) or any(i >= n for i, n in zip(c, shape, strict=True)))
        for c in corners
    ):
        raise NotNowError("That place is not in the images of this case.")
