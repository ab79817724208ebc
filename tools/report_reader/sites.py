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
_GENERAL = frozenset({"lung", "lobe", "chest wall"})


class SiteFinder:
    """Finds sites and shares them out among mentions."""

    def __init__(self, rules: SiteRules, binder: Binder):
        self._binder = binder
        either = "|".join(f"(?:{translate(p)})" for p in rules.prepositions)
        self._preposition = re.compile(rf"(?<!\w)(?:{either})\s+(?:(?:the|a|an|both)\s+)?\Z")

    def find(self, scan: Scan) -> list[Site]:
        """The sites of a sentence; a side word next to a site is part of it."""
        pieces = [_site(h) for h in longest([*scan.hits["side"], *scan.hits["site"]])]
        sites: list[Site] = []
        for piece in pieces:
            last = sites[-1] if sites else None
            between = scan.between(last.end, piece.start) if last else ""
            merged = _merged(last, piece, between) if last else None
            if merged is not None:
                sites[-1] = merged
            elif last and last.side and piece.side is None and _LIST.fullmatch(between):
                sites.append(replace(piece, side=last.side))
            else:
                sites.append(piece)
        return sites

    def assign(self, scan: Scan, mentions: Sequence[Mention]) -> list[Site]:
        """Give each mention of the sentence its sites; all sites of the sentence come back."""
        sites = self.find(scan)
        if not (sites and mentions):
            return sites
        for site in sites:
            owner = self._owner(scan, site, mentions)
            if owner is not None:
                owner.sites.append(site)
        self._complete(mentions)
        self._share(scan, mentions)
        return sites

    def _owner(self, scan: Scan, site: Site, mentions: Sequence[Mention]) -> Mention | None:
        clause = [m for m in mentions if scan.clause(m.start) == scan.clause(site.start)]
        before = scan.between(max(scan.sentence.start, site.start - 30), site.start)
        follows = bool(self._preposition.search(before))
        return self._binder.owner(scan, site.start, site.end, clause or mentions, follows=follows)

    @staticmethod
    def _complete(mentions: Sequence[Mention]) -> None:
        """A bare side and a site without side that belong together make one site."""
        for mention in mentions:
            bare = [s for s in mention.sites if s.name is None]
            named = [s for s in mention.sites if s.name is not None]
            if len(bare) == 1 and named and not any(s.side for s in named):
                mention.sites = [replace(s, side=bare[0].side) for s in named]

    def _share(self, scan: Scan, mentions: Sequence[Mention]) -> None:
        """Coordinated mentions share the site that only one of them has."""
        for one, other in zip(mentions, mentions[1:], strict=False):
            if scan.clause(one.start) != scan.clause(other.start):
                continue
            if not self._binder.joined(scan.between(one.end, other.start)):
                continue
            if one.sites and not other.sites and one.sites[-1].end <= other.start:
                other.sites.extend(s for s in one.sites if s.start < one.start or s.side)
            elif other.sites and not one.sites and other.sites[0].start >= other.end:
                one.sites.extend(other.sites)


def _site(hit: MeaningHit) -> Site:
    if hit.entry.site is not None:
        return Site(hit.start, hit.end, hit.entry.site.side, hit.entry.site.name)
    return Site(hit.start, hit.end, Laterality(str(hit.entry.value)))


def _merged(last: Site, piece: Site, between: str) -> Site | None:
    """``right`` + ``lower lobe``; ``base`` + ``of the right lung``; nothing else."""
    if piece.start < last.end:
        return replace(last, end=max(last.end, piece.end), side=last.side or piece.side,
                       name=last.name or piece.name)  # fmt: skip
    if last.name is None and piece.name is not None and piece.side in (None, last.side):
        if _ADJECTIVES.fullmatch(between):
            return Site(last.start, piece.end, last.side, piece.name)
    elif last.name and piece.name is None and last.side is None and _OF_THE.fullmatch(between):
        return Site(last.start, piece.end, piece.side, last.name)
    elif last.name and piece.name in _GENERAL and _OF_THE.fullmatch(between):
        return Site(last.start, piece.end, last.side or piece.side, last.name)
    return None


def compatible(one: Sequence[Site], other: Sequence[Site]) -> bool:
    """Whether two descriptions of a place can mean the same place."""
    if not one or not other:
        return True
    return any(_same_place(a, b) for a in one for b in other)


def _same_place(one: Site, other: Site) -> bool:
    sides = {s for s in (one.side, other.side) if s is not None}
    names = {n for n in (one.name, other.name) if n is not None and n not in _GENERAL}
    return len(sides) <= 1 and len(names) <= 1
