"""Numbers of lesions that are not exact: "one or two", "up to three", "no more than two"."""

import re

from tools.report_reader.numbers import NUMBERS_IN_WORDS

_WORDS = {"no": 0, "none": 0, "zero": 0} | {
    word: number for word, number in NUMBERS_IN_WORDS.items() if word != "a"
}
_N = rf"(?:\d{{1,2}}|{'|'.join(sorted(_WORDS, key=len, reverse=True))})"
_UNITS = "mm|cm|x|by|to|of|weeks?|months?|years?|days?|hours?|pack"
_END = rf"\s+(?!(?:{_UNITS})\b)(?:[\w/-]+[\s,]+){{0,3}}?\Z"
_RANGE = re.compile(
    rf"(?<![\w.,/-])(?:between\s+(?P<low>{_N})\s+and\s+|(?P<from>{_N})(?:\s*-\s*|\s+(?:to|or)\s+))"
    rf"(?P<high>{_N}){_END}"
)
_MOST = re.compile(
    r"(?:(?<!\w)(?:up to|at most|no more than|not more than|fewer than|less than|(?:a )?maximum of)"
    rf"\s+|[<\u2264]\s*){_N}{_END}"
)
_LEAST = re.compile(
    rf"(?:(?<!\w)(?P<word>at least|no fewer than|no less than|more than)\s+|(?P<sign>[>\u2265])\s*)"
    rf"(?P<low>{_N}){_END}"
)
# Numbers that name a place, a picture or a category, and count nothing.
_NAMED = re.compile(
    r"\b(?:segments?|levels?|stations?|series|images?|slices?|ribs?|zones?|grades?|[tlc]"
    r"|(?:ti|li|lung)[\s-]?rads|tr|lr|categor(?:y|ies))\s+\Z"
)


def least_number(before: str) -> int | None:
    """The least number of things that an inexact number leaves open; 0 if there may be none.

    Args:
        before: folded words that end where the name of the things begins.

    Returns:
        The number, or None if none is there or it is exact.
    """
    if _MOST.search(before):
        return 0
    least = _LEAST.search(before)
    if least:
        excluded = least["word"] == "more than" or least["sign"] == ">"
        return _number(least["low"]) + excluded
    between = _RANGE.search(before)
    if between is None or _NAMED.search(before[: between.start()]):
        return None
    low, high = _number(between["low"] or between["from"]), _number(between["high"])
    return low if low < high else None


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _WORDS[word]
