"""How a report is laid out: sections and sentences, with exact offsets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from dxtrace.clinical.states import Context, Source
from tools.report_reader.phrases import translate
from tools.report_reader.rules import SectionRule

_ABBREVIATIONS = frozenset(
    (
        "dr",
        "mr",
        "mrs",
        "ms",
        "prof",
        "e.g",
        "i.e",
        "eg",
        "ie",
        "vs",
        "approx",
        "ca",
        "cf",
        "no",
        "fig",
        "st",
        "resp",
        "incl",
        "etc",
        "ant",
        "post",
        "inf",
        "sup",
        "lat",
        "bilat",
        "max",
        "min",
        "avg",
        "diam",
        "al",
    )
)
_LONG_LINE = 55
_FILLED = re.compile(r":[ ]*\w+[ ]*\Z")
_REASONS = frozenset({"indication", "history", "comparison", "technique", "exam"})
_WINDOW = 80
_MEASURED = re.compile(r"\d\s?-?(?:mm|cm)\b", re.IGNORECASE)
_SIDE_HEADED = re.compile(r"(?:(?:left|right|both)\s\w+|o[dsu]|[rl]e)\s?:", re.IGNORECASE)
_LONGEST = 1000  # characters; nobody dictates longer sentences, and time grows with their square
_BULLET = re.compile(r"[ ]*(?:[-*]|\(?\d{1,2}[.)](?!\d)|\(?[a-h]\))\s")
_BREAK = re.compile(
    r"[.!?]+[\"')\]]*(?=\s|\Z)|\n[ ]*\n|\n(?=[ ]*(?:[-*]|\(?\d{1,2}[.)](?!\d)|\(?[a-h]\))\s)|\n"
    r"|(?<=[a-z)])\.(?=[A-Z][a-z])"
)
_ANSWER = re.compile(r"\s*(?:no|none|nil|yes|absent|present|negative|positive)\b", re.IGNORECASE)
_ANSWER_LINE = re.compile(
    r"\s*(?:[-*]\s+)?(?:no|none|nil|neg|negative|absent|not\s\w+|none\s\w+|yes|present)\s*[.;]?\s*?(?:\n|\Z)",
    re.IGNORECASE,
)
_ASKING = frozenset(":?=-")
_ACRONYM = re.compile(r"\s*[A-Z0-9]{2,}\b")
_JOINING = re.compile(
    r"(?:[,(/-]|\b(?:the|a|an|of|in|and|or|with|to|for|is|are|no|right|left|at|on|by|from))\s*\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a report: its name, how findings there are meant, and where it is."""

    name: str
    source: Source
    context: Context
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in a section; ``start`` and ``end`` leave out the white space around it."""

    start: int
    end: int
    part: Part


class SectionFinder:
    """Finds the headings of a report.

    A heading is one of the known ones at the start of a line or sentence, followed by a colon, or
    alone on its line, or in capitals and followed by a dash.
    """

    def __init__(self, rules: tuple[SectionRule, ...]):
        self._rules = {f"s{i}": rule for i, rule in enumerate(rules)}
        names = "|".join(
            f"(?P<{group}>{'|'.join(f'(?:{translate(h)})' for h in rule.headings)})"
            for group, rule in self._rules.items()
        )
        marks = r"[ *#_]{0,8}"
        line_start = rf"(?:(?<=\n)|\A){marks}(?:\d\.\s)?"
        opening = rf"(?:{line_start}|(?:(?<=[.:;!?)\]\w]\s)|(?<=\s\s)){marks})"
        self._heading = re.compile(
            rf"{opening}(?:{names})[ *_]{{0,4}}(?:\([^)\n]{{0,40}}\))?"
            rf"(?P<colon>\s?:[*_]{{0,3}}|(?=[ ]*(?:\n|\Z))|[ ]+-(?=[ ]))"
        )

    def split(self, text: str, folded: str) -> tuple[Part, ...]:
        """The sections in order; text before the first heading, or all of it, is ``body``."""
        parts: list[Part] = []
        name, source, context, start = "body", Source.REPORT_FINDINGS, Context.CURRENT, 0
        for match in self._heading.finditer(folded):
            if not self._is_heading(match, text):
                continue
            _append(parts, Part(name, source, context, start, match.start()), text)
            rule = next(self._rules[g] for g, found in match.groupdict().items()
                        if found is not None and g in self._rules)  # fmt: skip
            name, source, context, start = rule.section, rule.source, rule.context, match.end()
        _append(parts, Part(name, source, context, start, len(text)), text)
        return tuple(_with_body(parts, text))

    def _is_heading(self, match: re.Match[str], text: str) -> bool:
        """A colon makes a heading only at a line start, in capitals, or after a full stop."""
        before = text[: match.start()].rstrip(" ")[-1:]
        words = match[0].strip(" *#_:-\n")
        start = match.start() + match[0].find(words)
        written = text[start : start + len(words)]
        if before in ("", "\n"):
            return True
        if ":" not in match["colon"]:
            return False
        return written.isupper() or (before in ".!?;:" and written[:1].isupper())


def _append(parts: list[Part], part: Part, text: str) -> None:
    if text[part.start : part.end].strip():
        parts.append(part)


def _with_body(parts: list[Part], text: str) -> Iterator[Part]:
    """Give reports without a findings heading a body: "Clinical: lump. Right nodule 21 mm ...".

    If no other section reports findings, the body begins on the first new line below an indication,
    or behind its first sentence if a size follows, or side by side ("Left eye: ...").
    """
    headed = any(p.name == "findings" for p in parts)
    for position, part in enumerate(parts):
        later = [p.source for p in parts[position + 1 :]]
        rest = [*split_sentences(text, part)][1:] if part.name in _REASONS else []
        start = _body_start(text, rest)
        if start is None and rest and position == len(parts) - 1:  # nothing else could be the body
            start = rest[0].start
        if start is None or headed or Source.REPORT_FINDINGS in later:
            yield part
            continue
        yield replace(part, end=start)
        yield Part("body", Source.REPORT_FINDINGS, Context.CURRENT, start, part.end)


def _space_before(text: str, position: int) -> str:
    before = text[max(0, position - _WINDOW) : position]
    return before[len(before.rstrip()) :]


def _body_start(text: str, rest: list[Sentence]) -> int | None:
    below = [s.start for s in rest if "\n" in _space_before(text, s.start)]
    if below:
        return below[0]
    found = any(
        _MEASURED.search(text, s.start, s.end) or _SIDE_HEADED.match(text, s.start) for s in rest
    )
    return rest[0].start if found else None


def split_sentences(text: str, part: Part) -> Iterator[Sentence]:
    """Sentences of a section: decimals, abbreviations and wrapped lines do not end one."""
    start = part.start
    for match in _BREAK.finditer(text, part.start, part.end):
        if match.start() < start or not _ends(text, match, start, part.end):
            continue
        yield from _trimmed(text, start, match.end(), part)
        start = match.end()
    yield from _trimmed(text, start, part.end, part)


def _trimmed(text: str, start: int, end: int, part: Part) -> Iterator[Sentence]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > _LONGEST:
        cut = max(
            text.rfind(" ", start, start + _LONGEST), text.rfind("\n", start, start + _LONGEST)
        )
        cut = cut if cut > start else start + _LONGEST
        yield Sentence(start, cut, part)
        start = cut
    if start < end:
        yield Sentence(start, end, part)


def _ends(text: str, match: re.Match[str], start: int, end: int) -> bool:
    mark = match[0]
    if "\n" in mark:
        return len(mark) > 1 or _line_ends(text, match, start, end)
    if mark[0] == "?" and _ANSWER.match(text, match.end(), end):
        return bool(re.match(r"\s*no\s+\w", text[match.end() : end], re.IGNORECASE))
    if mark[:2] == ".." and _ANSWER_LINE.match(text, match.end(), end):
        return False
    if mark[0] != ".":
        return (
            mark[0] != "?"
            or text[match.end() : end].lstrip()[:1].isupper()
            or (not text[match.end() : end].strip())
        )
    word = re.search(r"[\w.]+\Z", text[max(start, match.start() - 12) : match.start()])
    last = word[0].lower() if word else ""
    following = text[match.end() : match.end() + 3].lstrip()[:1]
    opening = match.start() - len(last)
    if last.isdigit() and (opening <= start + 2 or text[start:opening].rstrip()[-1:] == ":"):
        return False
    if last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha()):
        return last in ("no", "max", "min") and following.isupper()
    return not (last in ("mm", "cm", "hr", "yr") and following.islower())


def _line_ends(text: str, match: re.Match[str], start: int, end: int) -> bool:
    """Whether a single line break ends the sentence: the next line opens something new."""
    following = text[match.end() : match.end() + 24]
    first = following.lstrip(" ")[:1]
    asked = text[start : match.start()].rstrip()[-1:] in _ASKING
    if asked and _ANSWER_LINE.match(text, match.end(), end):
        return False
    if _BULLET.match(following):
        return True
    line_start = max(start, text.rfind("\n", 0, match.start()) + 1)
    line = text[line_start : match.start()]
    if not line.strip() or (first.isupper() and _FILLED.search(line)):
        return True
    if _JOINING.search(line[-12:]) or not first.isupper():
        return not (first.islower() or first.isdigit() or _JOINING.search(line[-12:]))
    if line.isupper():
        return len(line) < _LONG_LINE
    return not (len(line) >= _LONG_LINE and _ACRONYM.match(following))
