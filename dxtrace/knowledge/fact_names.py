"""Facts as a clinician would name them."""

from collections.abc import Iterable

from dxtrace.clinical import MissingFact
from dxtrace.knowledge.symbols import SIDES
from dxtrace.knowledge.vocabulary import Vocabulary


def missing_in_words(vocabulary: Vocabulary, fact: str) -> str:
    """What somebody would have to state, such as ``composition of the pulmonary nodule``.

    Args:
        vocabulary: names of concepts and attributes.
        fact: the fact, as ``concept.attribute``.
    """
    key, _, part = fact.partition(".")
    concept = vocabulary.concepts.get(key)
    if concept is None:
        return fact.replace("_", " ").replace(".", ": ")
    name = plain(concept.name)
    if part == "present":
        return f"whether there is {name}"
    attribute = concept.attribute(part)
    if attribute is None:
        side = f" on the {part}" if part in SIDES else ""
        return f"whether there is {name}{side}"
    if attribute.asked_as:
        return attribute.asked_as
    said = plain(attribute.name)
    # A name that says whose it is ("greatest dimension of the primary tumour") is complete.
    return said if concept.kind == "context" and key != "patient" else f"{said} of the {name}"


def offered(vocabulary: Vocabulary, missing: Iterable[MissingFact]) -> tuple[MissingFact, ...]:
    """The missing facts that a person can be asked for; all of them if there is no such fact."""
    known = tuple(missing)
    return tuple(m for m in known if _is_offered(vocabulary, m.concept)) or known


def _is_offered(vocabulary: Vocabulary, fact: str) -> bool:
    key, _, part = fact.partition(".")
    concept = vocabulary.concepts.get(key)
    attribute = concept.attribute(part) if concept is not None else None
    return attribute is None or attribute.asked_as != ""


def plain(name: str) -> str:
    """A name in the middle of a sentence: "Pulmonary Nodule" in lower case, "MRI" as it is."""
    return " ".join(_lowered(word) for word in name.split(" "))


def _lowered(word: str) -> str:
    letters = "".join(c for c in word if c.isalpha())
    abbreviation = len(letters) > 1 and letters.isupper()
    single = len(letters) == 1 and letters.isupper() and word in _CATEGORIES
    return word if abbreviation or single or any(c.isdigit() for c in word) else word.lower()


_CATEGORIES = frozenset("TNMB")
