"""Sides and sites of a sentence, and the mentions they belong to."""

import re
from collections.abc import Sequence
from dataclasses import replace

from dxtrace.clinical.states import Laterality
from tools.report_reader.binding import Binder
from tools.report_reader.mentions import Mention, Site
from tools.report_reader.phrases import translate
from tools.report_reader.rules import SiteRules
from tools.report_reader.sentences import MeaningHit, Scan, longest

_ADJECTIVES = re.compile(r"[\s-]*(?:(?!and |or |the |of |in )[a-z0-9]+[\s-]+){0,2}")
_OF_THE = re.compile(r"\s+(?:(?:of|in|on|within)\s+(?:the\s+)?)?")
_LIST = re.compile(r"\s*(?:,|/|&|,?\s+and\s+|,?\s+or\s+)\s*(?:the\s+)?")
_WITH = re.compile(r",?\s+with\b")
_MAX_WORDS = 2
_GENERAL = frozenset({"lung", "lobe", "chest wall"})


class SiteFinder:
    """Finds sites and shares them out among mentions."""

    def __init__(self, rules: SiteRules, binder: Binder):
        self._binder = binder
        either = "|".join(f"(?:{translate(p)})" for p in rules.prepositions)
        contrasts = "|".join(f"(?:{translate(p)})" for p in rules.contrasts)
        self._contrast = re.compile(rf"(?<!\w)(?:{contrasts})\s+(?:the\s+)?\Z")
        self._preposition = re.compile(rf"(?<!\w)(?:{either})\s+(?:(?:the|a|an|both)\s+)?\Z")

    def find(self, scan: Scan) -> list[Site]:
        """The sites of a sentence; a side word next to a site is part of it."""
        pieces = [
            _site(h)
            for h in longest([*scan.hits["side"], *scan.hits["site"]])
            if not self._contrast.search(
                scan.between(max(scan.sentence.start, h.start - 24), h.start)
            )
        ]
        sites: list[Site] = []
        for piece in pieces:
            last = sites[-1] if sites else None
            between = scan.between(last.end, piece.start) if last else ""
            merged = _merged(last, piece, between) if last else None
            if merged is not None:
                sites[-1] = merged
            elif last and _carries(last, piece) and _LIST.fullmatch(between):
                sites.append(replace(piece, side=last.side, weak=False))
            else:
                sites.append(piece)
        return sites

    def assign(self, scan: Scan, mentions: Sequence[Mention]) -> list[Site]:
        """Give each mention of the sentence its sites; all sites of the sentence come back."""
        sites = self.find(scan)
        if not (sites and mentions):
            return sites
        following: Site | None = None
        owner: Mention | None = None
        for site in reversed(sites):
            listed = following and _LIST.fullmatch(scan.between(site.end, following.start))
            if not (listed and owner and following and owner.start >= following.end):
                owner = self._owner(scan, site, mentions)
            following = site
            if owner is not None:
                owner.sites.insert(0, site)
        self._share_words(mentions)
        self._complete(mentions)
        self._share_back(scan, mentions)
        self._share(scan, mentions)
        return sites

    def _owner(self, scan: Scan, site: Site, mentions: Sequence[Mention]) -> Mention | None:
        clause = [m for m in mentions if scan.clause(m.start) == scan.clause(site.start)]
        before = scan.between(max(scan.sentence.start, site.start - 30), site.start)
        follows = bool(self._preposition.search(before))
        return self._binder.owner(scan, site.start, site.end, clause or mentions, follows=follows)

    @staticmethod
    def _share_words(mentions: Sequence[Mention]) -> None:
        """Concepts read from the same words lie at the same place."""
        for one in mentions:
            for other in mentions:
                same = one is not other and one.start < other.end and other.start < one.end
                if same and one.sites and not other.sites:
                    other.sites.extend(one.sites)

    @staticmethod
    def _complete(mentions: Sequence[Mention]) -> None:
        """A bare side and a site without side that belong together make one site."""
        for mention in mentions:
            bare = [s for s in mention.sites if s.name is None]
            named = [s for s in mention.sites if s.name is not None]
            if len(bare) == 1 and named and not any(s.side for s in named):
                mention.sites = [replace(s, side=bare[0].side) for s in named]

    def _share_back(self, scan: Scan, mentions: Sequence[Mention]) -> None:
        """ "Scarring or atelectasis in the right base": a site after the last holds for all."""
        for one, other in reversed(list(zip(mentions, mentions[1:], strict=False))):
            if one.sites or not other.sites or scan.clause(one.start) != scan.clause(other.start):
                continue
            between = scan.between(one.end, other.start)
            follows = other.sites[0].start >= other.end and self._binder.joined(between)
            if follows or self._describes(scan, one, other):
                one.sites.extend(other.sites)

    @staticmethod
    def _describes(scan: Scan, one: Mention, other: Mention) -> bool:
        """ "Calcified right lung nodule": the first mention is an adjective of the second."""
        words = scan.between(one.end, other.start)
        for site in other.sites:
            if one.end <= site.start and site.end <= other.start:
                words = words.replace(scan.between(site.start, site.end), " ")
        return not re.search(r"[,;:.]|\b(?:and|or|with|in|of|is|are|no)\b", words) and (
            len(words.split()) <= _MAX_WORDS
        )

    def _share(self, scan: Scan, mentions: Sequence[Mention]) -> None:
        """A mention without a site has that of the one before it, if the two belong together."""
        for one, other in zip(mentions, mentions[1:], strict=False):
            if not one.sites or other.sites or one.sites[-1].start > other.start:
                continue
            between = scan.between(one.end, other.start)
            near = scan.clause(one.start) == scan.clause(other.start) or _WITH.match(between)
            if (near and self._binder.joined(between)) or self._binder.explains(between):
                other.sites.extend(one.sites)


