"""Pictures of what was marked: key slices, windowed, with outlines, names, sides and a scale.

Every structure has a letter, a line of its own kind and a colour, so that nothing depends on
colour alone; colours are those of Okabe and Ito, which people with colour blindness can tell apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from dxtrace.clinical import Concept, Finding, Measurement, Presence
from dxtrace.clinical.volume import Mask, Volume
from dxtrace.reporting.panels import (
    Drawn,
    Extent,
    Panel,
    compose,
    draw_panel,
    extent_of,
    square_around,
)
from dxtrace.reporting.planes import Grid, Plane, is_projection
from dxtrace.reporting.windows import choose_window

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_PICTURE_BYTES = 400_000
MAX_PICTURES = 12
"""Of one call: a page stays readable and of bounded size; the masks themselves are all kept."""
MAX_TOGETHER = 6
"""As many kinds of line as can be told apart."""
_SMALL = 0.2
"""What takes less than this part of a side is shown enlarged, too."""
_NARROW = 0.4
"""What is lower than this part of its width would be too thin to be seen."""
_MOSTLY = 0.5
_PANEL_PIXELS = 420
_LEAST_PIXELS = 180


@dataclass(frozen=True)
class Picture:
    """A picture of a finding, or of structures without one.

    Attributes:
        name: file name without suffix.
        png: the picture.
        title: what it shows.
        caption: what can be seen, in words.
        masks: names of the masks that it shows.
        finding: id of the finding, or None.
    """

    name: str
    png: bytes
    title: str
    caption: str
    masks: tuple[str, ...]
    finding: str | None = None


@dataclass(frozen=True)
class Pictures:
    """The pictures of one image.

    Attributes:
        drawn: the pictures.
        left_out: how many more there would be.
    """

    drawn: tuple[Picture, ...]
    left_out: int


def draw_pictures(
    volume: Volume,
    masks: Sequence[Mask],
    findings: Sequence[Finding],
    *,
    concepts: Mapping[str, Concept] | None = None,
) -> Pictures:
    """Draw one picture for each finding that has a mask, and one for structures without finding.

    No more than ``MAX_PICTURES``, the findings first.

    Args:
        volume: the image.
        masks: masks on it.
        findings: the findings that they belong to.
        concepts: the vocabulary, for names.
    """
    grid = Grid.of(volume)
    names = concepts or {}
    shown: list[Callable[[], Picture]] = []
    for finding in findings:
        own = [m for m in masks if m.finding == finding.id and m.voxels.any()]
        if own:
            title = _finding_title(finding, names)
            shown.append(partial(_draw, volume, grid, own, title, own[0].name, finding))
    loose = [m for m in masks if m.finding is None and m.voxels.any()]
    for group in _groups(loose):
        title = ", ".join(_mask_title(m) for m in group)
        shown.append(partial(_draw, volume, grid, group, title, f"{group[0].name}-overview", None))
    drawn = tuple(draw() for draw in shown[:MAX_PICTURES])
    return Pictures(drawn, left_out=len(shown) - len(drawn))


def _groups(masks: Sequence[Mask]) -> list[list[Mask]]:
    """Structures that go into one picture: few, and none over another, whose line it would hide."""
    groups: list[list[tuple[Mask, tuple[slice, ...]]]] = []
    for mask in masks:
        new = (mask, _box(mask.voxels))
        for group in groups:
            if len(group) < MAX_TOGETHER and not any(_lie_together(new, old) for old in group):
                group.append(new)
                break
        else:
            groups.append([new])
    return [[mask for mask, _ in group] for group in groups]


def _lie_together(a: tuple[Mask, tuple[slice, ...]], b: tuple[Mask, tuple[slice, ...]]) -> bool:
    """Whether one structure is for the most part within the other."""
    both = tuple(
        slice(max(x.start, y.start), min(x.stop, y.stop)) for x, y in zip(a[1], b[1], strict=True)
    )
    if any(s.start >= s.stop for s in both):
        return False
    shared = np.count_nonzero(a[0].voxels[both] & b[0].voxels[both])
    return bool(shared > _MOSTLY * min(np.count_nonzero(m.voxels[box]) for m, box in (a, b)))


def _box(voxels: NDArray[np.bool_]) -> tuple[slice, ...]:
    """The smallest box around what is marked."""
    box = []
    for axis in range(voxels.ndim):
        found = np.flatnonzero(voxels.any(axis=tuple(a for a in range(voxels.ndim) if a != axis)))
        box.append(slice(int(found[0]), int(found[-1]) + 1))
    return tuple(box)


def _draw(
    volume: Volume, grid: Grid, masks: list[Mask], title: str, name: str, finding: Finding | None
) -> Picture:
    shown = masks[:MAX_TOGETHER]
    turned = [grid.turn(m) for m in shown]
    words = [title if finding is not None and len(shown) == 1 else _mask_title(m) for m in shown]
    marked = turned[0] if len(turned) == 1 else np.logical_or.reduce(turned)
    window = choose_window(volume, grid.voxels, marked)
    cuts = _cuts(grid, turned, marked)
    words = [
        w if any(_is_in(grid, cut, t) for cut in cuts) else f"{w} (not in these slices)"
        for t, w in zip(turned, words, strict=True)
    ]
    drawn = [Drawn(number, t, w) for number, (t, w) in enumerate(zip(turned, words, strict=True))]
    notes = _notes(volume, grid, window)
    if len(masks) > len(shown):
        notes.append(f"{len(masks) - len(shown)} more part(s) are not drawn")
    png = b""
    pixels = _PANEL_PIXELS
    while True:
        panels = [draw_panel(grid, cut, drawn, window=window, size=pixels) for cut in cuts]
        png = _encoded(compose(panels, drawn, title=title, notes=notes))
        if len(png) <= MAX_PICTURE_BYTES or pixels <= _LEAST_PIXELS:
            break
        pixels = int(pixels * 0.8)
    caption = _caption(title, cuts, drawn, notes)
    return Picture(
        name, png, title, caption, tuple(m.name for m in shown),
        finding.id if finding is not None else None,
    )  # fmt: skip


def _caption(title: str, cuts: list[Panel], drawn: list[Drawn], notes: list[str]) -> str:
    """All that the picture says, for those who do not see it."""
    named = [f"{d.letter}, {d.line_words}" for d in drawn]
    if len(drawn) > 1 or drawn[0].words != title:
        named = [f"{n}: {d.words}" for n, d in zip(named, drawn, strict=True)]
    sentences = [title, f"Shown: {'; '.join(cut.words for cut in cuts)}"]
    sentences.append(f"Outlined: {'; '.join(named)}")
    sentences += [_capitalized(note, keep=True) for note in notes]
    return ". ".join(sentences) + "."


def _is_in(grid: Grid, cut: Panel, mark: NDArray[np.bool_]) -> bool:
    """Whether a panel shows any of a mark."""
    area = grid.cut(mark, cut.plane, cut.index)
    return bool(
        (area if cut.crop is None else area[slice(*cut.crop[0]), slice(*cut.crop[1])]).any()
    )


def _cuts(grid: Grid, marks: Sequence[NDArray[np.bool_]], marked: NDArray[np.bool_]) -> list[Panel]:
    """The slices to show: each plane whole; the first one enlarged, too, if the mark is small.

    Of a plane that would be a narrow strip only the part around the mark is shown.
    """
    cuts = []
    for plane in grid.planes():
        index = grid.key_slice(marks, plane)
        area = grid.cut(marked, plane, index)
        extent = extent_of(area)
        part = max((e - b) / n for (b, e), n in zip(extent, area.shape, strict=True))
        is_small = part < _SMALL
        strip = _strip(extent, area.shape, grid.pixel_mm(plane))
        words, label = _plane_words(grid, plane, index, is_part=strip is not None)
        box = extent if is_small and strip is None else None
        cuts.append(Panel(plane, index, words, label, strip, box))
        if is_small and len(cuts) == 1:
            crop = square_around(extent, area.shape, grid.pixel_mm(plane))
            cuts.append(Panel(plane, index, "the same enlarged", "enlarged", crop, None))
    return cuts


def _strip(
    extent: Extent, shape: tuple[int, ...], pixel_mm: tuple[float, float] | None
) -> Extent | None:
    """The part of a narrow strip around what is marked, or None if the slice is no strip."""
    row_mm, column_mm = pixel_mm or (1.0, 1.0)
    height, width = shape[0] * row_mm, shape[1] * column_mm
    if height >= width * _NARROW:
        return None
    begin, end = extent[1]
    wanted = max(end - begin, round(height / _NARROW / column_mm))
    first = min(max(0, (begin + end - wanted) // 2), max(0, shape[1] - wanted))
    return (0, shape[0]), (first, min(shape[1], first + wanted))


def _plane_words(grid: Grid, plane: Plane, index: int, *, is_part: bool) -> tuple[str, str]:
    """For the caption, and in short."""
    if not grid.is_volume:
        return ("the part of the image around it", "part") if is_part else ("the whole image", "")
    return grid.slice_words(plane, index), grid.slice_label(plane, index)


def _notes(volume: Volume, grid: Grid, window: Any) -> list[str]:
    notes = [window.words] if window.words else []
    if grid.side_note:
        notes.append(grid.side_note)
    if grid.spacing_mm is None:
        notes.append("no scale, as the spacing is unknown")
    elif is_projection(volume):
        notes.append("scale at the detector")
    return notes


def _finding_title(finding: Finding, concepts: Mapping[str, Concept]) -> str:
    concept = concepts.get(finding.concept)
    name = concept.name if concept else finding.concept.replace("_", " ")
    parts = [_capitalized(name)]
    if finding.presence is not Presence.PRESENT:
        parts.append(str(finding.presence))
    site = finding.location or (str(finding.laterality) if finding.laterality else "")
    parts += [site] if site else []
    chief = finding.measurement
    if chief is not None:
        kind = "" if chief.kind == "diameter" else f"{chief.kind.replace('_', ' ')} "
        parts.append(f"{kind}{_size(chief)}")
    return ", ".join(parts)


def _mask_title(mask: Mask) -> str:
    return _capitalized(mask.title or mask.name.replace("_", " "))


def _capitalized(words: str, *, keep: bool = False) -> str:
    """Sentence case; abbreviations such as CT stay, and all words where ``keep`` says so."""
    lowered = (
        words if keep else " ".join(w.lower() if w[1:].islower() else w for w in words.split(" "))
    )
    return lowered[:1].upper() + lowered[1:]


def _size(measurement: Measurement) -> str:
    """``8.2 mm (7.8 to 8.6)``: as many places as can be read."""
    m = measurement
    if m.value is None or m.low is None or m.high is None or m.low == m.high:
        return str(m)
    return f"{float(m.value):.1f} {m.unit} ({float(m.low):.1f} to {float(m.high):.1f})"


def _encoded(image: Any) -> bytes:
    stream = BytesIO()
    image.quantize(colors=192, dither=0).save(stream, "PNG", optimize=True)
    return stream.getvalue()
