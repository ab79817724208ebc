"""Guideline text that was found for a question, as a section of its own on the page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dxtrace.clinical import ASIDE, OWN_DOCUMENT, QuotedPassage, Result
from dxtrace.reporting.answer_text import Paragraph


@dataclass(frozen=True, slots=True)
class ShownPassage:
    """A quoted passage with what a reader must know of it.

    Attributes:
        passage: the passage.
        mark: how much it bears on the question, that it is the user's own, not verified, or not on
            the question; empty if nothing.
        said: how the answer's text begins to quote it, on one line.
    """

    passage: QuotedPassage
    mark: str
    said: str


def shown_passages(result: Result) -> list[ShownPassage]:
    """The passages of all calls; those to rely on first."""
    aside = result.reliance.passages if result.reliance is not None else ()
    shown = [
        _shown(passage, is_aside=passage.reference in aside)
        for call in result.tools
        for passage in call.passages
    ]
    return sorted(shown, key=lambda s: not s.said.startswith("“"))


def quotes_one(paragraph: Paragraph, shown: Iterable[ShownPassage]) -> bool:
    """Whether a paragraph of the answer is there to quote one of them."""
    said = " ".join(f"{paragraph.lead} {paragraph.rest} {paragraph.sources}".split())
    return any(said.startswith(s.said) for s in shown)


def _shown(passage: QuotedPassage, *, is_aside: bool) -> ShownPassage:
    known = (passage.relevance, OWN_DOCUMENT if passage.own else "")
    marks, before = [k for k in known if k], ""
    if passage.unverified:
        marks.append(f"not verified, {passage.unverified}")
        before = f"Not verified, {passage.unverified}: "
    elif is_aside:
        marks.append(ASIDE)
        before = f"Found, but {ASIDE}: "
    said = " ".join(f"{before}“{passage.quote}”".split())
    return ShownPassage(passage, "; ".join(marks), said)
