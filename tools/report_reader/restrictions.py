"""Denials of something else than the thing: "no nodule needs follow-up" says nothing of nodules."""

import re
from collections.abc import Sequence

from dxtrace.clinical.states import Presence
from tools.report_reader.mentions import Mention
from tools.report_reader.phrases import translate
from tools.report_reader.rules import ContextRules
from tools.report_reader.sentences import Scan

_LISTED = re.compile(r"\s*(?:,|/|\b(?:or|nor|and)\b)[^;:.]{0,40}")


class Restrictions:
    """Finds what a denial is limited to by the words behind the name.

    Args:
        rules: the words of language.
    """

    def __init__(self, rules: ContextRules):
        words = "|".join(f"(?:{translate(p)})" for p in rules.restricts)
        self._restricted = re.compile(rf"\s*(?:(?:[:,-]\s*)?none\s+)?(?:{words})(?!\w)")

    def leave_open(self, scan: Scan, mentions: Sequence[Mention]) -> None:
        """Make unknown what is denied only as far as it does or needs something.

        What a denial says of size or kind stays with it: "no nodule over 6 mm" is a denial in part.

        Args:
            scan: the sentence.
            mentions: its mentions, with their attributes and sizes.
        """
        following: Mention | None = None
        open_ahead = False
        for mention in sorted(mentions, key=lambda m: m.start, reverse=True):
            listed = following is not None and bool(
                _LISTED.fullmatch(scan.between(mention.end, following.start))
            )
            rest = scan.between(mention.end, scan.sentence.end)
            limited = bool(self._restricted.match(rest)) or (listed and open_ahead)
            if following is None or mention.start < following.start:
                following, open_ahead = mention, limited
            described = mention.attributes or mention.measurements
            if limited and mention.presence is Presence.ABSENT and not described:
                mention.presence, mention.qualified = Presence.UNKNOWN, True
