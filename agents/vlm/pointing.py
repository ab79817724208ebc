"""Points and boxes that a model gives in pictures, as array indices of the series in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.vlm.sight.places import NoPlaceError, Region, region_at

if TYPE_CHECKING:
    from agents.vlm.sight.picture import Picture

_CORNERS = ("left", "top", "right", "bottom")


class PointingError(ValueError):
    """A place that is none, in words for the model."""


def with_indices(arguments: Mapping[str, Any], pictures: Sequence[Picture]) -> dict[str, Any]:
    """Arguments of a call with array indices where places in pictures were given.

    Args:
        arguments: as a model wrote them; ``{"picture": 2, "x": 120, "y": 80}`` is a point,
            with ``left``, ``top``, ``right`` and ``bottom`` in the place of x and y a box, in
            pixels from the top left of that picture.
        pictures: what it was shown, in the order of their numbers.

    Raises:
        PointingError: if a place lies in no picture, or between its panels.
    """
    found = dict(arguments)
    for name, read in (("points", _point), ("boxes", _box)):
        given = found.get(name)
        if isinstance(given, list | tuple):
            found[name] = [
                read(one, pictures) if isinstance(one, Mapping) and "picture" in one else one
                for one in given
            ]
    return found


def _point(given: Mapping[str, Any], pictures: Sequence[Picture]) -> dict[str, Any]:
    picture = _picture(given, pictures)
    x, y = _pixels(given, ("x", "y"), picture)
    region = _region(picture, x, y, given)
    rest = {k: v for k, v in given.items() if k not in ("picture", "x", "y")}
    return {**rest, "at": region.index(x, y), "series": region.series}


def _box(given: Mapping[str, Any], pictures: Sequence[Picture]) -> dict[str, Any]:
    picture = _picture(given, pictures)
    left, top, right, bottom = _pixels(given, _CORNERS, picture)
    region = _region(picture, left, top, given)
    if not region.holds(right, bottom):
        raise PointingError(f"picture {given['picture']}: expected a box within one panel")
    corners = region.index(left, top), region.index(right, bottom)
    rest = {k: v for k, v in given.items() if k not in ("picture", *_CORNERS)}
    return {
        **rest, "low": tuple(map(min, *corners)), "high": tuple(map(max, *corners)),
        "series": region.series,
    }  # fmt: skip


def _picture(given: Mapping[str, Any], pictures: Sequence[Picture]) -> Picture:
    number = given["picture"]
    if isinstance(number, bool) or not isinstance(number, int):
        raise PointingError(f"picture: expected its number, got {number!r:.64}")
    if not 1 <= number <= len(pictures):
        raise PointingError(f"picture: expected one of 1 to {len(pictures)}, got {number}")
    return pictures[number - 1]


def _pixels(given: Mapping[str, Any], names: Sequence[str], picture: Picture) -> tuple[float, ...]:
    found = []
    for name in names:
        value, end = given.get(name), _end(name, picture)
        if not isinstance(value, int | float) or not 0 <= value < end:
            raise PointingError(
                f"{name}: expected a pixel from 0 to {end - 1} of picture {given['picture']}, got "
                f"{value!r:.64}"
            )
        found.append(float(value))
    return tuple(found)


def _end(name: str, picture: Picture) -> int:
    return picture.width if name in ("x", "left", "right") else picture.height


def _region(picture: Picture, x: float, y: float, given: Mapping[str, Any]) -> Region:
    try:
        return region_at(picture.regions, x, y)
    except NoPlaceError as error:
        raise PointingError(f"picture {given['picture']}: {error}") from None
