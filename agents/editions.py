"""Editions of one guideline: packs that give the same results, of which a claim has to mean one."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property

from dxtrace.clinical import Claim
from dxtrace.knowledge import Knowledge
from tools.report_reader.phrases import compile_phrase, fold


class Editions:
    """Tells which edition a sentence speaks of.

    Args:
        knowledge: packs whose outputs share their public names are editions of each other.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge

    @cached_property
    def _siblings(self) -> dict[str, frozenset[str]]:
        packs: dict[str, set[str]] = defaultdict(set)
        for pack, output in self.knowledge.outputs.values():
            packs[output.public_name].add(pack.id)
        shared = [frozenset(ids) for ids in packs.values() if len(ids) > 1]
        return {pack: ids for ids in shared for pack in ids}

    @cached_property
    def _names(self) -> list[tuple[str, re.Pattern[str]]]:
        return [
            (pack, compile_phrase(phrase))
            for pack in self._siblings
            for phrase in self.knowledge.packs[pack].header.selection.edition
        ]

    def named_in(self, text: str) -> dict[str, list[tuple[int, int]]]:
        """The editions that a text names, and where."""
        folded = fold(text)
        found: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for pack, pattern in self._names:
            for match in pattern.finditer(folded):
                found[pack].append(match.span())
        return dict(found)

    def meant(self, claims: Iterable[Claim], sentence: str, question: str) -> tuple[Claim, ...]:
        """The claims of the edition that a sentence names, or else its question.

        Where neither names one, a claim is about all editions: it holds only if it holds by each.

        Args:
            claims: of the sentence, by every edition.
            sentence: its words.
            question: what was asked.
        """
        named = self.named_in(sentence) or self.named_in(question)
        return tuple(
            c for c in claims
            if not (named and (own := self._pack(c)) in self._siblings
                    and own not in named and self._siblings[own] & named.keys())
        )  # fmt: skip

    def by(self, claims: Sequence[Claim], sentence: str) -> str:
        """In words, the editions that claims are about; empty if the sentence names them itself."""
        packs = {p for c in claims if (p := self._pack(c)) in self._siblings}
        silent = sorted(packs - self.named_in(sentence).keys())
        return " and ".join(f"by {self.knowledge.packs[p].header.title}" for p in silent)

    def _pack(self, claim: Claim) -> str:
        if claim.kind != "category":
            return ""
        return self.knowledge.outputs[claim.concept][0].id
