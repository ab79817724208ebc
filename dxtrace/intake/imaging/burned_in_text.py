"""A simple look for text in pixels: rows of small, equally high, fully bright marks."""

import itertools
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Letters on screens: as high as a reader needs, in pixels of images of usual size.
_LETTER_HEIGHT = (6, 48)
_LETTER_WIDTH = (1, 48)
# A side marker has one or two letters and identifies nobody; a name or a date has more.
_LETTERS_IN_LINE = 6
_MOST_BRIGHT = 0.2
# Letters of a line stand on it, and not further apart than a few of them are wide.
_BASE_TOLERANCE = 2
_GAP_IN_HEIGHTS = 4
# More small bright marks than a page of text has letters are noise.
_MOST_MARKS = 4000


def has_text(image: NDArray[Any]) -> bool:
    """Whether an image seems to have text written into its pixels.

    A heuristic: it may miss text, and may take ticks of a scale for text. It only ever adds a
    warning.

    Args:
        image: axes (row, column) or (row, column, 3).
    """
    from scipy import ndimage

    grey = image.max(axis=-1) if image.ndim == 3 else image  # noqa: PLR2004 - colour
    top = grey.max()
    bright = grey >= top - (float(top) - float(grey.min())) * 0.02
    if not 0 < np.count_nonzero(bright) < _MOST_BRIGHT * bright.size:
        return False
    labels, _ = ndimage.label(bright, structure=np.ones((3, 3)))
    marks = [
        (rows.stop, rows.stop - rows.start, columns.start, columns.stop)
        for rows, columns in ndimage.find_objects(labels)
        if _LETTER_HEIGHT[0] <= rows.stop - rows.start <= _LETTER_HEIGHT[1]
        and _LETTER_WIDTH[0] <= columns.stop - columns.start <= _LETTER_WIDTH[1]
    ]
    if len(marks) > _MOST_MARKS:
        return False
    marks.sort()
    return any(_is_line(marks, n) for n in range(len(marks) - _LETTERS_IN_LINE + 1))


def _is_line(marks: list[tuple[int, int, int, int]], first: int) -> bool:
    """Whether enough marks stand on the line of the first one, close together."""
    base, height = marks[first][0], marks[first][1]
    standing = []
    for bottom, high, left, right in islice(marks, first, None):
        if bottom > base + _BASE_TOLERANCE:
            break
        if 2 * abs(high - height) <= height:
            standing.append((left, right))
    standing.sort()
    run = 1
    for (_, end), (start, _) in itertools.pairwise(standing):
        run = run + 1 if start - end <= _GAP_IN_HEIGHTS * height else 1
        if run >= _LETTERS_IN_LINE:
            return True
    return False
