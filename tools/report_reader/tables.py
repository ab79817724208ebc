"""Tables and lists of lesions in plain text, spelled out so that every row is a sentence.

``Sum: 80 / 50 / 51 mm`` under ``baseline / nadir / current`` becomes ``Sum: baseline 80 mm, nadir
50 mm, current 51 mm``. Offsets in what is spelled out are traced back to the report.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tools.report_reader.phrases import fold, translate
from tools.report_reader.rules import TableRules

_NUMBER = r"(?<![\w.])\d{1,4}(?:\.\d{1,2})?(?:\s?x\s?\d{1,4}(?:\.\d{1,2})?)?"
_UNIT = re.compile(r"(?<![a-z])(mm|cm)(?![a-z])")
_BETWEEN = r"\s*(?:/|\||,|;|->|=>|\u2192|-|\s)\s*"
_RULED = re.compile(r"[\s|+=:-]*")
_CHANGE = r"[\s|;,(\[]*(?:[+-]?\s?\d+(?:\.\d+)?\s?%[^\d\n]{0,30})?[\s|.;,)\]]*"
_ENUMERATOR = re.compile(r"[\s|*-]*(?:\(?\d{1,2}[.)](?!\d)\s*)?")
_MISSES = 1


@dataclass(frozen=True, slots=True)
class Edit:
    """Words that are put before, or in place of, a stretch of the report."""

    start: int
    end: int
    words: str


@dataclass(frozen=True, slots=True)
class Spelled:
    """A report with its tables spelled out.

    Attributes:
        text: the text to read.
        edits: what differs from the report, in text order.
    """

    text: str
    edits: tuple[Edit, ...] = ()

    def back(self, offset: int) -> int:
        """The offset in the report of an offset in the text."""
        shift = 0
        for edit in self.edits:
            begin = edit.start + shift
            if offset < begin:
                break
            if offset < begin + len(edit.words):
                return edit.start
            shift += len(edit.words) - (edit.end - edit.start)
        return offset - shift


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    text: str
