"""What a form says behind, or before, a name without a sentence: "(-)", "[ ]", ": ?", ": no"."""

import re

from dxtrace.clinical.states import Presence
from tools.report_reader.sentences import MeaningHit, Scan

_SIGN = r"(?P<sign>[-+?xyn\u2713\u2714]?)"
_BOX = rf"(?:[\[(]\s*{_SIGN}\s*[\])]|(?P<glyph>[\u2610\u2611\u2612]))"
_BOXED = re.compile(rf"\s*[:=]?\s*{_BOX}")
# Nothing behind a colon, before the next item; at a line's end it would be the title of a list.
_BARE = re.compile(r"\s*[:=]\s*(?:(?P<sign>[-_.]{1,40}|[?+ny])(?=\s*(?:[,;.|]|\Z))|(?=[,;|]))")
_BOX_BEFORE = re.compile(rf"{_BOX}\s*(?:[\w-]+\s+){{0,3}}\Z")
_BOX_FIRST = re.compile(rf"[\s*-]*{_BOX}")
_WINDOW = 60
_EMPTY_GLYPH = "\u2610"
# A minus in a box denies. A letter, a line to write on, a box without a tick: nobody can be sure.
_BY_SIGN = {"-": Presence.ABSENT, "?": Presence.INDETERMINATE, "n": Presence.UNKNOWN}
_JOINT = ' \t\n:=-([|;,"'
_SET_OFF = re.compile(r"(?:;|\s-)\W*\Z")
_COMMAS = re.compile(r"[\s,]*(?:\b(?:and/or|and|or|nor)\b|[/&+])?[\s,]*")


def signed(scan: Scan, hit: MeaningHit) -> Presence | None:
    """What a sign or a box says of a phrase; None if there is none, or if it affirms.

    In a line that begins with a box the boxes stand before their names, else behind them.
    """
    start, end = scan.sentence.start, scan.sentence.end
    if _BOX_FIRST.match(scan.text, start, end):
        window = scan.between(max(start, hit.start - _WINDOW), hit.start)
        before = _BOX_BEFORE.search(window)
        return _of_box(before) if before else None
    box = _BOXED.match(scan.text, hit.end, end)
    if box:
        return _of_box(box)
    bare = _BARE.match(scan.text, hit.end, end)
    if bare is None or bare["sign"] in ("+", "y"):
        return None
    return Presence.INDETERMINATE if bare["sign"] == "?" else Presence.UNKNOWN


def _of_box(box: re.Match[str]) -> Presence | None:
    if not (box["glyph"] or box["sign"]) or box["glyph"] == _EMPTY_GLYPH:
        return Presence.UNKNOWN
    return _BY_SIGN.get(box["sign"] or "")


def belongs_to_next(scan: Scan, answer: MeaningHit, hit: MeaningHit) -> bool:
    """Whether a word before a name answers the name before it: "effusion: no fracture: yes"."""
    if not re.match(r"\s*[:=]", scan.between(hit.end, scan.sentence.end)):
        return False
    return any(
        m.end <= answer.start and re.fullmatch(r"\s*[:=]\s*", scan.between(m.end, answer.start))
        for m in scan.hits["mention"]
    )


def answers_all(scan: Scan, hit: MeaningHit, answer: MeaningHit) -> bool:
    """Whether an answer that is set off may be that of a name so far before it.

    "Effusion, fracture - none" answers both; "right lung - nodule, left lung - none" does not.
    """
    between = scan.between(hit.end, answer.start)
    if not _SET_OFF.search(between):
        return True
    left = list(between)
    for name in scan.hits["mention"]:
        if hit.end <= name.start and name.end <= answer.start:
            start, end = name.start - hit.end, name.end - hit.end
            left[start:end] = " " * (end - start)
    rest = "".join(left).rstrip(_JOINT)
    return "," not in between.rstrip(_JOINT) or bool(_COMMAS.fullmatch(rest))
