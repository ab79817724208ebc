"""Names that are known of a case, masked in its text wherever they stand, also without a title.

They come from image headers, from a FHIR bundle, or from what somebody has called the case. A name
that is also a word of reports ("Small", "Long") is masked only beside another part of the name: "a
small effusion" has to stay what it is. Words of fewer than three letters and numbers of fewer than
four digits are no names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256

_WORD = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[\s,.'’_-]{0,3}")  # noqa: RUF001 - a typographic apostrophe is part of names
# Shorter words, such as "CT" or initials, would meet anything.
_SHORTEST_NAME, _SHORTEST_NUMBER = 3, 4
# What cases are called, beside the words of the vocabulary.
_OF_CASES = frozenset((
    "abnormal", "and", "anonymous", "anon", "case", "cases", "data", "demo", "dicom", "example",
    "file", "folder", "for", "from", "image", "images", "line", "male", "female", "mri", "normal",
    "number", "part", "patient", "patients", "person", "phantom", "report", "reports", "sample",
    "scan", "series", "session", "set", "site", "slice", "study", "subject", "test", "the", "this",
    "time", "train", "trial", "unknown", "valid", "view", "was", "with", "xray",
))  # fmt: skip


def hash_words(text: str) -> frozenset[str]:
    """SHA-256 of the words of a text, in lower case, short ones left out."""
    return frozenset(_hash(w) for w in _WORD.findall(text) if len(w) >= _SHORTEST_NAME)


def _hash(word: str) -> str:
    return sha256(word.lower().encode("utf-8", "surrogatepass")).hexdigest()


def mask_known_names(text: str, known: Iterable[str]) -> str:
    """Replace the letters and digits of names by ``X``.

    Args:
        text: a report.
        known: SHA-256 of the words of names, as :func:`hash_words` gives them.

    Returns:
        Text of the same length.
    """
    names = frozenset(known)
    parts: list[str] = []
    end = 0
    for run in _runs(text, names) if names else ():
        if any(_is_telling(word[0]) for word in run):
            for word in run:
                parts += [text[end : word.start()], "X" * len(word[0])]
                end = word.end()
    return "".join([*parts, text[end:]])


def _runs(text: str, known: frozenset[str]) -> Iterator[list[re.Match[str]]]:
    """Words of names that stand beside each other."""
    run: list[re.Match[str]] = []
    for word in _WORD.finditer(text):
        if not _is_long(word[0]) or _hash(word[0]) not in known:
            continue
        if run and not _BETWEEN.fullmatch(text, run[-1].end(), word.start()):
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def _is_long(word: str) -> bool:
    return len(word) >= (_SHORTEST_NUMBER if word.isdigit() else _SHORTEST_NAME)


def _is_telling(word: str) -> bool:
    return word.lower() not in _ordinary_words()


@cache
def _ordinary_words() -> frozenset[str]:
    """Words that reports use for findings, sites, sizes."""
    from dxtrace.knowledge import load_knowledge

    concepts = load_knowledge().vocabulary.concepts.values()
    said = (text for concept in concepts for text in _texts(concept.model_dump()))
    return _OF_CASES.union(word.lower() for text in said for word in _WORD.findall(text))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for each in value.values() for text in _texts(each))
    elif isinstance(value, list | tuple):
        yield from (text for each in value for text in _texts(each))
