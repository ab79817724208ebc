"""What a model did in one message, whatever dialect it wrote it in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from agents.vlm.offer import Offer, UnreadableCallError
from agents.vlm.thinking import without_thinking
from dxtrace.clinical import CallRequest

LONGEST_SENTENCE = 600
_MOST_CLAIMS = 12
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9“\"<])")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")


@dataclass
class Move:
    """What a model did.

    Attributes:
        calls: the calls that it asks for.
        sentences: what it says, if it answers.
        asks: facts that it would ask the user for.
        problems: what could not be read.
    """

    calls: list[CallRequest] = field(default_factory=list)
    sentences: list[RawSentence] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add_call(self, offer: Offer, name: str, arguments: object) -> None:
        """Read a call; what is wrong with it becomes a problem."""
        if not isinstance(arguments, dict):
            self.problems.append(f"{name[:64]}: expected arguments by name, got {arguments!r:.80}")
            return
        try:
            self.calls.append(offer.call(name, arguments))
        except UnreadableCallError as error:
            self.problems.append(str(error))

    def add_question(self, offer: Offer, fact: object) -> None:
        """Read a question to the user: only what would decide something is worth one."""
        if fact in offer.facts:
            self.asks.append(str(fact))
            return
        known = ", ".join(offer.facts) or "nothing is"
        self.problems.append(f"asking for {fact!r:.80} decides nothing; what is missing: {known}")

    def add_sentences(self, given: object) -> None:
        """Read an answer: sentences with their claims, or prose."""
        if isinstance(given, str):
            given = [given]
        for item in given if isinstance(given, list) else [given]:
            if isinstance(item, str):
                self.sentences += [
                    RawSentence(text) for text in split_prose(without_thinking(item))
                ]
            elif isinstance(item, dict) and isinstance(item.get("text"), str):
                claims = item.get("claims") or []
                listed = claims if isinstance(claims, list) else [claims]
                text = tidy(without_thinking(item["text"]))
                if text:
                    self.sentences.append(RawSentence(text, listed[:_MOST_CLAIMS]))
            else:
                self.problems.append(
                    f"answer: expected sentences with 'text' and 'claims', got {item!r:.80}"
                )


@dataclass
class RawSentence:
    """A sentence with its claims as a model wrote them."""

    text: str
    claims: list[Any] = field(default_factory=list)


def split_prose(text: str) -> list[str]:
    """Prose as sentences, without bullets and empty lines."""
    lines = (_BULLET.sub("", line) for line in text.splitlines())
    parts = (part for line in lines for part in _SENTENCE_END.split(line))
    return [tidied for part in parts if (tidied := tidy(part))]


def tidy(text: str) -> str:
    """One line, of bounded length, without characters that could pass for the check's own marks."""
    plain = "".join(c for c in text if c.isprintable() or c.isspace())
    line = " ".join(plain.split()).replace("[", "(").replace("]", ")")
    return line if len(line) <= LONGEST_SENTENCE else f"{line[:LONGEST_SENTENCE]} …"
