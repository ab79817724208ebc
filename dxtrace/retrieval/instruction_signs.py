"""Signs that a text gives instructions instead of stating something, by rules of a data file.

They are looked for in what a reader sees, behind look-alike letters, digits for letters and spaced
words, and in what is encoded. What is found is a notice and never decides what a text is worth;
what is not found proves nothing (:mod:`dxtrace.retrieval.quoting` says what protects).
"""

import re
from functools import cache, lru_cache
from pathlib import Path

from pydantic import Field

from dxtrace.clinical.base import Frozen
from dxtrace.clinical.quoted_text import Suspicion
from dxtrace.knowledge.strict_yaml import parse_yaml
from dxtrace.retrieval.text_views import plain_letters, unaccented, views_of, written_words
from dxtrace.retrieval.visible_text import visible

SIGNS = Path(__file__).with_name("instruction_signs.yaml")
_SPACE = r"[\\W_]{0,6}"
_SHOWN = 80


class Sign(Frozen):
    """One kind of sign.

    Attributes:
        sign: its name.
        why: what a text with it does, for a reader.
        patterns: regular expressions; any of them is enough.
        raw: whether they see the text as it was written.
    """

    sign: str
    why: str
    patterns: tuple[str, ...] = Field(min_length=1)
    raw: bool = False

    def compiled(self) -> re.Pattern[str]:
        """All patterns as one."""
        if self.raw:
            return re.compile("|".join(self.patterns))
        folded = (re.sub(" ", _SPACE, unaccented(p)) for p in self.patterns)
        return re.compile("|".join(folded))


@lru_cache(maxsize=256)
def suspicions_in(text: str) -> tuple[Suspicion, ...]:
    """The signs in a text, each once, with the words that show it.

    Args:
        text: as it was written, of any length. What a planner is sent again is not read again.
    """
    found: dict[str, Suspicion] = {}
    for sign, pattern in load_signs():
        match = pattern.search(text) if sign.raw else None
        if match is not None:
            found[sign.sign] = _suspicion(sign, match[0])
    for seen_as, view in (("", text), *views_of(text)):
        letters = plain_letters(view)
        for sign, pattern in load_signs():
            if sign.raw or sign.sign in found:
                continue
            match = pattern.search(letters)
            if match is not None:
                words = written_words(view, *match.span())
                found[sign.sign] = _suspicion(sign, words, seen_as)
    return tuple(found.values())


def _suspicion(sign: Sign, words: str, seen_as: str = "") -> Suspicion:
    shown = visible(" ".join(words.split(" ")).strip(), _SHOWN)
    return Suspicion(sign=sign.sign, why=sign.why, words=shown, seen_as=seen_as)


@cache
def load_signs() -> tuple[tuple[Sign, re.Pattern[str]], ...]:
    """The signs that come with DxTrace, with their patterns compiled."""
    rules = parse_yaml(SIGNS.read_text(encoding="utf-8"), trusted=True)
    signs = [Sign.model_validate(rule) for rule in rules]
    return tuple((sign, sign.compiled()) for sign in signs)
