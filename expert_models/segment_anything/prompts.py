"""Points and boxes, slice by slice: Segment Anything sees one plane at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from expert_models.arguments import Arguments, Box
from expert_models.errors import ToolRefusal

_PLANE = 2


@dataclass(frozen=True)
class PlanePrompt:
    """What points to one thing in one plane.

    Attributes:
        index: of the slice; 0 for a plane.
        points: row, column, and whether the point lies inside.
        box: first row, first column, last row, last column, all inside; None without a box.
    """

    index: int
    points: tuple[tuple[int, int, bool], ...] = ()
    box: tuple[int, int, int, int] | None = None


@dataclass(frozen=True)
class Target:
    """One thing that is pointed at, in all the slices where it is.

    Attributes:
        name: of its mask.
        prompts: one for each slice.
    """

    name: str
    prompts: tuple[PlanePrompt, ...]


def series_asked(arguments: Arguments) -> str:
    """The series that points and boxes lie on; empty if they do not say.

    Raises:
        ToolRefusal: if they name several.
    """
    named = {p.series for p in arguments.points} | {b.series for b in arguments.boxes}
    if len(named) > 1:
        raise ToolRefusal("expected points and boxes on one series; ask for each series apart")
    return named.pop() if named else ""


def targets_of(arguments: Arguments, shape: tuple[int, ...]) -> tuple[Target, ...]:
    """What the points and boxes of a call point at.

    Each box is one thing. Points that lie in a box belong to it; all others together point at one
    more thing. A box over several slices is one box in each of them.

    Args:
        arguments: with points and boxes.
        shape: (slice, row, column) or (row, column) of the image.

    Raises:
        ToolRefusal: if one lies outside the image, or only points that are not on the thing are
            left in a slice.
    """
    boxes = [_spatial(b, shape) for b in arguments.boxes]
    points = [(_index(p.at, shape), p.inside) for p in arguments.points]
    targets = []
    free = list(points)
    for number, (low, high) in enumerate(boxes, start=1):
        inside = [(at, flag) for at, flag in points if _within(at, low, high)]
        free = [point for point in free if point not in inside]
        targets.append(Target(f"box_{number}", tuple(_box_prompts(low, high, inside))))
    if free:
        targets.append(Target("points", tuple(_point_prompts(free))))
    return tuple(targets)


_Index = tuple[int, int, int]
_Marked = tuple[_Index, bool]


def _box_prompts(low: _Index, high: _Index, points: Sequence[_Marked]) -> Iterable[PlanePrompt]:
    for index in range(low[0], high[0] + 1):
        own = tuple((at[1], at[2], flag) for at, flag in points if at[0] == index)
        yield PlanePrompt(index, own, (low[1], low[2], high[1], high[2]))


def _point_prompts(points: Sequence[_Marked]) -> Iterable[PlanePrompt]:
    for index in sorted({at[0] for at, _ in points}):
        own = tuple((at[1], at[2], flag) for at, flag in points if at[0] == index)
        if not any(flag for _, _, flag in own):
            raise ToolRefusal(
                f"slice {index}: expected at least one point on the thing itself, got only points "
                f"that are not"
            )
        yield PlanePrompt(index, own)


def _within(at: _Index, low: _Index, high: _Index) -> bool:
    return all(a <= i <= b for a, i, b in zip(low, at, high, strict=True))


def _spatial(box: Box, shape: tuple[int, ...]) -> tuple[_Index, _Index]:
    return _index(box.low, shape), _index(box.high, shape)


def _index(at: tuple[int, ...], shape: tuple[int, ...]) -> _Index:
    """An array index with a slice: 0 for a plane, and for a stack of one slice if none is said."""
    given = at
    if len(given) == _PLANE and (len(shape) == _PLANE or shape[0] == 1):
        given = (0, *given)
    full = (1, *shape) if len(shape) == _PLANE else shape
    if len(given) != len(full):
        raise ToolRefusal(f"expected a (slice, row, column) of a stack, got {at}")
    if any(not 0 <= i < n for i, n in zip(given, full, strict=True)):
        raise ToolRefusal(f"expected an index inside the image of {shape} voxels, got {at}")
    return given[0], given[1], given[2]
