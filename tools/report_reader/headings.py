"""Sides that stand as headings: "OD: microaneurysms, no haemorrhages." or "Right eye - ..."."""

import re
from dataclasses import replace

from dxtrace.clinical.states import Laterality
from tools.report_reader.layout import Part
from tools.report_reader.mentions import Mention, Site
from tools.report_reader.sentences import Scan

_MARK = re.compile(r"\s?(?::|=|-(?=\s))")
_LEAD = re.compile(r"[\s*#-]*(?:the\s)?\Z")


class SideHeadings:
    """Remembers the side that heads the sentences of a section.

    A heading holds for its own sentence and for what follows on the same line; one that is alone on
    its line holds until an empty line. The next heading takes over.
    """

    def __init__(self, text: str):
        self._text = text
        self._part: Part | None = None
        self._side: Laterality | None = None
        self._end = 0
        self._alone = False

    def apply(self, scan: Scan, sites: list[Site], mentions: list[Mention]) -> None:
        """Give the side in force to the mentions of a sentence that have none of their own."""
        start = scan.sentence.start
        if scan.sentence.part is not self._part or self._over(start):
            self._part, self._side = scan.sentence.part, None
        heading = next((s for s in sites if self._heads(scan, s)), None)
        if heading is not None:
            rest = self._text[heading.end :].partition("\n")[0]
            self._side, self._end = heading.side, heading.end
            self._alone = not rest.strip(" :=-*")
        if self._side is not None:
            for mention in mentions:
                self._give(mention, self._side, start)

    def _over(self, start: int) -> bool:
        between = self._text[self._end : start]
        lines = between.split("\n")
        return any(not line.strip() for line in lines[1:-1]) or (len(lines) > 1 and not self._alone)

    @staticmethod
    def _heads(scan: Scan, site: Site) -> bool:
        opening = scan.between(scan.sentence.start, site.start)
        following = scan.between(site.end, scan.sentence.end)
        return site.side is not None and bool(_LEAD.match(opening) and _MARK.match(following))

    @staticmethod
    def _give(mention: Mention, side: Laterality, start: int) -> None:
        if any(s.side for s in mention.sites) or not mention.concept.sided:
            return
        mention.sites = [replace(s, side=side) for s in mention.sites] or [Site(start, start, side)]
