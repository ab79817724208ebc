"""Keys of the knowledge packs in words."""

from collections.abc import Iterable

from dxtrace.clinical import Change, Conclusion, Finding, Measurement, MissingFact, Presence
from dxtrace.clinical.finding import AttributeValue
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.fact_names import missing_in_words, offered
from dxtrace.knowledge.units import UNIT_WORDS


class Names:
    """Readable names of concepts, attributes and values.

    A key without an entry is shown as it is, with spaces.

    Args:
        knowledge: where the names come from; None shows every key as it is.
    """

    def __init__(self, knowledge: Knowledge | None) -> None:
        self._knowledge = knowledge

    def concept(self, key: str) -> str:
        """``pulmonary_nodule`` to ``Pulmonary nodule``."""
        found = self._knowledge.vocabulary.concepts.get(key) if self._knowledge else None
        name = found.name if found else key.replace("_", " ")
        words = name.split(" ")
        return " ".join([words[0][:1].upper() + words[0][1:], *map(_lower_if_plain, words[1:])])

    def kind(self, key: str) -> str:
        """``finding``, ``lesion``, ``state`` or ``context``; a concept without entry: a finding."""
        found = self._knowledge.vocabulary.concepts.get(key) if self._knowledge else None
        return found.kind if found else "finding"

    def look(self, finding: Finding) -> str:
        """How a finding's words are marked: by presence, or as normal, or as context.

        "Lungs are clear" is present as a statement, yet nothing abnormal is.
        """
        kind = self.kind(finding.concept)
        if kind == "context":
            return "context"
        if kind == "state" and finding.presence is Presence.PRESENT:
            return "normal"
        return finding.presence.value

    def tools(self, finding: Finding) -> str:
        """The tools behind a finding with their versions, each once."""
        return ", ".join(dict.fromkeys(f"{e.tool} {e.version}".strip() for e in finding.evidence))

    def attributes(self, finding: Finding) -> list[tuple[str, str]]:
        """Name and value of each attribute of a finding."""
        return [
            (
                self.attribute(finding.concept, key),
                self.attribute_value(finding.concept, key, value),
            )
            for key, value in finding.attributes.items()
        ]

    def value(self, conclusion: Conclusion | Change, value: str | bool) -> str:
        """A conclusion's value as the pack says it, also one that it had before."""
        for word in self._output_words(conclusion.concept):
            if word[0] == value:
                return word[1]
        return plain_value(value)

    def missing(self, fact: str) -> str:
        """A missing fact as somebody would be asked for it."""
        if self._knowledge is None:
            return fact.replace(".", ": ").replace("_", " ")
        return missing_in_words(self._knowledge.vocabulary, fact)

    def all_missing(self, facts: Iterable[MissingFact]) -> list[str]:
        """The missing facts that a person can be asked for."""
        known = tuple(facts)
        if self._knowledge is not None:
            known = offered(self._knowledge.vocabulary, known)
        return list(dict.fromkeys(self.missing(m.concept) for m in known))

    def site(self, finding: Finding) -> str:
        """Side and site, without saying the side twice."""
        side, site = finding.laterality or "", finding.location or ""
        return site if side and side in site.lower() else ", ".join(filter(None, (side, site)))

    def measurement(self, measurement: Measurement) -> str:
        """``long axis 12 mm``."""
        shown = str(measurement)
        unit = measurement.unit
        if unit in UNIT_WORDS and shown.endswith(unit):
            shown = f"{shown.removesuffix(unit)}{UNIT_WORDS[unit]}".strip()
        kind = measurement.kind.replace("_", " ")
        return shown if kind == "diameter" else f"{kind} {shown}"

    def _output_words(self, public_name: str) -> list[tuple[str, str]]:
        if self._knowledge is None:
            return []
        return [
            (value.key, value.say)
            for _, output in self._knowledge.outputs.values()
            if output.public_name == public_name
            for value in output.values
            if value.say
        ]

    def attribute(self, concept: str, key: str) -> str:
        """An attribute of a concept as people read it."""
        found = self._knowledge.vocabulary.concepts.get(concept) if self._knowledge else None
        attribute = found.attribute(key) if found else None
        return attribute.name if attribute else key.replace("_", " ")

    def attribute_value(self, concept: str, key: str, value: AttributeValue) -> str:
        """A value of an attribute as people read it."""
        if isinstance(value, tuple):
            return ", ".join(self.attribute_value(concept, key, v) for v in value)
        found = self._knowledge.vocabulary.concepts.get(concept) if self._knowledge else None
        attribute = found.attribute(key) if found else None
        for choice in attribute.values if attribute else ():
            if choice.key == value:
                return choice.name
        unit = (
            UNIT_WORDS.get(attribute.unit, attribute.unit) if attribute and attribute.unit else ""
        )
        return f"{plain_value(value)} {unit}".strip() if _is_number(value) else plain_value(value)


def plain_value(value: object) -> str:
    """A value without an entry: yes, no, or the key with spaces for underscores."""
    words = str(value).replace("_", " ")
    return {"true": "yes", "false": "no"}.get(words.lower(), words)


def _is_number(value: object) -> bool:
    return not isinstance(value, bool | str | tuple)


def _lower_if_plain(word: str) -> str:
    """Title case to sentence case; abbreviations such as CT stay."""
    return word.lower() if word[:1].isupper() and word[1:].islower() else word
