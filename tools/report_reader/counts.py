"""How many lesions a mention speaks of, and whether it names one before."""

import re
from collections.abc import Sequence

from dxtrace.clinical.states import Presence
from tools.report_reader.amounts import least_number
from tools.report_reader.mentions import Mention
from tools.report_reader.phrases import translate
from tools.report_reader.rules import ContextRules
from tools.report_reader.sentences import MeaningHit, Scan

_OPEN = -1
_PLURAL = re.compile(r"(?:nodes|[^siu\W]s|ies|ases|metastases)\Z")
_PLURAL_AT = re.compile(
    r"(?:[\w-]+\s+){0,3}?(?:metastases|mets|deposits)\s+(?:to|in|of|within|at|involving)\b"
)
_WINDOW = 70
_MAX_WORDS = 7
_DIGITS = re.compile(
    r"(?<![\w.,/-])(?P<digits>\d{1,2})\s+(?!(?:mm|cm|x|by|to|of|weeks?|months?|years?|days?|hours?)\b)"
)


class Counter:
    """Reads counts, plurals, references and labels of mentions."""

    def __init__(self, rules: ContextRules):
        reference = rules.reference
        self._same = _word(reference.same)
        self._other = _word(reference.other)
        self._elsewhere = _word(rules.elsewhere)
        self._room = _word(rules.leaves_room)
        nouns = "|".join(reference.label_nouns)
        self._label = re.compile(
            r"\A\s*(?:#|no\.?\s*|number\s+)?\s*(?P<label>\d{1,2}|[a-f])(?=\s*[:.),]|\s*\Z|\s+(?!mm|cm|x\s)[a-z(])"
        )
        self._mark = re.compile(
            rf"(?:#\s?(?P<label>\d{{1,2}}|[a-f])|(?:{nouns})\s+(?P<other>\d{{1,2}}|[a-f])\s*[:.)])"
        )
        self._adjective = re.compile(r"(?:[\w/-]+[\s,]+){0,7}\Z")

    def describe(self, scan: Scan, mentions: Sequence[Mention]) -> None:
        """Set reference, label, plural, qualifier and count of each mention of a sentence."""
        for mention in mentions:
            before_it = [m.end for m in mentions if m.end <= mention.start]
            floor = max(before_it, default=scan.sentence.start)
            before = scan.between(max(floor, mention.start - _WINDOW), mention.start)
            mention.plural = is_plural(scan, mention)
            if mention.role is not None and mention.start in mention.scan.heads:
                mention.reference = "same"
                if mention.role == "rest":
                    mention.plural = True
                    self._set_count(mention, 2, is_open=True)
                continue
            sentence = scan.between(scan.sentence.start, scan.sentence.end)
            elsewhere = bool(self._elsewhere.search(sentence))
            mention.qualified = elsewhere or _qualified(scan, mention, floor)
            least = None if _is_attribute(scan, mention, floor) else least_number(before)
            if least == 0:
                mention.presence, mention.qualified = Presence.UNKNOWN, True
            if mention.is_lesion:
                self._leave_room(scan, mention, floor)
                self._refer(scan, mention, before)
                if least is None and mention.presence is not Presence.ABSENT:
                    self._count(scan, mention, floor)
                elif least:
                    self._set_count(mention, least, is_open=True)

    def _leave_room(self, scan: Scan, mention: Mention, floor: int) -> None:
        """Leave open what is denied in part: no new nodule does not say that there is none."""
        denied = mention.presence is Presence.ABSENT and mention.change != "resolved"
        if denied and self._room.search(scan.between(floor, mention.start)):
            mention.presence = Presence.UNKNOWN

    def _refer(self, scan: Scan, mention: Mention, before: str) -> None:
        patterns = (("same", self._same), ("other", self._other))
        closest = [(m.start(), name) for name, p in patterns for m in p.finditer(before)]
        mention.reference = max(closest)[1] if closest else None
        after = scan.between(mention.end, min(scan.sentence.end, mention.end + 12))
        label = None if mention.plural else self._label.match(after + " ")
        if label is None:
            label = re.search(r"#\s?(?P<label>\d{1,2}|[a-f])\W*\Z", before)
        mention.label = label["label"] if label else None

    def _count(self, scan: Scan, mention: Mention, floor: int) -> None:
        count, is_open = self._number(scan, mention, floor)
        if count is not None:
            self._set_count(mention, count, is_open=is_open)

    @staticmethod
    def _set_count(mention: Mention, count: int, *, is_open: bool) -> None:
        concept = mention.concept
        if concept.attribute("count"):
            mention.attributes.setdefault("count", count)
        if is_open and concept.attribute("count_open"):
            mention.attributes.setdefault("count_open", True)
        mention.plural = mention.plural or count > 1

    def _number(self, scan: Scan, mention: Mention, floor: int) -> tuple[int | None, bool]:
        words = [h for h in scan.hits["count"] if floor <= h.start <= mention.start]
        near = [h for h in words if len(scan.between(h.end, mention.start).split()) <= _MAX_WORDS]
        if near and not re.search(r"[;:]", scan.between(near[-1].end, mention.start)):
            value = int(near[-1].entry.value)
            return (2, True) if value == _OPEN else (value, False)
        start = max(floor, mention.start - _WINDOW)
        digits = [
            d
            for d in _DIGITS.finditer(scan.text, start, mention.start)
            if not any(s.start < d.end() and d.start() < s.end for s in scan.sizes)
        ]
        if (
            digits
            and mention.plural
            and self._adjective.fullmatch(scan.between(digits[-1].end(), mention.start))
        ):
            return int(digits[-1]["digits"]), False
        sites = {(s.side, s.name) for s in mention.sites if s.name}
        return (2, True) if mention.plural and len(sites) < 2 else (None, False)  # noqa: PLR2004


def is_plural(scan: Scan, mention: Mention) -> bool:
    """Whether the words of a mention name several."""
    return is_plural_noun(scan, mention.hit)


def is_plural_noun(scan: Scan, hit: MeaningHit) -> bool:
    """Whether the words of a phrase name several."""
    words = scan.between(hit.start, hit.end)
    return bool(_PLURAL.search(words) or _PLURAL_AT.match(words))


def _word(phrases: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(translate(p) for p in phrases)})(?!\w)")


def _is_attribute(scan: Scan, mention: Mention, floor: int) -> bool:
    """Whether a number before the name is a feature of the thing: haemorrhages in a quadrant."""
    return any(
        h.entry.concept == mention.concept.key and floor <= h.start < mention.start
        for h in scan.hits["number"]
    )


def _qualified(scan: Scan, mention: Mention, floor: int) -> bool:
    return any(
        floor <= h.start
        and h.end <= mention.end
        and not scan.text[h.end : mention.start].count(",")
        for h in scan.hits["qualifier"]
    )
