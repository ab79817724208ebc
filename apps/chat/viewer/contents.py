"""What there is to see of a session: the list of series, before any pixel is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from apps.chat.viewer.viewed import Viewed
from dxtrace.clinical import Case, Series, Study

MAX_VIEW_BYTES = 1_000_000_000
"""Of one series in the browser: more than this a page cannot be relied on to hold."""
MAX_EDGE = 16_000
"""Pixels along a side: more than this no browser draws."""
_BYTES_OF_GREY, _BYTES_OF_COLOUR = 2, 3


@dataclass(frozen=True, slots=True)
class Listed:
    """A series of a case with its number.

    Attributes:
        number: in the order of the case, from 0; what addresses name it by.
        study: the study that it belongs to.
        series: the series.
    """

    number: int
    study: Study
    series: Series


def listed_series(case: Case | None) -> Iterator[Listed]:
    """The series of a case that hold images, numbered."""
    every = [(study, series) for study in (case.studies if case else ()) for series in study.series]
    for number, (study, series) in enumerate(every):
        if series.images:
            yield Listed(number, study, series)


def describe_contents(viewed: Viewed) -> dict[str, Any]:
    """The list of series and the findings that have a mark, as JSON data.

    Args:
        viewed: what may be seen.
    """
    return {
        "series": [_describe(listed) for listed in listed_series(viewed.case)],
        "findings": _places(viewed),
    }


def refusal_of(shape: tuple[int, ...] | None, *, is_colour: bool) -> str:
    """Why a series is not sent to a browser; empty if it is.

    Args:
        shape: (slices, rows, columns) or (rows, columns); None if nobody knows.
        is_colour: whether pixels are red, green and blue.
    """
    if shape is None:
        return ""
    size = prod(shape) * (_BYTES_OF_COLOUR if is_colour else _BYTES_OF_GREY)
    if size > MAX_VIEW_BYTES:
        return (
            f"too large for the browser: {size / 1e6:,.0f} MB of pixels, at most "
            f"{MAX_VIEW_BYTES / 1e6:,.0f} MB can be shown"
        )
    if max(shape) > MAX_EDGE:
        return (
            f"too large for the browser: {max(shape):,} pixels along a side, at most {MAX_EDGE:,}"
        )
    return ""


def _describe(listed: Listed) -> dict[str, Any]:
    study, series = listed.study, listed.series
    first = series.images[0]
    modality = series.modality or first.modality
    plain = " ".join(filter(None, (modality or "image", first.body_part)))
    words = [
        series.description or plain,
        first.view or "",
        series.sequence or "",
        str(study.day or ""),
        "prior" if study.is_prior else "",
    ]
    return {
        "number": listed.number,
        "id": series.id,
        "title": ", ".join(dict.fromkeys(filter(None, words))),
        "modality": modality,
        "day": str(study.day) if study.day else None,
        "isPrior": study.is_prior,
        "refused": refusal_of(series.shape, is_colour=bool(series.is_colour)),
    }


def _places(viewed: Viewed) -> list[dict[str, Any]]:
    """For each finding with a mask: the series and the masks, by their paths."""
    if viewed.result is None:
        return []
    numbers = {listed.series.id: listed.number for listed in listed_series(viewed.case)}
    masks = {a.path: a for a in viewed.result.artifacts if a.kind == "mask"}
    places = []
    for finding in viewed.result.findings:
        paths = [e.artifact for e in finding.evidence if e.artifact in masks]
        shown = [p for p in paths if p is not None and masks[p].series in numbers]
        if shown:
            series = masks[shown[0]].series
            places.append({"finding": finding.id, "series": numbers[series], "marks": shown})
    return places
