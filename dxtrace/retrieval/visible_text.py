"""Text in which nothing is hidden and nothing can be taken for a model's own syntax.

Every character that is unseen, reorders others, or would begin a chat template's token, an expert
token, a role marker, a code fence or a link is written as ``{U+XXXX}``. Nothing is lost:
:func:`as_written` gives back the original, so that what a planner quotes from the visible form can
be looked up in the text itself, character for character.
"""

import re
from functools import cache
from pathlib import Path

from dxtrace.clinical.base import Frozen
from dxtrace.documents.unseen import is_unseen
from dxtrace.knowledge.strict_yaml import parse_yaml

SYNTAX = Path(__file__).with_name("model_syntax.yaml")
_UNUSUAL = re.compile(r"[^\t\n\x20-\x7e]")
_COMMANDS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
    r"\U000e0000-\U000e007f]"
)
_SPELLED = re.compile(r"\{U\+([0-9A-F]{4,6})\}")
_OPENED = re.compile(r"\{(?=U\+)")
_CUT_IN_TWO = re.compile(r"\{(?:U(?:\+[0-9A-F]{0,6})?)?\Z")


class SyntaxRule(Frozen):
    """Characters that mean something to a model or a page.

    Attributes:
        name: what they are.
        pattern: a regular expression; the characters of its group, or of the whole match if it has
            none, are spelled out. It is matched without regard to case, ``^`` at every line.
    """

    name: str
    pattern: str


def visible(text: str, most: int | None = None) -> str:
    """Spell out what is unseen or has a meaning to a model or a page.

    Args:
        text: as somebody wrote it.
        most: characters of the result at most; it is never cut inside a spelled-out character.
    """
    head = text if most is None else text[:most]
    parts, last = [], 0
    for at in sorted(_places(head)):
        parts += [head[last:at], f"{{U+{ord(head[at]):04X}}}"]
        last = at + 1
    shown = "".join([*parts, head[last:]])
    if most is None or len(shown) <= most:
        return shown
    return _CUT_IN_TWO.sub("", shown[:most])


def inline(text: str) -> str:
    """A few words of others inside a sentence of ours: :func:`visible`, on one line."""
    return visible(" ".join(text.split()))


def legible(text: str) -> str:
    """Text for people and their terminals; what commands these or reorders words is spelled out.

    Joiners and soft hyphens, which words of many languages need, stay.
    """
    return _COMMANDS.sub(lambda m: f"{{U+{ord(m[0]):04X}}}", text)


def as_written(shown: str) -> str:
    """The original of what :func:`visible` gave, or of a part of it."""
    return _SPELLED.sub(lambda m: chr(int(m[1], 16)), shown)


def _places(text: str) -> set[int]:
    """Where the characters stand that are spelled out."""
    found = {m.start() for m in _OPENED.finditer(text)}
    found.update(m.start() for m in _UNUSUAL.finditer(text) if is_unseen(m[0]))
    for pattern in _syntax():
        for match in pattern.finditer(text):
            found.update(range(*match.span(match.lastindex or 0)))
    return found


@cache
def _syntax() -> tuple[re.Pattern[str], ...]:
    rules = parse_yaml(SYNTAX.read_text(encoding="utf-8"), trusted=True)
    checked = [SyntaxRule.model_validate(rule) for rule in rules]
    return tuple(re.compile(r.pattern, re.IGNORECASE | re.MULTILINE) for r in checked)
