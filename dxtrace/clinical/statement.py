"""What a planner says in its own words, sentence by sentence, with the claims behind it."""

from typing import Literal

from pydantic import Field

from dxtrace.clinical.base import Frozen
from dxtrace.clinical.claim import Claim

Mark = Literal["entailed", "consistent", "contradicted", "unsupported", "unchecked"]
"""A verdict, or ``unchecked`` for words that no check could reach."""


class Basis(Frozen):
    """What a claim is said to rest on.

    Attributes:
        findings: ids of findings.
        passages: references of guideline passages.
    """

    findings: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()


class Sentence(Frozen):
    """One sentence and the claims that it is said to make.

    Attributes:
        text: the words.
        claims: ids of the statement's claims.
    """

    text: str
    claims: tuple[str, ...] = ()


class Statement(Frozen):
    """What a planner wants to say.

    Attributes:
        sentences: the words, in order.
        claims: the claims; their ids are unique in the statement.
        basis: for a claim's id, what it is said to rest on.
    """

    sentences: tuple[Sentence, ...] = ()
    claims: tuple[Claim, ...] = ()
    basis: dict[str, Basis] = Field(default_factory=dict)


class CheckedSentence(Frozen):
    """A sentence with the check's mark.

    Attributes:
        text: the words, as the planner gave them.
        mark: *entailed* only if all of it was understood and proved.
        claims: ids of the checked claims that it was read as or names.
        why: for a reader: what contradicts it, or what could not be checked.
    """

    text: str
    mark: Mark
    claims: tuple[str, ...] = ()
    why: str = ""
