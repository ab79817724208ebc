"""Titles of persons that look like something else: "Mr Smith" is no MR examination."""

import re

from tools.report_reader.phrases import fold

_TITLE = re.compile(
    r"\bMr\b"
    r"|\bMR(?=\.?\s+X{2,})"  # a name that was masked
    r"|\bMR(?=\.\s+[A-Z][a-z]+\b(?!\s*:))"
    r"|\b(?i:mr)(?=\.?\s+(?i:[a-z'-]+\s+(?:has|had|reports|denies|complains|presents|returns"
    r"|presented|returned|underwent|suffers|says|told|asks|asked)\b))"
)


def fold_without_titles(text: str) -> str:
    """Folded text, as :func:`tools.report_reader.phrases.fold` gives it, titles crossed out.

    "MR" is a title where a masked or a capitalised name follows ("MR. Smith"; not the heading in
    "EXAM: MR. Findings: ..."), or a word that does what persons do ("mr smith denies pain").

    Args:
        text: the text as written; capitals tell titles.

    Returns:
        Text of the same length.
    """
    folded = fold(text)
    parts, last = [], 0
    for title in _TITLE.finditer(text):
        parts += [folded[last : title.start()], "__"]
        last = title.end()
    return "".join([*parts, folded[last:]])
