"""What a model says as a statement: sentences with the claims that they are said to make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from agents.vlm.moves import RawSentence, tidy
from dxtrace.clinical import (
    Basis,
    Claim,
    Laterality,
    Measurement,
    Presence,
    Sentence,
    Source,
    Statement,
)
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.schema import Output
from dxtrace.knowledge.suggestions import suggest

MOST_SENTENCES = 40
_MM_PER_CM = 10
_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(mm|cm)\s*$", re.IGNORECASE)


class UnreadableClaimError(ValueError):
    """A claim about something that the vocabulary and the packs do not know."""


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
        Sentence(text=s.text, claims=tuple(reader.read(s.claims))) for s in said[:MOST_SENTENCES]
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

    def read(self, given: Iterable[Any]) -> Iterator[str]:
        """Read the claims of a sentence; what is wrong with one becomes a problem.

        Yields:
            The ids of those that could be read.
        """
        for raw in given:
            try:
                claims = self._claims_of(raw)
            except UnreadableClaimError as error:
                self.problems.append(f"claim {str(raw)[:80]}: {error}")
                continue
            except ValidationError as error:
                self.problems.append(f"claim {str(raw)[:80]}: {error.errors()[0]['msg']}")
                continue
            basis = self._basis(raw)
            for claim in claims:
                self.claims.append(claim)
                self.basis[claim.id] = basis
                yield claim.id

    def _basis(self, raw: dict[str, Any]) -> Basis:
        named = [str(x) for key in ("findings", "passages") for x in _list(raw.get(key))]
        strange = [n for n in named if n not in self.known.findings | self.known.passages]
        self.problems += [f"{n[:64]!r} is no finding and no passage of this case" for n in strange]
        return Basis(
            findings=tuple(n for n in named if n in self.known.findings),
            passages=tuple(n for n in named if n in self.known.passages),
        )

    def _claims_of(self, raw: Any) -> list[Claim]:
        """A claim; of a result that several editions of a guideline give, one by each of them."""
        if not isinstance(raw, dict) or not isinstance(raw.get("concept"), str):
            raise UnreadableClaimError("expected an object with 'concept'")
        name, first = raw["concept"].strip(), len(self.claims) + 1
        outputs = self._outputs(name)
        if outputs:
            return [
                Claim(
                    id=f"m{number}", kind="category", concept=output, source=Source.PLANNER,
                    value=value, text=_words(raw),
                )
                for number, (output, value) in enumerate(
                    self._values(outputs, raw.get("value")), start=first
                )
            ]  # fmt: skip
        return [Claim(
            id=f"m{first}", kind="finding", concept=self._concept(name), source=Source.PLANNER,
            presence=_presence(raw), laterality=_side(raw), measurements=_size(raw),
            text=_words(raw),
        )]  # fmt: skip

    def _values(self, outputs: list[Output], given: Any) -> list[tuple[str, str | bool]]:
        """The outputs that know a value, each with it."""
        found = [(o.name, v) for o in outputs if (v := _known_value(o, given)) is not None]
        if not found:
            keys = dict.fromkeys(v.key for o in outputs for v in o.values)
            expected = ", ".join(keys) or "true or false"
            raise UnreadableClaimError(f"value: expected one of {expected}, got {given!r:.64}")
        return found

    def _outputs(self, name: str) -> list[Output]:
        """The output of this name, or those that are reported by it."""
        if name in self.knowledge.outputs:
            return [self.knowledge.outputs[name][1]]
        return [o for _, o in self.knowledge.outputs.values() if o.public_name == name]

    def _concept(self, name: str) -> str:
        concepts = self.knowledge.vocabulary.concepts
        key = name.lower().replace(" ", "_").replace("-", "_")
        if key in concepts:
            return key
        for concept in concepts.values():
            if name.lower() in (concept.name.lower(), *(s.lower() for s in concept.synonyms)):
                return concept.key
        raise UnreadableClaimError(f"unknown concept {name[:64]!r}{suggest(key, concepts)}")


def _known_value(output: Output, given: Any) -> str | bool | None:
    known: dict[str, str | bool] = {v.key.lower(): v.key for v in output.values}
    if output.type == "boolean":
        known = {"true": True, "yes": True, "false": False, "no": False}
    return known.get(str(given).strip().lower())


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
        raise UnreadableClaimError(
            f"laterality: expected one of {sides}, got {given!r:.64}"
        ) from None


def _size(raw: dict[str, Any]) -> tuple[Measurement, ...]:
    given = raw.get("size")
    if not given:
        return ()
    match = _SIZE.match(str(given))
    if match is None:
        raise UnreadableClaimError(f"size: expected a number with mm or cm, got {given!r:.64}")
    value = Decimal(match[1]) * (_MM_PER_CM if match[2].lower() == "cm" else 1)
    return (Measurement(kind="diameter", value=value, unit="mm"),)
