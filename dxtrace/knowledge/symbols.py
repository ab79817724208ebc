"""The names that conditions use, and what each stands for."""

from dataclasses import dataclass
from typing import Literal

from dxtrace.clinical.concept import ConceptAttribute
from dxtrace.knowledge.errors import KnowledgeError
from dxtrace.knowledge.expression import Expression
from dxtrace.knowledge.suggestions import suggest
from dxtrace.knowledge.vocabulary import Vocabulary

SymbolKind = Literal["presence", "side", "attribute", "definition", "output"]
SymbolType = Literal["boolean", "real", "integer", "choice", "multichoice"]
SIDES = ("left", "right")


@dataclass(frozen=True, slots=True)
class Symbol:
    """What a dotted name stands for.

    Attributes:
        name: the dotted name.
        kind: presence of a concept, presence on a side, an attribute, a definition, an output.
        type: its type.
        values: the values of a choice.
        unit: the unit of a number.
        lesion: the lesion concept whose every lesion has its own value; None for the case.
        concept: the concept, for presence, side and attribute.
        expression: the parsed expression of a definition.
    """

    name: str
    kind: SymbolKind
    type: SymbolType
    values: tuple[str, ...] = ()
    unit: str | None = None
    lesion: str | None = None
    concept: str | None = None
    expression: Expression | None = None


class SymbolTable:
    """Resolves names against the vocabulary and against what packs define."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._defined: dict[str, Symbol] = {}
        self._resolved: dict[str, Symbol] = {}

    def define(self, symbol: Symbol, where: str) -> None:
        """Add a definition or an output.

        Raises:
            KnowledgeError: if the name is taken, by a concept or by another pack.
        """
        head = symbol.name.partition(".")[0]
        if symbol.name in self._defined or head in self.vocabulary.concepts:
            raise KnowledgeError(where, f"the name {symbol.name!r} is already taken")
        self._defined[symbol.name] = symbol

    def resolve(self, name: str, where: str) -> Symbol:
        """What the name stands for.

        Raises:
            KnowledgeError: if it is unknown; the message suggests the nearest name.
        """
        if name not in self._resolved:
            self._resolved[name] = self._defined.get(name) or self._fact(name, where)
        return self._resolved[name]

    def _fact(self, name: str, where: str) -> Symbol:
        head, _, key = name.partition(".")
        if head not in self.vocabulary.concepts or not key:
            near = suggest(name, self._defined) or suggest(head, self.vocabulary.concepts)
            raise KnowledgeError(where, f"unknown concept or name {name!r}{near}")
        concept = self.vocabulary.concepts[head]
        lesion = head if concept.kind == "lesion" else None
        if key == "present":
            return Symbol(name, "presence", "boolean", concept=head)
        if key in SIDES and concept.attribute(key) is None:
            if not concept.sided:
                raise KnowledgeError(where, f"{name!r}: {head} has no sides in the vocabulary")
            return Symbol(name, "side", "boolean", concept=head, lesion=lesion)
        attribute = concept.attribute(key)
        if attribute is None:
            known = [a.key for a in concept.attributes]
            raise KnowledgeError(where, f"unknown attribute {name!r}{suggest(key, known)}")
        return _attribute_symbol(name, head, lesion, attribute)


def _attribute_symbol(
    name: str, concept: str, lesion: str | None, attribute: ConceptAttribute
) -> Symbol:
    kind: SymbolType = "real" if attribute.type == "numeric" else attribute.type
    values = tuple(v.key for v in attribute.values)
    return Symbol(
        name, "attribute", kind, values=values, unit=attribute.unit, lesion=lesion, concept=concept
    )
