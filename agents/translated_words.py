"""Whether a translated sentence says other numbers, sides or negations than the English one.

More of a translation cannot be told without knowing both languages; a person has to read it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache
from importlib.resources import files

from dxtrace.clinical.base import Frozen
from dxtrace.knowledge.strict_yaml import parse_yaml

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W\d_]+")
_KINDS = ("left", "right", "both", "negation")
_MORE_LETTERS, _LONGER_BY = 2, 40
_FEW_WORDS = 2


class LanguageWords(Frozen):
    """Words of a language that decide what a sentence says.

    Attributes:
        name: what its speakers call it.
        english: its name in English, for a model.
        left: words for the left side, as patterns.
        right: for the right side.
        both: for both sides.
        negation: by which a sentence says that something is not, or not known.
    """

    name: str
    english: str = ""
    left: tuple[str, ...]
    right: tuple[str, ...]
    both: tuple[str, ...]
    negation: tuple[str, ...]


class TranslationWords(Frozen):
    """``translation_words.yaml``.

    Attributes:
        english: of what is translated.
        languages: by their codes (ISO 639-1).
    """

    english: LanguageWords
    languages: dict[str, LanguageWords]


@cache
def translation_words() -> TranslationWords:
    """The words of all languages into which can be translated."""
    text = files("agents").joinpath("translation_words.yaml").read_text(encoding="utf-8")
    return TranslationWords.model_validate(parse_yaml(text, trusted=True))


def says_otherwise(english: str, translated: str, language: str) -> str:
    """What a translated sentence says otherwise than the English one; empty if nothing was found.

    Args:
        english: the sentence.
        translated: its translation.
        language: its code.
    """
    words = translation_words()
    if not translated.strip():
        return "it was not translated"
    if _is_untouched(english, translated):
        return "it is still English"
    if len(translated) > _MORE_LETTERS * len(english) + _LONGER_BY:
        return "the translation says more"
    here, there = _numbers(english), _numbers(translated)
    if here != there:
        return f"the translation has other numbers ({_listed(there)} for {_listed(here)})"
    for kind in _KINDS:
        if _says(words.english, kind, english) != _says(
            words.languages[language], kind, translated
        ):
            return (
                "one of the two has a negation, the other has none"
                if kind == "negation"
                else f"only one of the two says “{kind}”"
            )
    return ""


def _is_untouched(english: str, translated: str) -> bool:
    same = english.casefold().strip() == translated.casefold().strip()
    return same and len(_WORD.findall(english)) > _FEW_WORDS


def _numbers(text: str) -> Counter[str]:
    """The numbers of a text, however its language writes digits and decimal signs."""
    plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    return Counter(n.replace(",", ".") for n in _NUMBER.findall(plain))


def _listed(numbers: Counter[str]) -> str:
    return ", ".join(sorted(numbers.elements())) or "none"


def _says(words: LanguageWords, kind: str, text: str) -> bool:
    return _pattern(getattr(words, kind)).search(unicodedata.normalize("NFC", text)) is not None


@cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)