def _site(hit: MeaningHit) -> Site:
    if hit.entry.site is not None:
        rule = hit.entry.site
        return Site(hit.start, hit.end, rule.side, rule.name, weak=rule.plural)
    return Site(hit.start, hit.end, Laterality(str(hit.entry.value)))


def _carries(last: Site, piece: Site) -> bool:
    """ "Right upper and lower lobes": the side holds for both."""
    return last.side is not None and not last.weak and (piece.side is None or piece.weak)


def _merged(last: Site, piece: Site, between: str) -> Site | None:
    """``right`` + ``lower lobe``; ``base`` + ``of the right lung``; nothing else."""
    if piece.start < last.end:
        return replace(last, end=max(last.end, piece.end), side=last.side or piece.side,
                       name=last.name or piece.name)  # fmt: skip
    own = None if piece.weak else piece.side
    if last.name is None and piece.name is not None and own in (None, last.side):
        if _ADJECTIVES.fullmatch(between):
            return Site(last.start, piece.end, last.side, piece.name)
    elif (
        last.name
        and piece.name is None
        and (last.side is None or last.weak)
        and _OF_THE.fullmatch(between)
    ):
        return Site(last.start, piece.end, piece.side, last.name)
    elif last.name and piece.name in _GENERAL and _OF_THE.fullmatch(between):
        return Site(last.start, piece.end, last.side or piece.side, last.name)
    return None


def carry_sites(before: Sequence[Mention], mentions: Sequence[Mention]) -> None:
    """A sentence such as "This suggests atelectasis" speaks of the place named before."""
    placed = [m for m in before if m.sites]
    for mention in mentions:
        if placed and not mention.sites:
            mention.sites.extend(placed[-1].sites)


def compatible(one: Sequence[Site], other: Sequence[Site]) -> bool:
    """Whether two descriptions of a place can mean the same place."""
    if not one or not other:
        return True
    return any(_same_place(a, b) for a in one for b in other)


def _same_place(one: Site, other: Site) -> bool:
    sides = {s for s in (one.side, other.side) if s is not None}
    names = {n for n in (one.name, other.name) if n is not None and n not in _GENERAL}
    return len(sides) <= 1 and len(names) <= 1
