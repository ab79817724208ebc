"""Citations that can be checked: the quoted words stand in the passage, at the stated place."""

from dxtrace.retrieval.errors import RetrievalError


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
