"""How images are to be shown, by the words of the question and what was found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from dxtrace.clinical import Concept, Finding
from dxtrace.clinical.base import Frozen
from dxtrace.knowledge.strict_yaml import parse_yaml
from dxtrace.reporting.windows import CtWindow

_USUAL: tuple[CtWindow, ...] = ("soft_tissue",)
_SPACE = re.compile(r"\s+")


class Words(Frozen):
    """Words of a question, and concepts of findings.

    Attributes:
        words: beginnings of words.
        concepts: keys of concepts.
    """

    words: tuple[str, ...]
    concepts: tuple[str, ...]

    def ask(self, question: str, concepts: Iterable[str]) -> bool:
        """Whether a question holds one of the words, or one of the concepts was found."""
        return any(names(question, word) for word in self.words) or not set(
            self.concepts
        ).isdisjoint(concepts)


class Wording(Frozen):
    """``wording.yaml``.

    Attributes:
        windows: what each window of CT is for.
        body_parts: windows by what was examined.
        detail: what is seen only at full resolution.
    """

    windows: dict[CtWindow, Words]
    body_parts: dict[str, tuple[CtWindow, ...]]
    detail: Words


@cache
def wording() -> Wording:
    """The words."""
    text = files("agents.vlm.sight").joinpath("wording.yaml").read_text(encoding="utf-8")
    return Wording.model_validate(parse_yaml(text, trusted=True))


def names(question: str, word: str) -> bool:
    """Whether a question holds a word that begins like this.

    Args:
        question: in any case.
        word: in lower case.
    """
    text = _SPACE.sub(" ", question.lower())
    return re.search(rf"(?<![^\W_]){re.escape(word)}", text) is not None


def ct_windows(body_part: str | None, question: str, concepts: Iterable[str]) -> list[CtWindow]:
    """The windows that a CT is to be shown in, the chief one first.

    Args:
        body_part: what was examined, if it is known.
        question: the question, or nothing.
        concepts: what was found on it.
    """
    known = set(concepts)
    table = wording()
    asked = [name for name, w in table.windows.items() if w.ask(question, ())]
    found = [name for name, w in table.windows.items() if w.ask("", known)]
    usual = table.body_parts.get(body_part or "", _USUAL)
    return list(dict.fromkeys([*asked, *found, *usual]))


def is_named(question: str, finding: Finding, concepts: Mapping[str, Concept]) -> bool:
    """Whether a question speaks of what a finding is about."""
    concept = concepts.get(finding.concept)
    called = [concept.name, *concept.synonyms] if concept else [finding.concept.replace("_", " ")]
    return any(names(question, name.lower()) for name in called)
