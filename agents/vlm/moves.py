"""What a model did in one message, whatever dialect it wrote it in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from agents.vlm.offer import Offer, UnreadableCallError
from dxtrace.clinical import (
    Basis,
    CallRequest,
    Claim,
    Laterality,
    Measurement,
    Presence,
    Sentence,
    Source,
    Statement,
)
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.suggestions import suggest

MOST_SENTENCES = 40
LONGEST_SENTENCE = 600
_MOST_CLAIMS = 12
_MM_PER_CM = 10
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9“\"<])|\n+")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(mm|cm)\s*$", re.IGNORECASE)


class UnreadableClaimError(ValueError):
    """A claim about something that the vocabulary and the packs do not know."""


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
            self.sentences += [RawSentence(text) for text in split_prose(given)]
            return
        for item in given if isinstance(given, list) else [given]:
            if isinstance(item, str):
                self.sentences += [RawSentence(text) for text in split_prose(item)]
            elif isinstance(item, dict) and isinstance(item.get("text"), str):
                claims = item.get("claims") or []
                listed = claims if isinstance(claims, list) else [claims]
                self.sentences.append(RawSentence(tidy(item["text"]), listed[:_MOST_CLAIMS]))
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
    parts = (_BULLET.sub("", part) for part in _SENTENCE_END.split(text))
    return [tidied for part in parts if (tidied := tidy(part))]


def tidy(text: str) -> str:
    """One line, of bounded length, without characters that could pass for the check's own marks."""
    plain = "".join(c for c in text if c.isprintable() or c.isspace())
    line = " ".join(plain.split()).replace("[", "(").replace("]", ")")
    return line if len(line) <= LONGEST_SENTENCE else f"{line[:LONGEST_SENTENCE]} …"


def statement_of(
    sentences: Iterable[RawSentence], knowledge: Knowledge, known: Known
) -> tuple[Statement, tuple[str, ...]]:
    """Sentences as a statement.

    Args:
        sentences: as the model wrote them; of more than ``MOST_SENTENCES`` the rest is left out.
        knowledge: vocabulary and packs: what can be claimed.
        known: findings and passages that a claim may rest on.

    Returns:
        The statement, and what could not be read of it.
    """
    reader = _ClaimReader(knowledge, known)
    said = list(sentences)
    read = [
        Sentence(text=s.text, claims=tuple(reader.add(raw) for raw in s.claims if reader.fits(raw)))
        for s in said[:MOST_SENTENCES]
    ]
    if len(said) > MOST_SENTENCES:
        reader.problems.append(f"{len(said) - MOST_SENTENCES} sentences too many are left out")
    statement = Statement(
        sentences=tuple(read), claims=tuple(reader.claims), basis=dict(reader.basis)
    )
    return statement, tuple(dict.fromkeys(reader.problems))


@dataclass(frozen=True)
class Known:
    """What a claim may rest on: ids of findings, references of passages."""

    findings: frozenset[str] = frozenset()
    passages: frozenset[str] = frozenset()


class _ClaimReader:
    def __init__(self, knowledge: Knowledge, known: Known) -> None:
        self.knowledge, self.known = knowledge, known
        self.claims: list[Claim] = []
        self.basis: dict[str, Basis] = {}
        self.problems: list[str] = []
        self._read: Claim | None = None

    def fits(self, raw: Any) -> bool:
        """Read a claim; what is wrong with it becomes a problem."""
        try:
            self._read = self._claim(raw, f"m{len(self.claims) + 1}")
        except (UnreadableClaimError, ValidationError) as error:
            first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            self.problems.append(f"claim {str(raw)[:80]}: {first}")
            return False
        return True

    def add(self, raw: dict[str, Any]) -> str:
        """Keep the claim that was just read; its id."""
        assert self._read is not None  # noqa: S101 - fits() comes first
        claim, self._read = self._read, None
        self.claims.append(claim)
        self.basis[claim.id] = self._basis(raw)
        return claim.id

    def _basis(self, raw: dict[str, Any]) -> Basis:
        named = [
            str(x) for key in ("findings", "passages", "rests_on") for x in _list(raw.get(key))
        ]
        strange = [n for n in named if n not in self.known.findings | self.known.passages]
        self.problems += [f"{n[:64]!r} is no finding and no passage of this case" for n in strange]
        return Basis(
            findings=tuple(n for n in named if n in self.known.findings),
            passages=tuple(n for n in named if n in self.known.passages),
        )

    def _claim(self, raw: Any, claim_id: str) -> Claim:
        if not isinstance(raw, dict) or not isinstance(raw.get("concept"), str):
            raise UnreadableClaimError("expected an object with 'concept'")
        name = raw["concept"].strip()
        output = self._output(name)
        if output is not None:
            value = raw.get("value")
            return Claim(
                id=claim_id, kind="category", concept=output, source=Source.PLANNER,
                value=value if isinstance(value, bool) else str(value), text=_words(raw),
            )  # fmt: skip
        return Claim(
            id=claim_id, kind="finding", concept=self._concept(name), source=Source.PLANNER,
            presence=_presence(raw), laterality=_side(raw), measurements=_size(raw),
            text=_words(raw),
        )  # fmt: skip

    def _output(self, name: str) -> str | None:
        for own, (_, output) in self.knowledge.outputs.items():
            if name in (own, output.public_name):
                return own
        return None

    def _concept(self, name: str) -> str:
        concepts = self.knowledge.vocabulary.concepts
        key = name.lower().replace(" ", "_").replace("-", "_")
        if key in concepts:
            return key
        for concept in concepts.values():
            if name.lower() in (concept.name.lower(), *(s.lower() for s in concept.synonyms)):
                return concept.key
        raise UnreadableClaimError(f"unknown concept {name[:64]!r}{suggest(key, concepts)}")


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _words(raw: dict[str, Any]) -> str:
    return tidy(", ".join(f"{k} {v}" for k, v in raw.items() if k not in ("findings", "passages")))


def _presence(raw: dict[str, Any]) -> Presence:
    given = str(raw.get("presence", "present")).lower()
    if given not in ("present", "absent"):
        raise UnreadableClaimError(f"presence: expected present or absent, got {given[:64]!r}")
    return Presence(given)


def _side(raw: dict[str, Any]) -> Laterality | None:
    given = raw.get("laterality") or raw.get("side")
    if not given:
        return None
    try:
        return Laterality(str(given).lower())
    except ValueError:
        sides = ", ".join(Laterality)
        raise UnreadableClaimError(f"laterality: expected one of {sides}, got {given!r:.64}") from None


def _size(raw: dict[str, Any]) -> tuple[Measurement, ...]:
    given = raw.get("size")
    if not given:
        return ()
    match = _SIZE.match(str(given))
    if match is None:
        raise UnreadableClaimError(f"size: expected a number with mm or cm, got {given!r:.64}")
    value = Decimal(match[1]) * (_MM_PER_CM if match[2].lower() == "cm" else 1)
    return (Measurement(kind="diameter", value=value, unit="mm"),)
