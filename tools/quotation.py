"""The sentence around a place in a report, for quoting."""

import re

_END = re.compile(r"[.!?](?=\s|$)|\n\s*\n|\n(?=\s*(?:[-*•]|\d+[.)])\s)")
_HEADING = re.compile(r"\s*(?:[A-Z][A-Za-z /&-]{2,40}:\s*)?(?:\d+[.)]\s+)?")
MAX_LENGTH = 240


def quote_around(text: str, span: tuple[int, int]) -> str:
    """The sentence that holds a span, without its heading, on one line.

    Args:
        text: the whole report.
        span: ``[start, end)`` offsets.

    Returns:
        At most 240 characters; a longer sentence is cut around the span with an ellipsis.
    """
    start, end = span
    before = [m.end() for m in _END.finditer(text, max(0, start - 600), start)]
    first = before[-1] if before else max(0, start - 600)
    # Not to the end of the text: a report without a full stop would be searched for every finding.
    after = _END.search(text, end, end + 700)
    last = min(after.start() if after else len(text), end + 600)
    heading = _HEADING.match(text, first)
    first = min(start, heading.end()) if heading else first
    if last - first <= MAX_LENGTH:
        return " ".join(text[first:last].split())
    left, right = max(first, start - 80), min(last, end + 120)
    return f"{'…' if left > first else ''}{' '.join(text[left:right].split())}…"
