"""One sentence, scanned: which phrases it holds, its clauses and sizes."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from tools.report_reader.layout import Sentence
from tools.report_reader.phrases import Hit, translate
from tools.report_reader.rules import Rules
from tools.report_reader.sizes import Size, SizeFinder
from tools.report_reader.vocabulary import Meaning, Role, Vocabulary

MeaningHit = Hit[Meaning]
KnownRole = Literal["name", "feature", "size", "place", "word"]
_KNOWN: dict[Role, KnownRole] = {
    "mention": "name", "value": "feature", "flag": "feature", "number": "feature",
    "change": "feature", "side": "place", "site": "place", "trigger": "word",
}  # fmt: skip
_OTHER_TIMES = frozenset({"history", "family", "prior", "unassessed"})
_WORD = re.compile(r"\w+")
_SEPARATOR = re.compile(r";(?![pq]?\d[\d.]*[;)])|,(?!\d)|(?<=\s)-(?=\s)|\.(?=\s)")


@dataclass(frozen=True, slots=True)
class Scan:
    """A sentence with everything found in it.

    Attributes:
        sentence: where it is.
        text: the whole folded report.
        hits: phrases by role; triggers and mentions that a longer one covers are left out.
        clauses: offsets at which clauses begin, the first one included.
        sizes: sizes, in text order.
        heads: offsets of words that stand for a lesion without naming it.
        foreign: clauses about organs that have no vocabulary.
    """

    sentence: Sentence
    text: str
    hits: dict[Role, list[MeaningHit]]
    clauses: tuple[int, ...]
    sizes: tuple[Size, ...]
    heads: frozenset[int] = frozenset()
    foreign: set[int] = field(default_factory=set)

    def clause(self, offset: int) -> int:
        """Number of the clause that an offset lies in."""
        return sum(1 for start in self.clauses if start <= offset) - 1

    def cut_at(self, starts: Iterable[int]) -> "Scan":
        """The sentence with more clauses."""
        clauses = tuple(sorted({*self.clauses, *starts}))
        return self if clauses == self.clauses else replace(self, clauses=clauses)

    def known(self) -> Iterator[tuple[int, int, KnownRole, str | None]]:
        """Start, end, role and concept of everything that has a meaning here."""
        for role, hits in self.hits.items():
            for hit in hits:
                known = _KNOWN.get(role)
                trigger = hit.entry.trigger
                if known and (trigger is None or trigger.means not in _OTHER_TIMES):
                    yield hit.start, hit.end, known, hit.entry.concept
        for size in self.sizes:
            yield size.start, size.end, "size", None

    def between(self, start: int, end: int) -> str:
        """The folded text between two offsets."""
        return self.text[start:end]


class Scanner:
    """Scans sentences with one phrase index."""

    def __init__(self, vocabulary: Vocabulary, rules: Rules):
        self._vocabulary = vocabulary
        self._sizes = SizeFinder(rules.sizes)
        words = rules.context.clauses
        self._verb = re.compile(rf"(?<!\w)(?:{_either(words.verbs)})(?!\w)")
        self._ending = re.compile(rf"(?:{_either(words.endings)})\W*\Z")
        self._answered = re.compile(
            rf"\W*(?:\w+[\s-]+){{1,4}}(?:(?:is|are) )?(?:{_either(words.answers)})"
            r"(?:\s+(?:on|in|at|during|throughout)\s[^,;.]{0,40})?\W*\Z"
        )
        self._comma_start = re.compile(rf"\W*(?:{_either(words.comma_starters)})(?!\w)")
        self._goes_on = re.compile(r"\W*(?:and/or|or|nor)(?!\w)")

    def scan(self, sentence: Sentence, text: str) -> Scan:
        """Find every phrase and size of a sentence."""
        start, end = sentence.start, sentence.end
        words = [m.start() for m in _WORD.finditer(text, start, end)]
        hits: dict[Role, list[MeaningHit]] = defaultdict(list)
        for hit in self._vocabulary.index.scan(text, words, end):
            hits[hit.entry.role].append(hit)
        hits["trigger"] = longest(hits["trigger"])
        clauses = self._clauses(text, sentence, hits)
        has_digit = any(text[w].isdigit() for w in words) or "cent" in text[start:end]
        sizes = self._sizes.find(text, start, end) if has_digit or "sub" in text[start:end] else []
        return Scan(sentence, text, hits, clauses, tuple(sizes))

    def _clauses(
        self, text: str, sentence: Sentence, hits: dict[Role, list[MeaningHit]]
    ) -> tuple[int, ...]:
        start, end = sentence.start, sentence.end
        covered = [(h.start, h.end) for h in hits["trigger"]]
        starts = {
            h.start
            for h in hits["starter"]
            if not any(s < h.start < e for s, e in covered) and h.start > start
        }
        names = {h.start for h in hits["mention"]}
        marks = [m.start() for m in _SEPARATOR.finditer(text, start, end)]
        for mark, following in zip(marks, [*marks[1:], end], strict=False):
            fragment = text[mark + 1 : following]
            first = mark + 1 + len(fragment) - len(fragment.lstrip())
            named = first in names and not text.startswith("non", first)
            if _is_answer(text, mark + 1, following, hits["trigger"]):
                continue
            if text[mark] != "," or self._opens(fragment, named=named):
                starts.add(mark + 1)
        return (start, *sorted(starts))

    def _opens(self, fragment: str, *, named: bool) -> bool:
        """Whether what follows a comma is a statement of its own, not more of a list.

        A word that opens statements may also be the beginning of a name ("new vessels").
        """
        if self._goes_on.match(fragment):
            return False
        opening = not named and self._comma_start.match(fragment)
        if opening or self._answered.match(fragment):
            return True
        return bool(self._verb.search(fragment)) and not self._ending.search(fragment)


def _is_answer(text: str, start: int, end: int, triggers: Iterable[MeaningHit]) -> bool:
    """Whether nothing but an answer to the words before stands there: "fracture - not seen".

    Behind a comma only a denial is one: "smear insufficient: crushed, cannot be evaluated".
    """
    rest = list(text[start:end])
    for hit in triggers:
        trigger = hit.entry.trigger
        if trigger is None or trigger.stands != "after":
            continue
        if text[start - 1] == "," and trigger.means != "absent":
            continue
        if start <= hit.start and hit.end <= end:
            rest[hit.start - start : hit.end - start] = " " * (hit.end - hit.start)
    return _WORD.search(text, start, end) is not None and _WORD.search("".join(rest)) is None


def _either(phrases: Iterable[str]) -> str:
    return "|".join(f"(?:{translate(p)})" for p in phrases)


def longest(hits: Iterable[MeaningHit]) -> list[MeaningHit]:
    """Hits that no longer one overlaps, in text order."""
    kept: list[MeaningHit] = []
    for hit in sorted(hits, key=lambda h: (h.start - h.end, h.start)):
        rivals = [k for k in kept if k.start < hit.end and hit.start < k.end]
        if all((k.start, k.end) == (hit.start, hit.end) for k in rivals):
            kept.append(hit)
    return sorted(kept, key=lambda h: (h.start, h.end))
