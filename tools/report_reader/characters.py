"""Characters that print as plain letters and are others: ligatures, soft hyphens, no width at all.

Word processors, PDF files and forms put them into reports. They are taken out before reading, and
every offset is traced back to the report as it was written.
"""

import re
import unicodedata
from dataclasses import replace

from tools.report_reader.tables import Edit, Spelled

# A soft hyphen at the end of a line divides a word; marks of direction and joiners have no width.
_INVISIBLE = re.compile(
    "\u00ad[ \t]*\r?\n[ \t]*"
    "|[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)
_TYPESET = ("<compat>", "<square>")
_WIDE = ("<wide>", "<narrow>", "<font>")


def plain_characters(text: str) -> Spelled:
    """Plain letters for wide ones, ligatures spelled out, and nothing that cannot be seen."""
    if text.isascii():
        return Spelled(text, text)
    report, text = text, "".join(map(_in_plain_width, text))
    edits = [Edit(m.start(), m.end(), "") for m in _INVISIBLE.finditer(text)]
    edits += [
        Edit(at, at + 1, words)
        for at, character in enumerate(text)
        if not character.isascii() and (words := _spelled_out(character))
    ]
    edits.sort(key=lambda e: e.start)
    parts, last = [], 0
    for edit in edits:
        parts += [text[last : edit.start], edit.words]
        last = edit.end
    return Spelled("".join([*parts, text[last:]]), report, tuple(edits))


def spelled_from(first: Spelled, then: Spelled) -> Spelled:
    """One step after another: the text of the first was taken for the report by the second."""
    if first.text == first.report:
        return then
    return replace(then, earlier=spelled_from(first, then.earlier) if then.earlier else first)


def _spelled_out(character: str) -> str:
    """The letters that one character stands for ("ﬁ", "㎜"); empty if it stands for itself."""
    if not unicodedata.decomposition(character).startswith(_TYPESET):
        return ""
    letters = unicodedata.normalize("NFKC", character)
    return letters if len(letters) > 1 and letters.isascii() and letters.isalpha() else ""


def _in_plain_width(character: str) -> str:
    if character.isascii() or not unicodedata.decomposition(character).startswith(_WIDE):
        return character
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 else character
