"""Tables and lists of lesions in plain text, spelled out so that every row is a sentence.

``Sum: 80 / 50 / 51 mm`` under ``baseline / nadir / current`` becomes ``Sum: baseline 80 mm, nadir
50 mm, current 51 mm``. Offsets in what is spelled out are traced back to the report.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

from dxtrace.clinical.base import Frozen
from dxtrace.knowledge.strict_yaml import parse_yaml
from tools.report_reader.listed_lesions import ListedLesions
from tools.report_reader.phrases import fold, translate

_NUMBER = r"(?<![\w.])\d{1,4}(?:\.\d{1,2})?(?:\s?x\s?\d{1,4}(?:\.\d{1,2})?)?"
_UNIT = re.compile(r"(?<![a-z])(mm|cm)(?![a-z])")
_BETWEEN = r"[ ]*(?:/|\||,|;|->|=>|\u2192|-| )[ ]*"
_RULED = re.compile(r"[\s|+=:-]*")
_CHANGE = r"[\s|;,(\[]*(?:[+-]?\s?\d+(?:\.\d+)?\s?%[^\d\n]{0,30})?[\s|.;,)\]]*"
_ENUMERATOR = re.compile(r"[\s|*-]*(?:\(?\d{1,2}[.)](?!\d)\s*)?")
_LISTED = re.compile(r"[\s|]*(?:[*-]|\(?\d{1,2}[.)](?!\d))\s")
_ROW_SIZE = re.compile(r"\d\s?(?:mm|cm)(?![a-z])")
_LONGEST_ROW = 100
_TITLE_BEFORE = re.compile(r"[\s*_#|-]*(?:\w+ )?(?:\d\.\s)?")
_TITLE_AFTER = re.compile(r"(?:\s*\([^)]*\)|[^\w]|(?<!\w)(?:mm|cm|change)(?!\w))*")
_LINE = re.compile(r"[^\n]*")
_FEWEST_COLUMNS = 2
_MISSES = 2


class ListRule(Frozen):
    """Titles in the plural over a list, and the noun of its rows."""

    titles: tuple[str, ...]
    row: str


class TableRules(Frozen):
    """``tables.yaml``."""

    applies: tuple[str, ...]
    columns: dict[str, tuple[str, ...]]
    cells: tuple[str, ...]
    lists: tuple[ListRule, ...]
    named: tuple[str, ...]
    sums: tuple[str, ...]
    abbreviations: dict[str, tuple[str, ...]]
    goes_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """Words in place of a stretch of the report."""

    start: int
    end: int
    words: str


@dataclass(frozen=True, slots=True)
class Spelled:
    """A report with its tables spelled out.

    Attributes:
        text: the text to read.
        report: the report itself.
        edits: what differs from the report, in text order.
        earlier: the step before this one, whose text was taken for the report.
    """

    text: str
    report: str
    edits: tuple[Edit, ...] = ()
    earlier: "Spelled | None" = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the report that a stretch of the text stands for.

        Of words that are not in the report, it is the rest of their line.
        """
        first, last = self._back(start), self._back(end)
        if self.edits and last <= first:
            line_end = self.report.find("\n", first)
            last = line_end if line_end > first else len(self.report)
        return self.earlier.span(first, last) if self.earlier else (first, last)

    @property
    def original(self) -> str:
        """The report as it was written."""
        return self.earlier.original if self.earlier else self.report

    def _back(self, offset: int) -> int:
        shift = 0
        for edit in self.edits:
            begin = edit.start + shift
            if offset < begin:
                break
            if offset < begin + len(edit.words):
                return edit.start
            shift += len(edit.words) - (edit.end - edit.start)
        return offset - shift


@dataclass(slots=True)
class _Table:
    """What the lines so far have opened: the columns of a table, the noun of a list's rows."""

    columns: tuple[str, ...] = ()
    unit: str = ""
    row: str = ""
    number: int = 0
    misses: int = 0


