"""Sites that several mentions of a sentence have in common."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from tools.report_reader.binding import Binder
from tools.report_reader.mentions import Mention
from tools.report_reader.sentences import Scan

_WITH = re.compile(r",?\s+with\b")
_BREAK = re.compile(r"[,;:.]|\b(?:and|or|with|in|of|is|are|no)\b")
_MAX_WORDS = 2
_MAX_KIN = 4


class SiteSharing:
    """Shares sites among mentions that belong together by their grammar."""

    def __init__(self, binder: Binder):
        self._binder = binder

    def share(self, scan: Scan, mentions: Sequence[Mention]) -> None:
        """Complete the sites of the mentions of a sentence."""
        self._from_same_words(mentions)
        for mention in mentions:
            _complete(mention)
        self._backward(scan, mentions)
        self._forward(scan, mentions)

    @staticmethod
    def _from_same_words(mentions: Sequence[Mention]) -> None:
        """Concepts read from the same words lie at the same place."""
        for one in mentions:
            for other in mentions:
                same = one is not other and one.start < other.end and other.start < one.end
                if same and one.sites and not other.sites:
                    other.sites.extend(one.sites)

    def _backward(self, scan: Scan, mentions: Sequence[Mention]) -> None:
        """A site after the last of a list holds for all: "scarring or atelectasis in the base"."""
        for one, other in reversed(list(pairwise(mentions))):
            if one.side or not other.sites or scan.clause(one.start) != scan.clause(other.start):
                continue
            between = scan.between(one.end, other.start)
            after = [s for s in other.sites if s.start >= other.end]
            if after and self._binder.joined(between):
                one.sites.extend(after)
                _complete(one)
            elif not one.sites and self._describes(scan, one, other):
                one.sites.extend(other.sites)

    @staticmethod
    def _describes(scan: Scan, one: Mention, other: Mention) -> bool:
        """Whether the first is an adjective of the second: "calcified right lung nodule"."""
        words = scan.between(one.end, other.start)
        for site in (*one.sites, *other.sites):
            if one.end <= site.start and site.end <= other.start:
                words = words.replace(scan.between(site.start, site.end), " ")
        return not _BREAK.search(words) and len(words.split()) <= _MAX_WORDS

    def _forward(self, scan: Scan, mentions: Sequence[Mention]) -> None:
        """A mention without a site has that of the one before it, if the two belong together."""
        for one, other in pairwise(mentions):
            if not one.sites or other.sites or one.sites[-1].start > other.start:
                continue
            between = scan.between(one.end, other.start)
            near = scan.clause(one.start) == scan.clause(other.start) or _WITH.match(between)
            joined = near and self._binder.joined(between)
            kin = one.concept.key in other.concept.parents
            joined = joined or (kin and len(between.split()) <= _MAX_KIN)
            if joined or self._binder.explains(between) or self._describes(scan, one, other):
                other.sites.extend(one.sites)


def _complete(mention: Mention) -> None:
    """A bare side and a site without side that belong together make one site."""
    bare = [s for s in mention.sites if s.name is None]
    named = [s for s in mention.sites if s.name is not None]
    if len(bare) == 1 and named and not any(s.side for s in named):
        mention.sites = [replace(s, side=bare[0].side) for s in named]
