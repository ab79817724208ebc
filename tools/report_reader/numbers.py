"""Numbers as reports write them: exact, bounded, or a range."""

import re
from dataclasses import dataclass
from decimal import Decimal

PLAIN = r"(?:\d{1,7}(?:,\d{3})+(?!\d)|\d{1,9})(?:\.\d{1,4})?|\.\d{1,4}"
_LESS = (
    r"<|\u2264|=<|less than|lower than|smaller than|under|below|fewer than|no more than|at most"
    r"|not more than|maximum of|none larger than|none greater than|none bigger than|none over"
    r"|none above|none more than|none exceeding|no larger than|no greater than|not exceeding"
)
_MORE = (
    r">|\u2265|=>|more than|greater than|larger than|bigger than|higher than|over|above|at least"
    r"|not less than|no less than|minimum of|exceeding"
)
_ABOUT = (
    r"~|about|approximately|approx\.?|around|roughly|circa|ca\.?|nearly|almost"
    r"|estimated(?: at)?|up to|as much as"
)
_CLOSED = frozenset(
    {
        "\u2264", "=<", "no more than", "at most", "not more than", "maximum of",
        "none larger than", "none greater than", "none bigger than", "none over", "none above",
        "none more than", "none exceeding", "no larger than", "no greater than", "not exceeding",
        "\u2265", "=>", "at least", "not less than", "no less than", "minimum of",
    }
)  # fmt: skip
_SPACED = {
    name: source.replace(" ", r"\s+")
    for name, source in (("less", _LESS), ("more", _MORE), ("about", _ABOUT))
}
NUMBER = (
    rf"(?:(?:{_SPACED['less']}|{_SPACED['more']}|{_SPACED['about']})\s{{0,3}})?(?:{PLAIN})"
    rf"(?:\s{{0,2}}%?\s{{0,2}}(?:-|to|and)\s{{0,2}}(?:{PLAIN}))?"
)
NUMBERS_IN_WORDS = {
    word: number
    for number, word in enumerate(
        (
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ),
        start=1,
    )
} | {"a": 1, "fifteen": 15, "eighteen": 18, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
_WORDED = re.compile(
    rf"(?:(?P<less>{_SPACED['less']})|(?P<more>{_SPACED['more']})|(?P<about>{_SPACED['about']}))?\s*"
    rf"(?P<word>{'|'.join(sorted(NUMBERS_IN_WORDS, key=len, reverse=True))})"
)
_NUMBER = re.compile(
    rf"(?:(?P<less>{_SPACED['less']})|(?P<more>{_SPACED['more']})|(?P<about>{_SPACED['about']}))?\s*"
    rf"(?P<low>{PLAIN})(?:\s*%?\s*(?:-|to|and)\s*(?P<high>{PLAIN}))?"
)


@dataclass(frozen=True, slots=True)
class Interval:
    """A number, or what is known of it.

    Attributes:
        value: the number itself, if stated.
        low: lower end, None if unbounded.
        high: upper end, None if unbounded.
        low_open: the lower end is excluded.
        high_open: the upper end is excluded.
        method: how it was stated.
    """

    value: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    low_open: bool = False
    high_open: bool = False
    method: str = "stated"

    def scaled(self, factor: Decimal) -> "Interval":
        """The same interval in another unit."""

        def scale(number: Decimal | None) -> Decimal | None:
            return None if number is None else plain(number * factor)

        return Interval(
            scale(self.value), scale(self.low), scale(self.high),
            self.low_open, self.high_open, self.method,
        )  # fmt: skip


def exactly(number: Decimal, method: str = "stated") -> Interval:
    """The interval of one number."""
    return Interval(number, number, number, method=method)


def plain(number: Decimal) -> Decimal:
    """The same number without needless zeros or exponents."""
    whole = number.to_integral_value()
    return whole if number == whole else number.normalize()


def read_decimal(text: str) -> Decimal:
    """A plain number; commas separate thousands."""
    return Decimal(text.replace(",", ""))


def read_number(text: str) -> Interval | None:
    """A number with its bound or range, or None if there is none in the text."""
    match = _NUMBER.search(text)
    if match is None:
        match = _WORDED.fullmatch(text.strip())
        return None if match is None else _bounded(Decimal(NUMBERS_IN_WORDS[match["word"]]), match)
    low = read_decimal(match["low"])
    if match["high"]:
        ends = sorted((low, read_decimal(match["high"])))
        return Interval(None, ends[0], ends[1], method="stated range")
    return _bounded(low, match)


def _bounded(low: Decimal, match: re.Match[str]) -> Interval:
    """The number, or the interval that the words before it make of it."""
    word = " ".join((match["less"] or match["more"] or "").split())
    if match["less"]:
        return Interval(None, None, low, high_open=word not in _CLOSED, method="stated bound")
    if match["more"]:
        return Interval(None, low, None, low_open=word not in _CLOSED, method="stated bound")
    return exactly(low, "approximate" if match["about"] else "stated")