class TableSpeller:
    """Spells out the tables of reports that compare sizes over time."""

    def __init__(self, rules: TableRules):
        self._row = rules.lists[0].row
        self._applies = _words(rules.applies)
        self._column = re.compile(
            "|".join(rf"(?P<{k}>(?<!\w)(?:{_any(v)})(?!\w))" for k, v in rules.columns.items())
        )
        self._titles = [(_words(rule.titles), rule.row) for rule in rules.lists]
        self._long = {f"a{i}": long for i, long in enumerate(rules.abbreviations)}
        self._short = re.compile(
            "|".join(
                rf"(?P<a{i}>(?<!\w)(?:{_any(short)})(?!\w))"
                for i, short in enumerate(rules.abbreviations.values())
            )
        )
        self._named = _words(rules.named)
        self._sum = _words(rules.sums)
        self._cell = (
            rf"(?:{_NUMBER}(?:\s?(?:mm|cm)(?![a-z]))?|(?<!\w)(?:{_any(rules.cells)})(?!\w))"
        )
        self._listed = ListedLesions(
            self._titles, self._column, self._sum, _words(rules.cells), _words(rules.goes_on)
        )

    def spell(self, text: str) -> Spelled:
        """Spell out the tables of a report; any other text stays as it is."""
        folded = fold(text)
        if not self._applies.search(folded):
            return Spelled(text, text)
        written = tuple(
            Edit(m.start(), m.end(), self._long[str(m.lastgroup)])
            for m in self._short.finditer(folded)
        )
        full = Spelled(_edited(text, written), text, written)
        edits = tuple(self._edits(fold(full.text)))
        rows = Spelled(_edited(full.text, edits), full.text, edits, full)
        listed = tuple(Edit(*change) for change in self._listed.changes(fold(rows.text)))
        return Spelled(_edited(rows.text, listed), rows.text, listed, rows)

    def _edits(self, folded: str) -> Iterator[Edit]:
        table = _Table()
        units = set(_UNIT.findall(folded))
        anywhere = units.pop() if len(units) == 1 else "mm"
        for match in _LINE.finditer(folded):
            line, start = match[0], match.start()
            if _RULED.fullmatch(line):
                continue
            opened = self._header(line)
            if opened:
                columns, begin, end = opened
                unit = _UNIT.search(line)
                table.columns, table.misses = columns, 0
                table.unit = unit[1] if unit and not re.search(r"\d", line) else anywhere
                if re.search(r"\d", line[end:]):
                    rest = self._cells(line, end, columns, table.unit, start)
                    yield from ([Edit(start + begin, start + end, ": "), *rest] if rest else ())
            inline = list(self._inline(line, start))
            if inline:
                yield from inline
                continue
            row = self._title(line)
            if row is not None:
                table.row, table.number = row, 0
            if opened or row:
                continue
            yield from self._row_edits(line, start, table)

    def _row_edits(self, line: str, start: int, table: _Table) -> Iterator[Edit]:
        edits = self._cells(line, 0, table.columns, table.unit, start) if table.columns else []
        if not edits:
            table.misses += 1
            if table.misses >= _MISSES:
                table.columns = ()
        is_sum = self._sum.search(line)
        listed = table.row and (
            _LISTED.match(line) or (len(line) < _LONGEST_ROW and _ROW_SIZE.search(line))
        )
        if is_sum or not (edits or listed):
            table.row = table.row if listed or edits else ""
            yield from edits
            return
        table.number += 1
        if not self._named.search(line):
            marks = _ENUMERATOR.match(line)
            end = marks.end() if marks else 0
            noun = table.row or self._row
            yield Edit(start, start + end, f"{noun.capitalize()} {table.number}: ")
        if not edits and _ROW_SIZE.search(line) and line.rstrip()[-1:] not in ".;,":
            yield Edit(start + len(line), start + len(line), ".")
        yield from edits

    def _header(self, line: str) -> tuple[tuple[str, ...], int, int] | None:
        """The columns that a line names side by side, and where it does."""
        found = list(self._column.finditer(line))
        if len(found) < _FEWEST_COLUMNS or len({m.lastgroup for m in found}) < len(found):
            return None
        between = [line[a.end() : b.start()] for a, b in pairwise(found)]
        if not all(re.fullmatch(r"(?:[^\w]|mm|cm)+", gap) for gap in between):
            return None
        begin, end = len(line[: found[0].start()].rstrip(" :([")), found[-1].end()
        tail = re.match(r"[\s|]*(?:\(?(?:mm|cm)\))?[\s)\]:=]*", line[end:])
        end += tail.end() if tail else 0
        if any("." in gap for gap in between):
            return None
        return tuple(str(m.lastgroup) for m in found), begin, end

    def _cells(
        self, line: str, begin: int, columns: tuple[str, ...], unit: str, start: int
    ) -> list[Edit]:
        """Put the column's word and a unit to every cell of a row."""
        row = re.compile(_BETWEEN.join(f"({self._cell})" for _ in columns))
        match = next(
            (m for i in range(begin, len(line)) if (m := row.match(line, i))
             and re.match(rf"\s?(?:mm|cm)?{_CHANGE}(?:\Z|\. )", line[m.end() :])), None,
        )  # fmt: skip
        if match is None:
            return []
        own = _UNIT.search(line[match.start() : match.end() + 4])
        edits = []
        last = begin
        for number, column in enumerate(columns, start=1):
            cell = match[number]
            cut = match.start(1) if number == 1 else last
            bare = cell[:1].isdigit() and not _UNIT.search(cell)
            words = f"{', ' if number > 1 else ''}{column} "
            edits.append(Edit(start + cut, start + match.start(number), words))
            last = match.end(number)
            follows = number == len(columns) and _UNIT.match(line[last:].lstrip())
            if bare and not follows:
                edits.append(Edit(start + last, start + last, f" {own[1] if own else unit}"))
        if match.end() and line.rstrip()[-1:] not in ".;":
            edits.append(Edit(start + len(line), start + len(line), "."))
        return edits

    def _inline(self, line: str, start: int) -> Iterator[Edit]:
        """A list in one line: "target lesions: 1) ... 2) ..."."""
        for titles, row in self._titles:
            found = titles.search(line)
            if found and re.match(r"\s*[:,-]?\s*\(?1[.)]\s", line[found.end() :]):
                marks = re.finditer(r"(?<!\w)\(?(\d)[.)]\s+", line[found.end() :])
                for number, mark in enumerate(marks, start=1):
                    if int(mark[1]) != number:
                        return
                    begin, end = (start + found.end() + x for x in mark.span())
                    yield Edit(
                        begin, end, f"{'. ' if number > 1 else ''}{row.capitalize()} {number}: "
                    )

    def _title(self, line: str) -> str | None:
        """The noun of the rows below a title; empty for another title."""
        for titles, row in self._titles:
            found = titles.search(line)
            if found and _TITLE_BEFORE.fullmatch(line[: found.start()]):
                rest = self._column.sub("", line[found.end() :])
                if _TITLE_AFTER.fullmatch(rest):
                    return row
        return None


@cache
def load_speller() -> TableSpeller:
    """The speller with the language data of the package."""
    raw = files("tools.report_reader").joinpath("tables.yaml").read_text(encoding="utf-8")
    return TableSpeller(TableRules.model_validate(parse_yaml(raw, trusted=True)))


def _edited(text: str, edits: Iterable[Edit]) -> str:
    parts, last = [], 0
    for edit in edits:
        parts += [text[last : edit.start], edit.words]
        last = edit.end
    return "".join([*parts, text[last:]])


def _any(phrases: Iterable[str]) -> str:
    return "|".join(translate(p) for p in phrases)


def _words(phrases: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_any(phrases)})(?!\w)")
