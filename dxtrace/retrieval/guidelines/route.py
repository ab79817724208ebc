"""Where to look: what the question and the case say before anything is ranked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dxtrace.retrieval.guidelines.passage import GuidelineDocument


@dataclass(frozen=True)
class Route:
    """What restricts and weighs the documents for one question.

    Attributes:
        asked: keys of the documents that the question asks for by their own phrases, with how
            specifically, from 0 to 1.
        named: keys of the documents that it calls by their own name.
        categories: keys of the documents whose categories or stages it names.
        concepts: the concepts that it names, each with those above it.
        facts: names of the facts that it states, with their values where they are no numbers.
        understood: words of the question with the concept that they name, or the document whose
            category.
        only: the keys of the documents that alone may answer; empty for all.
        modalities: of the case, in lower case; documents about others are left out.
        body_parts: of the case; documents about others are left out.
        specialties: wanted; documents for others are left out.
    """

    asked: Mapping[str, float] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    concepts: tuple[frozenset[str], ...] = ()
    facts: frozenset[str] = frozenset()
    understood: Mapping[str, frozenset[str]] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    modalities: frozenset[str] = frozenset()
    body_parts: frozenset[str] = frozenset()
    specialties: frozenset[str] = frozenset()

    def asks_for(self, document: GuidelineDocument) -> bool:
        """Whether the question calls a document by its name, or one of its categories."""
        return document.key in self.named or document.key in self.categories

    def admits(self, document: GuidelineDocument) -> bool:
        """Whether a document may answer. What the question itself asks for always may."""
        if self.only:
            return document.key in self.only
        if self.asked.get(document.key) or document.key in self.categories:
            return True
        facets = (
            (self.modalities, document.modalities),
            (self.body_parts, document.body_parts),
            (self.specialties, document.specialties),
        )
        return all(not wanted or not has or wanted & set(has) for wanted, has in facets)
