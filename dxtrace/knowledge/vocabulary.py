"""The concept vocabulary: what can be found, and how concepts lie above one another."""

from dataclasses import dataclass, field
from functools import cached_property

from dxtrace.clinical.concept import Concept, ConceptAttribute
from dxtrace.knowledge.errors import KnowledgeError
from dxtrace.knowledge.suggestions import suggest


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Concepts by key.

    Raises:
        KnowledgeError: on an unknown parent, a cycle of parents, or a repeated OIFM id.
    """

    concepts: dict[str, Concept] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for concept in self.concepts.values():
            where = f"concept {concept.key}"
            for parent in concept.parents:
                if parent not in self.concepts:
                    raise KnowledgeError(
                        where, f"unknown parent {parent!r}{suggest(parent, self.concepts)}"
                    )
            if concept.oifm_id and seen.setdefault(concept.oifm_id, concept.key) != concept.key:
                raise KnowledgeError(
                    where, f"{concept.oifm_id} is already the id of {seen[concept.oifm_id]}"
                )
        for key in self.concepts:
            self._climb(key, ())

    def _climb(self, key: str, path: tuple[str, ...]) -> None:
        if key in path:
            raise KnowledgeError(f"concept {key}", f"parents form a cycle: {' > '.join(path)}")
        for parent in self.concepts[key].parents:
            self._climb(parent, (*path, key))

    def concept(self, key: str) -> Concept:
        """The concept with this key.

        Raises:
            KnowledgeError: if there is none; the message suggests the nearest key.
        """
        if key not in self.concepts:
            raise KnowledgeError(
                f"concept {key!r}", f"not in the vocabulary{suggest(key, self.concepts)}"
            )
        return self.concepts[key]

    def attribute(self, concept: str, key: str) -> ConceptAttribute:
        """An attribute of a concept.

        Raises:
            KnowledgeError: if either is unknown.
        """
        found = self.concept(concept).attribute(key)
        if found is None:
            known = [a.key for a in self.concept(concept).attributes]
            raise KnowledgeError(
                f"concept {concept}", f"has no attribute {key!r}{suggest(key, known)}"
            )
        return found

    @cached_property
    def ancestors(self) -> dict[str, frozenset[str]]:
        """Every concept above each concept, without itself."""
        found: dict[str, frozenset[str]] = {}

        def climb(key: str) -> frozenset[str]:
            if key not in found:
                parents = self.concepts[key].parents
                found[key] = frozenset(parents).union(*(climb(p) for p in parents))
            return found[key]

        for key in self.concepts:
            climb(key)
        return found

    @cached_property
    def descendants(self) -> dict[str, frozenset[str]]:
        """Every concept below each concept, without itself."""
        below: dict[str, set[str]] = {key: set() for key in self.concepts}
        for key, above in self.ancestors.items():
            for ancestor in above:
                below[ancestor].add(key)
        return {key: frozenset(keys) for key, keys in below.items()}
