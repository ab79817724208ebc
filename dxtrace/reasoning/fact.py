"""What a finding says about one name, and all that a case says."""

from __future__ import annotations

from dataclasses import dataclass, field

from dxtrace.clinical import Finding, Laterality, Source
from dxtrace.knowledge import Vocabulary
from dxtrace.knowledge.units import UNIT_WORDS
from dxtrace.reasoning.quantities import Interval

SIDES_OF = {
    Laterality.LEFT: ("left",),
    Laterality.RIGHT: ("right",),
    Laterality.BILATERAL: ("left", "right"),
}
RELIABILITY = {
    Source.USER: 100,
    Source.STRUCTURED: 60,
    Source.OBSERVATION: 60,
    Source.REPORT_FINDINGS: 30,
    Source.REPORT_CONTEXT: 20,
    Source.TOOL: 15,
    Source.REPORT_IMPRESSION: 10,
    Source.PLANNER: 1,
}
"""How much a source weighs when sources disagree (a person's correction most, a planner least)."""


FactValue = bool | tuple[str, ...] | Interval


@dataclass(frozen=True, slots=True)
class Fact:
    """One constraint that a finding puts on one name.

    Attributes:
        finding: the finding's id.
        name: dotted name of the fact, such as ``pulmonary_nodule.composition``.
        value: a truth value, the choices that remain, or an interval in the attribute's unit.
        lesion: index of the lesion within its concept, from 1; None for the case.
        multi: for a multichoice: the values named are present, the others are not.
        weight: reliability of the source.
        text: the fact in words.
        kind: ``finding``, or ``assumption`` for what follows only from how reports are written.
    """

    finding: str
    name: str
    value: FactValue
    lesion: int | None = None
    multi: bool = False
    weight: int = 1
    text: str = ""
    kind: str = "finding"

    @property
    def key(self) -> str:
        """A unique name of the fact, for the solver."""
        return f"{self.finding}|{self.name}|{self.lesion or ''}|{self.kind}"


@dataclass(frozen=True)
class FactBase:
    """All facts of a case.

    Attributes:
        facts: the facts.
        lesions: lesion ids of each lesion concept, in order; index 1 is the first.
        locations: stated sites of each (concept, index), in words; index 0 for what is no lesion.
        mentioned: names that some finding speaks of, in whatever state.
        doubted: lesion concepts of which one more is possible than is certain.
        problems: facts that could not be used, and why (such as a unit that does not convert).
    """

    facts: tuple[Fact, ...] = ()
    lesions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    locations: dict[tuple[str, int], frozenset[str]] = field(default_factory=dict)
    mentioned: frozenset[tuple[str, int | None]] = frozenset()
    problems: tuple[str, ...] = ()
    doubted: frozenset[str] = frozenset()

    @property
    def lesion_counts(self) -> dict[str, int]:
        """Number of lesions of each concept."""
        return {concept: len(ids) for concept, ids in self.lesions.items()}


def fact_in_words(vocabulary: Vocabulary, finding: Finding, name: str, value: FactValue) -> str:
    """A fact as a short statement, with the words that it was read from."""
    head, _, key = name.partition(".")
    concept = vocabulary.concepts[head]
    attribute = concept.attribute(key)
    subject = concept.name.lower() if attribute is None else attribute.name.lower()
    if attribute is None and isinstance(value, bool):
        side = "" if key == "present" else f" on the {key}"
        said = f"{subject}{side} {'present' if value else 'absent'}"
    elif isinstance(value, bool):
        said = f"{subject}: {'yes' if value else 'no'}"
    elif isinstance(value, tuple):
        names = {v.key: v.name for v in attribute.values} if attribute else {}
        said = f"{subject}: {' or '.join(names.get(v, v) for v in value)}"
    else:
        unit = UNIT_WORDS.get(attribute.unit or "1", attribute.unit) if attribute else ""
        said = f"{subject}: {value} {unit}".rstrip()
    return f"{said} (“{finding.text}”)" if finding.text else said
