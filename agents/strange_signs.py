"""Signs of a sentence that may turn what it says: "❌ effusion", "effusion: -", "( ) effusion"."""

import re
from collections.abc import Iterable

Span = tuple[int, int]

# Marks between words, quotation marks, emphasis, headings and columns say nothing by themselves;
# nor do brackets with words in them, a dash between words or before a list's item, and an
# exclamation mark behind a word.
_SILENT = re.compile(
    r"""[\w\s.,;:?"'`“”‘’*\#|/&]"""  # noqa: RUF001 - quotation marks as they are printed
    r"|(?<=[\w.,)])[-–—](?=\w)|(?<=[\w.,)*]\s)[-–—](?=\s\w)|\A[-–—](?=\s)"  # noqa: RUF001 - dashes, too
    r"|(?<=[\w.)*])!(?!\w)"
)
_BRACKETS = re.compile(r"\((?=[^()]*\w)[^()]*\)")


def strange_signs(text: str, known: Iterable[Span]) -> tuple[str, ...]:
    """The signs of a text that are not known to be silent, each once.

    Args:
        text: a sentence.
        known: stretches of it that were understood as they stand: "< 7 mm".
    """
    silent = {at for start, end in known for at in range(start, end)}
    silent |= {at for m in _SILENT.finditer(text) for at in range(*m.span())}
    silent |= {at for m in _BRACKETS.finditer(text) for at in (m.start(), m.end() - 1)}
    return tuple(dict.fromkeys(sign for at, sign in enumerate(text) if at not in silent))
