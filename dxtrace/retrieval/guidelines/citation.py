"""Citations that can be checked: the quoted words stand in the passage, at the stated place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dxtrace.retrieval.errors import RetrievalError
from dxtrace.retrieval.guidelines.passage import GuidelineDocument, GuidelinePassage
from dxtrace.retrieval.guidelines.record import DocumentRecord

Standing = Literal["current", "superseded", "removed"]


class QuotationError(RetrievalError):
    """Quoted words that do not stand where the citation says."""


def verify_quotation(passage: str, quote: str, span: tuple[int, int] | None = None) -> None:
    """Check a quotation, character for character: no case, space or dash may differ.

    Args:
        passage: the text of the cited passage.
        quote: the quoted words.
        span: where they start and end in the passage, in characters; anywhere if None.

    Raises:
        QuotationError: if they do not stand there, or nothing is quoted.
    """
    if not quote.strip():
        raise QuotationError("expected quoted words, got none")
    if span is None:
        found = quote in passage
    else:
        start, end = span
        found = 0 <= start < end <= len(passage) and passage[start:end] == quote
    if not found:
        at = f" at {span[0]} to {span[1]}" if span else ""
        raise QuotationError(f"the passage does not say {quote!r:.120}{at}")


@dataclass(frozen=True)
class CitedPassage:
    """What a reference names, and whether it is still the version that is searched.

    Attributes:
        document: the version that is cited.
        passage: the passage.
        standing: ``superseded`` if a newer version is searched, ``removed`` if none is.
        successor: the version that is searched instead.
    """

    document: GuidelineDocument
    passage: GuidelinePassage
    standing: Standing
    successor: GuidelineDocument | None = None


def look_up(record: DocumentRecord, reference: str) -> CitedPassage:
    """The passage that a reference names, of whichever version.

    Raises:
        QuotationError: if there is none.
    """
    found = record.cited(reference)
    if found is None:
        raise QuotationError(f"no passage is called {reference!r:.120}")
    document, passage = found
    current = next((v.document for v in record.versions(document.key) if v.current), None)
    if current is None:
        return CitedPassage(document, passage, "removed")
    if current.sha256 == document.sha256:
        return CitedPassage(document, passage, "current")
    return CitedPassage(document, passage, "superseded", current)


def verify_citation(
    record: DocumentRecord, reference: str, quote: str, span: tuple[int, int] | None = None
) -> CitedPassage:
    """Check quoted words against the stored text of the passage that a reference names.

    Args:
        record: the stored documents.
        reference: names document, version and passage.
        quote: the quoted words.
        span: where they start and end in the passage, in characters; anywhere if None.

    Returns:
        The passage, with whether another version has superseded it.

    Raises:
        QuotationError: if there is no such passage, or it does not say so.
    """
    cited = look_up(record, reference)
    verify_quotation(cited.passage.text, quote, span)
    return cited
