"""Characters that print as nothing."""

import unicodedata

# Controls, format characters (bidirectional overrides, zero width, tags), halves of characters,
# private use, unassigned, line and paragraph separators.
_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Fillers and joiners that print as nothing although they count as letters, marks or signs.
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_VARIATIONS = (range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


def is_unseen(character: str) -> bool:
    """Whether a character prints as nothing, or reorders others."""
    if unicodedata.category(character) in _CATEGORIES or character in _FILLERS:
        return True
    return any(ord(character) in marks for marks in _VARIATIONS)
