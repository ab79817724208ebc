"""Which mention a word belongs to: the nearest one that its grammar allows."""

import re
from collections.abc import Sequence

from tools.report_reader.mentions import Mention
from tools.report_reader.phrases import translate
from tools.report_reader.rules import ContextRules
from tools.report_reader.sentences import Scan

_MAX_ADJECTIVES = 4
_MAX_JOINED = 6
_MAX_EXPLAINED = 14


class Binder:
    """Ties adjectives, sites and sizes to mentions of the same sentence."""

    def __init__(self, rules: ContextRules):
        linkers = "|".join(f"(?:{translate(w)})" for w in rules.linkers)
        explainers = "|".join(f"(?:{translate(w)})" for w in rules.explainers)
        joiners = "|".join(f"(?:{translate(w)})" for w in rules.joiners)
        self._linker = re.compile(rf"[,;:()]|(?<!\w)(?:{linkers})(?!\w)")
        self._explainer = re.compile(rf"(?<!\w)(?:{explainers})(?!\w)")
        self._joiner = re.compile(rf"[,/]|(?<!\w)(?:{joiners})(?!\w)")

    def owner(
        self,
        scan: Scan,
        start: int,
        end: int,
        mentions: Sequence[Mention],
        *,
        follows: bool = False,
    ) -> Mention | None:
        """The mention that the words at ``[start, end)`` describe.

        Args:
            scan: the sentence.
            start: offset of the words.
            end: offset after the words.
            mentions: candidates, in text order.
            follows: the words come after a preposition, so they rather look back.
        """
        inside = [m for m in mentions if m.start <= start and end <= m.end]
        overlapping = [m for m in mentions if m.start < end and start < m.end]
        if inside or overlapping:
            return (inside or overlapping)[0]
        earlier = [m for m in mentions if m.end <= start]
        later = [m for m in mentions if m.start >= end]
        previous = earlier[-1] if earlier else None
        following = later[0] if later else None
        same = scan.clause(start)
        near = [m for m in (previous, following) if m and scan.clause(m.start) == same]
        looks_back = follows and previous in near
        if following and self.modifies(scan.between(end, following.start), close=looks_back):
            return following
        return near[0] if near else previous or following

    def modifies(self, between: str, *, close: bool = False) -> bool:
        """Whether only adjectives (if ``close``, nothing) stand between a word and a mention."""
        most = 0 if close else _MAX_ADJECTIVES
        return len(between.split()) <= most and not self._linker.search(between)

    def joined(self, between: str) -> bool:
        """Whether two mentions are coordinated: "effusion and small pneumothorax"."""
        return len(between.split()) <= _MAX_JOINED and bool(self._joiner.search(between))

    def explains(self, between: str) -> bool:
        """Whether the second mention says what the first one is: "opacity, likely atelectasis"."""
        return len(between.split()) <= _MAX_EXPLAINED and bool(self._explainer.search(between))
