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
from tools.report_reader.sharing import SiteSharing

_ADJECTIVES = re.compile(r"[\s-]*(?:(?!and |or |the |of |in )[a-z0-9]+[\s-]+){0,2}")
_OF_THE = re.compile(r"\s+(?:(?:of|in|on|within)\s+(?:the\s+)?)?")
_LIST = re.compile(r"\s*(?:,|/|&|,?\s+and\s+|,?\s+or\s+)\s*(?:the\s+)?")
_GENERAL = frozenset({"lung", "lobe", "chest wall"})


class SiteFinder:
    """Finds sites and shares them out among mentions."""

    def __init__(self, rules: SiteRules, binder: Binder):
        self._binder = binder
        self._sharing = SiteSharing(binder)
        either = "|".join(f"(?:{translate(p)})" for p in rules.prepositions)
        contrasts = "|".join(f"(?:{translate(p)})" for p in rules.contrasts)
        self._contrast = re.compile(rf"(?<!\w)(?:{contrasts})\s+(?:the\s+)?\Z")
        self._preposition = re.compile(rf"(?<!\w)(?:{either})\s+(?:(?:the|a|an|both)\s+)?\Z")

    def find(self, scan: Scan) -> list[Site]:
        """The sites of a sentence; a side word next to a site is part of it."""
        pieces = [
            _site(h)
            for h in longest([*scan.hits["side"], *scan.hits["site"]])
            if not self._contrasted(scan, h.start)
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

    def _contrasted(self, scan: Scan, start: int) -> bool:
        """Whether the words before make it the other side: "compared with the left"."""
        before = scan.between(max(scan.sentence.start, start - 24), start)
        return bool(self._contrast.search(before))

    def assign(self, scan: Scan, mentions: Sequence[Mention]) -> list[Site]:
        """Give each mention of the sentence its sites; all sites of the sentence come back."""
        sites = self.find(scan)
        if not (sites and mentions):
            return sites
        following: Site | None = None
        owners: list[Mention] = []
        for site in reversed(sites):
            listed = following and _LIST.fullmatch(scan.between(site.end, following.start))
            within = any(m.start < site.end and site.start < m.end for m in mentions)
            goes_on = listed and owners and following and owners[0].start >= following.end
            if within or not goes_on:
                owners = self._owners(scan, site, mentions)
            following = site
            for owner in owners:
                owner.sites.insert(0, site)
        self._sharing.share(scan, mentions)
        return sites

    def _owners(self, scan: Scan, site: Site, mentions: Sequence[Mention]) -> list[Mention]:
        """The mention that a site belongs to, and one before it if the site is part of another."""
        clause = [m for m in mentions if scan.clause(m.start) == scan.clause(site.start)]
        before = scan.between(max(scan.sentence.start, site.start - 30), site.start)
        follows = bool(self._preposition.search(before))
        near = clause or mentions
        owner = self._binder.owner(scan, site.start, site.end, near, follows=follows)
        if owner is None:
            return []
        earlier = [m for m in clause if m.end <= site.start and m is not owner]
        also = follows and earlier and owner.start < site.end
        return [owner, earlier[-1]] if also and owner.end > site.start else [owner]


def _site(hit: MeaningHit) -> Site:
    if hit.entry.site is not None:
        rule = hit.entry.site
        return Site(hit.start, hit.end, rule.side, rule.name, weak=rule.plural)
    return Site(hit.start, hit.end, Laterality(str(hit.entry.value)))


def _carries(last: Site, piece: Site) -> bool:
    """The side holds for both in "right upper and lower lobes"."""
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
