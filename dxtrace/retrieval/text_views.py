"""The ways in which a text can be read: look-alike letters, spaced words, encodings."""

import base64
import binascii
import codecs
import html
import re
import sys
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from urllib.parse import unquote

from dxtrace.documents.unseen import is_unseen

_DEPTH = 2
_MOST = 200_000
_PRINTABLE = 0.9
# Letters that look like Latin ones and that no normal form of Unicode turns into these.
_LOOK_ALIKE = str.maketrans(
    dict(zip("аеорсухіјѕһԁԛԝкмтвн", "aeopcyxijshdqwkmtbh", strict=True))
    | dict(zip("αορντικεηχυγ", "aopvtikenxuy", strict=True))
    | dict(zip("ıłøđɑɡɩոսօ", "ilodaginuo", strict=True))
    | dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True))
)
_LEET = str.maketrans("013457@$!|", "oieastasil")
_MIXED = re.compile(r"[a-z][013457@$!|]|[013457@$!|][a-z]", re.IGNORECASE)
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W\d_][ .\-_*·]{1,3}){5,}[^\W\d_](?![^\W_])")
_BETWEEN = re.compile(r"[ .\-_*·]")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{20,}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}[\s:,]?){12,}")
_BITS = re.compile(r"(?:[01]{8}\s?){8,}")
_ESCAPES = re.compile(
    r"\\([\"'/])|\\u\{?([0-9A-Fa-f]{4,6})\}?|\\x([0-9A-Fa-f]{2})|\\U([0-9A-Fa-f]{8})"
)
_LINE_ENDS = frozenset("\n\x0b\x0c\x85\u2028\u2029")
_TAGS = range(0xE0020, 0xE007F)


def unaccented(text: str) -> str:
    """Compatible letters for typeset ones, no accents, Latin letters for look-alikes."""
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text)
    return "".join(c for c in parts if unicodedata.category(c) != "Mn").translate(_LOOK_ALIKE)


def plain_letters(text: str) -> str:
    """Lower case, unaccented, and without what cannot be seen."""
    return text.lower() if text.isascii() else "".join(map(_plain, text))


def written_words(text: str, start: int, end: int) -> str:
    """The words of a text that stand between two offsets of its :func:`plain_letters`."""
    if text.isascii():
        return text[start:end]
    ends = list(accumulate(len(_plain(c)) for c in text))
    return text[bisect_right(ends, start) : bisect_left(ends, end) + 1]


@lru_cache(maxsize=65_536)
def _plain(character: str) -> str:
    if character in _LINE_ENDS:
        return "\n"
    unseen = character != "\t" and is_unseen(character)
    return "" if unseen else unaccented(unicodedata.normalize("NFKD", character).casefold())


def views_of(text: str, depth: int = _DEPTH) -> Iterator[tuple[str, str]]:
    """Other readings of a text than the plain one, each with what it is read as.

    Args:
        text: as it was written; its first 200,000 characters are read.
        depth: how often what was decoded is decoded again.
    """
    text = text[:_MOST]
    for name, view in (*_letters(text), *_decoded(text)):
        if view and view != text:
            yield name, view
            if depth > 1 and name not in ("backwards", "rot13"):
                yield from ((f"{name}, {n}", v) for n, v in views_of(view, depth - 1))


def _letters(text: str) -> Iterator[tuple[str, str]]:
    """The same letters, written differently."""
    if _MIXED.search(text):
        yield "digits for letters", text.lower().translate(_LEET)
    spaced = _SPACED.findall(text)
    if spaced:
        yield "spaced letters", "\n".join(_BETWEEN.sub("", run) for run in spaced)
    yield "backwards", text[::-1]
    yield "rot13", codecs.encode(text, "rot13")


def _decoded(text: str) -> Iterator[tuple[str, str]]:
    """What stands encoded in a text."""
    yield "tag characters", "".join(chr(ord(c) - 0xE0000) for c in text if ord(c) in _TAGS)
    yield "base64", "\n".join(filter(None, map(_from_base64, _BASE64.findall(text))))
    yield "hexadecimal", "\n".join(filter(None, map(_from_hex, _HEX.findall(text))))
    yield "bits", "\n".join(filter(None, map(_from_bits, _BITS.findall(text))))
    if "%" in text:
        yield "percent encoding", unquote(text, errors="replace")
    if "&" in text:
        yield "HTML entities", html.unescape(text)
    if "\\" in text:
        yield "escapes", _ESCAPES.sub(_unescaped, text)


def _from_base64(run: str) -> str:
    run = run.replace("-", "+").replace("_", "/")
    try:
        return _words(base64.b64decode(run + "=" * (-len(run) % 4)))
    except (binascii.Error, ValueError):
        return ""


def _from_hex(run: str) -> str:
    digits = re.sub(r"[\s:,]", "", run)
    return _words(bytes.fromhex(digits[: len(digits) // 2 * 2]))


def _from_bits(run: str) -> str:
    bits = "".join(run.split())
    return _words(bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)))


def _words(decoded: bytes) -> str:
    """Decoded bytes if they are text, else nothing."""
    text = decoded.decode("utf-8", "ignore")
    printable = sum(c.isprintable() or c in "\t\n" for c in text)
    enough = len(text) > len(decoded) / 4 and printable >= _PRINTABLE * len(text)
    return text if enough else ""


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return match[1]
    code = int(next(filter(None, match.groups())), 16)
    return chr(code) if code <= sys.maxunicode else ""
