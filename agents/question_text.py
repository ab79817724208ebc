"""The words of a question: what kind of answer it wants, and which words were not understood."""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from dxtrace.clinical import Finding
from dxtrace.clinical.base import Frozen
from dxtrace.knowledge.strict_yaml import parse_yaml
from tools.report_reader import ReportReader
from tools.report_reader.phrases import fold

_YES_NO = re.compile(
    r"^\W*(?:is|are|was|were|does|do|did|has|have|can|could|should|would|will|any|isn't|aren't)\b"
)
_ABSENCE = re.compile(r"\b(?:no|not|without|absent|absence|free of|rule out|exclude\w*)\b")
_GUIDELINE = re.compile(
    r"\b(?:guidelines?|guidance|criteri(?:a|on)|definitions?|defined|cut ?-?offs?|thresholds?)\b"
    r"|\bdo(?:es)?\b[^?]*\b(?:say|state|define|recommend)\b"
)
_WORD = re.compile(r"[^\W_]+")
_TAG = re.compile(
    r"(?:,\s*(?:right|correct|yes|no|is(?:n'?t)? (?:it|there))|\s+or not)\s*(?=\?*\s*$)",
    re.IGNORECASE,
)
_EITHER = re.compile(r"\beither\b(?=.*\bor\b)", re.IGNORECASE | re.DOTALL)


class QuestionWords(Frozen):
    """``question_words.yaml``.

    Attributes:
        frame: words that carry no condition of their own.
        open: words by which a question asks for more than yes or no.
        gone: words that ask whether something is no longer there.
        statement: words that add nothing to what a statement says of a finding.
    """

    frame: tuple[str, ...]
    open: tuple[str, ...]
    gone: tuple[str, ...]
    statement: tuple[str, ...]


def asks_for_guideline(question: str) -> bool:
    """Whether a question wants to know, too, what a guideline says."""
    return bool(_GUIDELINE.search(fold(question)))


@cache
def question_words() -> QuestionWords:
    """The words of questions."""
    text = files("agents").joinpath("question_words.yaml").read_text(encoding="utf-8")
    data = parse_yaml(text, trusted=True)
    return QuestionWords.model_validate({k: tuple(map(_as_word, v)) for k, v in data.items()})


def _as_word(item: object) -> str:
    """YAML reads a bare ``no`` or ``on`` as a truth value."""
    return {True: "yes", False: "no"}.get(item, str(item)) if isinstance(item, bool) else str(item)


def normalised(question: str | None) -> str:
    """The question without its mark and without tags that change nothing: "..., right?"."""
    text = _TAG.sub("", (question or "").strip()).rstrip("? \t\n")
    return _EITHER.sub("", text)


def is_yes_no(question: str | None) -> bool:
    """Whether a question wants yes or no."""
    return bool(_YES_NO.match(fold(normalised(question))))


def is_open(question: str | None) -> bool:
    """Whether a question asks for more than yes or no: which, where, how many."""
    first = _WORD.search(fold(normalised(question)))
    return first is not None and first[0] in question_words().open


def asks_for_absence(question: str | None) -> bool:
    """Whether a yes-or-no question asks whether something is *not* there, or no longer."""
    folded = fold(normalised(question))
    gone = any(w in question_words().gone for w in _WORD.findall(folded))
    statement = not is_open(question)
    return statement and (gone or bool(_ABSENCE.search(folded)))


def words_not_understood(
    question: str, reader: ReportReader, asked: Iterable[Finding]
) -> tuple[str, ...]:
    """The words of a question that neither vocabulary nor frame accounts for.

    Args:
        question: the question.
        reader: knows the vocabulary.
        asked: what the question was read as; a feature counts as understood if it was read.
    """
    asked = list(asked)
    described = {f.concept for f in asked if f.attributes}
    sized = any(f.measurements for f in asked)
    words = question_words()
    known = {*words.frame, *words.gone}
    spans = [
        (item.start, item.end)
        for item in reader.recognised(question)
        if item.role in ("name", "place", "word")
        or (item.role == "size" and sized)
        or (item.role == "feature" and (item.concept in described or not item.concept))
    ]
    return tuple(
        word[0]
        for word in _WORD.finditer(fold(question))
        if word[0] not in known and not any(s < word.end() and word.start() < e for s, e in spans)
    )
