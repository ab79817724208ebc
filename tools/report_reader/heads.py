"""Words that stand for a lesion without naming it: "the larger", "another", "the right one"."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tools.report_reader.phrases import Hit, translate
from tools.report_reader.rules import ContextRules
from tools.report_reader.sentences import MeaningHit, Scan
from tools.report_reader.vocabulary import Meaning

_ITEM = re.compile(
    r"(?:(?<=\A)|(?<=[\s:;,]))(?:#\s?(?P<hash>\d{1,2}|[a-f])\b\)?:?|\(?(?P<mark>\d{1,2}|[a-f])\)"
    r"|\(?(?P<dot>\d{1,2})\.(?=\s)|(?P<bullet>[-*])(?=\s))"
)
_NEXT_ITEM = r"(?:(?:an?|one|another)\s|\d+(?:\.\d+)?\s?(?:x|-?mm|-?cm))"
_OPENS_ITEM = re.compile(
    rf"(?:(?:[,;:]|\b(?:and|plus))\s+(?:and\s+)?(?={_NEXT_ITEM})|\s(?=\(?(?:\d{{1,2}}|[a-f])\)\s))"
)
_ARTICLE = re.compile(r"\s*(?:(?:is|was|being|represents|,|:)\s+)?(?:(?:an?|the)\s+)?")
_SIZED_SENTENCE = re.compile(r"(?<=[.;\n])\s*\d[\d.x ]*(?:mm|cm)\b")
_MEASURED = re.compile(
    r"\s*(?:(?:of|measuring|is|measures|at)\s+)?(?:about\s+|approximately\s+)?\d"
)
_ADJECTIVES = 6
_LATER = frozenset({"second", "third", "fourth"})
_PLAIN = frozenset({"new", "one", "rest"})  # before a noun, these say no more than an article


@dataclass(frozen=True, slots=True)
class Head:
    """Words that stand for a lesion, or that tell which lesion the noun after them means.

    Attributes:
        start: offset of the first character.
        end: offset after the last character.
        role: how they tell it: ``larger``, ``second``, ``other``, ``new``, ``item`` ...
        label: the mark of a list's item; the words of a place.
        noun: start of the noun that they belong to, if there is one.
    """

    start: int
    end: int
    role: str
    label: str | None = None
    noun: int | None = None


@dataclass(frozen=True, slots=True)
class Antecedent:
    """What such words may refer to.

    Attributes:
        concepts: the entries of the lesion spoken of last; "nodule" may stand for several.
        group: it was named as several that are not yet told apart.
        known: how many single lesions of it are known.
    """

    concepts: tuple[str, ...]
    group: bool
    known: int


class HeadFinder:
    """Finds such words in a sentence."""

    def __init__(self, rules: ContextRules):
        heads = rules.reference.heads
        roles = "|".join(
            f"(?P<{role}>{'|'.join(translate(p) for p in phrases)})"
            for role, phrases in heads.roles.items()
        )
        nouns = "|".join(translate(p) for p in heads.nouns)
        self._head = re.compile(rf"(?<!\w)(?:{roles})(?P<noun>\s+(?:{nouns}))?(?!\w)")
        followers = "|".join(translate(p) for p in heads.followers)
        self._follower = re.compile(rf"\s*(?:[,:;.()]|\d|\Z|(?:{followers})(?!\w))")
        self._linker = re.compile(
            rf"[;:()]|(?<!\w)(?:{'|'.join(translate(w) for w in rules.linkers)})(?!\w)"
        )
        self._counterparts = {k: frozenset(v) for k, v in heads.counterparts.items()}

    def find(
        self,
        scan: Scan,
        nouns: Sequence[MeaningHit],
        before: Antecedent | None,
        within: Antecedent,
        of_nouns: Mapping[int, Antecedent],
    ) -> list[Head]:
        """The heads of a sentence.

        Args:
            scan: the sentence.
            nouns: the lesions that it names itself.
            before: what was spoken of before it.
            within: what words after its first noun may refer to.
            of_nouns: what the nouns may refer to, by their offset.
        """
        first = nouns[0].start if nouns else scan.sentence.end
        heads: list[Head] = []
        for match in self._head.finditer(scan.text, scan.sentence.start, scan.sentence.end):
            role = _role(match)
            noun = self._noun(scan, match.end(), nouns)
            head = Head(match.start(), match.end(), role,
                        match[role] if role == "placed" else None, noun)  # fmt: skip
            if noun is not None:
                about: Antecedent | None = None if role in _PLAIN else of_nouns[noun]
            else:
                about = within if match.start() > first else before
                if about is not None and not self._stands_alone(scan, match, about):
                    continue
            if about is not None and self._fits(scan, head, about):
                heads.append(head)
        return heads

    def listed(self, scan: Scan, nouns: Sequence[MeaningHit], before: Antecedent) -> list[Head]:
        """The items of a list whose title names the lesions, and sizes that stand by themselves."""
        items = list(_list_items(scan, nouns, before))
        first = next(iter(scan.sizes), None)
        if items or nouns or first is None or first.start > scan.sentence.start:
            return items
        goes_on = before.known or _SIZED_SENTENCE.search(
            scan.text, scan.sentence.end, scan.sentence.part.end
        )
        return [Head(first.start, first.end, "item")] if goes_on else []

    def _fits(self, scan: Scan, head: Head, before: Antecedent) -> bool:
        """Whether there is something that the head can refer to."""
        if head.role in ("new", "other", "rest", "placed"):
            return before.known > 0 or before.group
        if head.role == "described":
            return before.known > 1
        if head.role == "one" and before.known and not before.group:
            return bool(_MEASURED.match(scan.text, head.end, scan.sentence.end))
        if head.role == "one" or before.group:
            return before.group and self._has_counterpart(scan, head)
        return before.known > (head.role not in _LATER)

    def _has_counterpart(self, scan: Scan, head: Head) -> bool:
        """Whether the section goes on with the others of the group: "the smaller"."""
        rest = self._head.finditer(scan.text, head.end, scan.sentence.part.end)
        earlier = self._head.finditer(scan.text, scan.sentence.part.start, head.start)
        wanted = self._counterparts.get(head.role, frozenset())
        if head.role == "larger" and not scan.hits["side"]:  # "on the left, the largest ..."
            wanted = wanted - {head.role}
        return any(_role(m) in wanted for found in (rest, earlier) for m in found)

    def _noun(self, scan: Scan, end: int, nouns: Sequence[MeaningHit]) -> int | None:
        """The noun that the words after a head lead to: "the larger, solid nodule"."""
        following = min((n.start for n in nouns if n.end > end), default=None)
        if following is None:
            return None
        between = scan.between(end, max(end, following))
        article = _ARTICLE.match(between)
        rest = between[article.end() :] if article else between
        near = len(rest.split()) <= _ADJECTIVES and not self._linker.search(rest)
        return following if near else None

    def _stands_alone(self, scan: Scan, match: re.Match[str], before: Antecedent) -> bool:
        if match["noun"] or self._follower.match(scan.text, match.end(), scan.sentence.end):
            return True
        following = scan.text[match.end() : scan.sentence.end]
        at = match.end() + len(following) - len(following.lstrip())
        return any(
            h.start == at and h.entry.concept in before.concepts
            for role in ("value", "flag") for h in scan.hits[role]
        )  # fmt: skip


def _role(match: re.Match[str]) -> str:
    return next(k for k, v in match.groupdict().items() if v is not None and k != "noun")


def _list_items(scan: Scan, nouns: Sequence[MeaningHit], before: Antecedent) -> Iterator[Head]:
    """The items of a list whose title names the lesions: "(a) 7 mm, solid; (b) 5 mm"."""
    marks = list(_ITEM.finditer(scan.text, scan.sentence.start, scan.sentence.end))
    ends = [*(m.start() for m in marks[1:]), scan.sentence.end]
    inline = [str(m["mark"]) for m in marks if m["mark"]]
    for mark, end in zip(marks, ends, strict=False):
        if mark.start() > scan.sentence.start and not _goes_on(scan, mark, inline):
            continue
        named = any(mark.end() <= n.start < end for n in nouns)
        if named or not _describes(scan, mark.end(), end, before):
            continue
        label = mark["hash"] or mark["mark"] or mark["dot"]
        yield Head(mark.start(), mark.end(), "item", label)


def _goes_on(scan: Scan, mark: re.Match[str], inline: Sequence[str]) -> bool:
    """Whether a mark within a sentence is one of a list: "(a) ... (b)", ": 1."; not "image 45)"."""
    if mark["hash"]:
        return True
    if mark["mark"]:
        counted = [str(n) for n in range(1, len(inline) + 1)]
        return list(inline) in (counted, [*"abcdef"][: len(inline)])
    before = scan.between(scan.sentence.start, mark.start()).rstrip()
    return bool(mark["dot"]) and before.endswith(":")


def _describes(scan: Scan, start: int, end: int, before: Antecedent) -> bool:
    """Whether the words speak of a lesion: a size, or a feature of the concept."""
    return any(start <= s.start < end for s in scan.sizes) or any(
        start <= h.start < end and h.entry.concept in before.concepts
        for role in ("value", "flag") for h in scan.hits[role]
    )  # fmt: skip


def with_heads(scan: Scan, heads: Sequence[Head], concepts: Sequence[str]) -> Scan:
    """The sentence with its heads as mentions, each in a clause of its own."""
    alone = [h for h in heads if h.noun is None]
    mentions = [
        Hit(h.start, h.end, Meaning("mention", concept)) for h in alone for concept in concepts
    ]
    hits = scan.hits.copy()
    hits["mention"] = sorted([*hits["mention"], *mentions], key=lambda h: (h.start, h.end))
    places = frozenset(h.start for h in alone)
    apart = scan.cut_at(p for p in places if p > scan.sentence.start)
    return replace(apart, hits=hits, heads=places)


def with_items(scan: Scan, nouns: Sequence[MeaningHit]) -> Scan:
    """The sentence with a clause for each further lesion of a kind: "..., and a 7 mm nodule"."""
    starts = set()
    for number, one in enumerate(nouns):
        other = next((n for n in nouns[number + 1 :] if n.start > one.end), None)
        if other is None or one.entry.concept != other.entry.concept:
            continue
        marks = list(_OPENS_ITEM.finditer(scan.text, one.end, other.start))
        if marks:
            starts.add(marks[-1].end())
    return scan.cut_at(starts)
