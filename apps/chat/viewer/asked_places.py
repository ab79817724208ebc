"""Points and boxes that experts were asked about, by whoever planned or by the visitor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apps.chat.viewer.contents import Listed, listed_series
from apps.chat.viewer.viewed import Viewed
from dxtrace.clinical import Box, Point, ToolCall


def asked_places(viewed: Viewed, listed: Listed) -> list[dict[str, Any]]:
    """What was pointed at in a series, as JSON data; each place once.

    A prompt without a series is meant for the one that fits the expert; it is told only where the
    case has a single one.

    Args:
        viewed: what may be seen.
        listed: the series.
    """
    if viewed.result is None:
        return []
    is_only = len(list(listed_series(viewed.case))) == 1
    wanted = {listed.series.id, ""} if is_only else {listed.series.id}
    axes = len(listed.series.shape or ())
    places = [
        place
        for call in viewed.result.tools
        for series, place in _places(call)
        if series in wanted and len(place["low"]) == (axes or len(place["low"]))
    ]
    return [place for n, place in enumerate(places) if place not in places[:n]]


def _places(call: ToolCall) -> Iterator[tuple[str, dict[str, Any]]]:
    prompts: tuple[Point | Box, ...] = (*call.arguments.points, *call.arguments.boxes)
    for prompt in prompts:
        low, high = _corners(prompt)
        kind = "box" if isinstance(prompt, Box) else "point"
        outside = isinstance(prompt, Point) and not prompt.inside
        words = f"{kind}{' beside what is meant' if outside else ''}, asked of {call.name}"
        yield prompt.series, {"kind": kind, "low": low, "high": high, "words": words}


def _corners(prompt: Point | Box) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return (prompt.low, prompt.high) if isinstance(prompt, Box) else (prompt.at, prompt.at)
