"""What an MR series is weighted by, from the words of its description.

Only words of these lists count, and only our own words come out: descriptions are free text.
"""

import re
from typing import Literal, get_args

MrSequence = Literal["t1", "t1c", "t2", "flair"]
"""T1-weighted, T1-weighted after a contrast agent, T2-weighted, and T2-weighted without fluid."""
MR_SEQUENCES: tuple[MrSequence, ...] = get_args(MrSequence)

_T1 = frozenset(("t1", "t1w", "mprage", "spgr", "bravo"))
_T1C = frozenset(("t1c", "t1ce", "t1gd", "t1post"))
_T2 = frozenset(("t2", "t2w"))
_FLAIR = frozenset(("flair", "darkfluid", "tirm"))
_AFTER = frozenset(("post", "gad", "gado", "gd", "ce", "km", "contrast", "c", "postcontrast"))
_BEFORE = frozenset(("pre", "without", "no", "non", "nativ", "native", "precontrast", "wo"))
# Images that are something else, whatever else their description names.
_OTHER = frozenset((
    "dwi", "adc", "trace", "dti", "perf", "perfusion", "dsc", "dce", "swi", "swan", "tof", "mra",
    "localizer", "scout", "star", "t2star", "map", "sub", "subtraction", "bold", "asl", "gre",
))  # fmt: skip
_WORD = re.compile(r"[a-z0-9]+")


def read_mr_sequence(*texts: str, has_contrast: bool) -> MrSequence | None:
    """The weighting that the first telling text names; None if it names none or several.

    Args:
        texts: descriptions, the most specific first.
        has_contrast: whether the header names a contrast agent.
    """
    for text in texts:
        words = frozenset(_WORD.findall(text.lower()))
        if words & _OTHER:
            return None
        found = _weighting(words, has_contrast=has_contrast)
        if found is not None:
            return found
    return None


def _weighting(words: frozenset[str], *, has_contrast: bool) -> MrSequence | None:
    t1, t2 = bool(words & (_T1 | _T1C)), bool(words & _T2)
    if t1 and t2:
        return None
    if t1:
        stated = bool(words & _T1C) or (bool(words & _AFTER) and not words & _BEFORE)
        return "t1c" if stated or (has_contrast and not words & _BEFORE) else "t1"
    if words & _FLAIR:
        return "flair"
    return "t2" if t2 else None
