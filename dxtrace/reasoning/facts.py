"""Findings as facts: what each finding says about the names that conditions use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from dxtrace.clinical import (
    AttributeValue,
    Claim,
    Concept,
    ConceptAttribute,
    Context,
    Finding,
    Measurement,
    Presence,
    Source,
)
from dxtrace.knowledge import Vocabulary
from dxtrace.knowledge.units import UnitError
from dxtrace.reasoning.fact import RELIABILITY, SIDES_OF, Fact, FactBase, FactValue, fact_in_words
from dxtrace.reasoning.quantities import Interval, derived_measurement, precision

_SIDES = ("left", "right")
_EVERYWHERE = (
    None, "", "lung", "bilateral lung", "liver", "thyroid lobe", "brain", "adrenal gland",
    "bone", "skeleton",
)  # fmt: skip
"""Sites in whose whole a denied lesion is denied altogether: "no nodules in the lungs"."""


def collect_facts(vocabulary: Vocabulary, findings: Iterable[Finding]) -> FactBase:
    """Turn current findings (and what they say of the prior) into facts.

    An indeterminate finding, a history, a relative's disease or a hypothesis gives no fact about
    presence. A denial that is limited to a size, a kind or a site ("no nodule over 6 mm") does not
    deny the concept.
    """
    findings = tuple(findings)
    builder = _Builder(vocabulary)
    builder.current = {
        (f.concept, f.lesion or f.id) for f in findings if f.context is not Context.PRIOR
    }
    for finding in findings:
        if finding.concept in vocabulary.concepts:
            builder.add(finding)
    return builder.build()


class _Builder:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.facts: dict[str, Fact] = {}
        self.current: set[tuple[str, str]] = set()
        self.lesions: dict[str, list[str]] = {}
        self.locations: dict[tuple[str, int], set[str]] = {}
        self.measurements: dict[tuple[str, int | None], list[tuple[Finding, Measurement]]] = {}
        self.mentioned: set[tuple[str, int | None]] = set()
        self.problems: list[str] = []
        self.sides: dict[str, list[tuple[Finding, tuple[str, ...]]]] = {}
        self.denied_sides: dict[str, set[str]] = {}
        self.gone: dict[str, Finding] = {}
        self.doubted: dict[str, set[str]] = {}

    def add(self, finding: Finding) -> None:
        concept = self.vocabulary.concepts[finding.concept]
        if finding.context in (Context.FAMILY, Context.HYPOTHETICAL):
            return
        if finding.context is Context.HISTORY and concept.kind != "context":
            return
        if not self._denied_side(concept, finding):
            self.mentioned.add((f"{concept.key}.present", None))
        if finding.context is Context.PRIOR and concept.kind != "lesion":
            return
        if finding.presence is Presence.INDETERMINATE and finding.lesion:
            self.doubted.setdefault(concept.key, set()).add(finding.lesion)
        if concept.kind == "lesion":
            self._add_lesion(concept, finding)
        else:
            self._add_plain(concept, finding)

    def _add_plain(self, concept: Concept, finding: Finding) -> None:
        sides = SIDES_OF.get(finding.laterality, ()) if finding.laterality and concept.sided else ()
        if finding.presence is Presence.PRESENT and finding.certainty == "stated":
            self._state(finding, f"{concept.key}.present", True)
            for side in sides:
                self._state(finding, f"{concept.key}.{side}", True)
            self.sides.setdefault(concept.key, []).append((finding, sides))
            if finding.location:
                self.locations.setdefault((concept.key, 0), set()).add(finding.location)
        elif finding.presence is Presence.ABSENT:
            self._deny(concept, finding)
        if finding.presence in (Presence.PRESENT, Presence.UNKNOWN) or concept.kind == "context":
            self._add_attributes(concept, finding, None)

    @staticmethod
    def _denied_side(concept: Concept, finding: Finding) -> str | None:
        """The one side that a denial is limited to; the other side remains unspoken of."""
        sides = SIDES_OF.get(finding.laterality, ()) if finding.laterality else ()
        one_sided = concept.sided and finding.presence is Presence.ABSENT and len(sides) == 1
        return sides[0] if one_sided else None

    def _deny(self, concept: Concept, finding: Finding) -> None:
        gone = finding.attributes.get("change") == "resolved"
        limited = (bool(finding.measurements) and not gone) or any(
            key not in ("count", "count_open") and (bool(finding.location) or value != "resolved")
            for key, value in finding.attributes.items()
        )
        if limited:
            return
        side = self._denied_side(concept, finding)
        if side is not None:
            denied = self.denied_sides.setdefault(concept.key, set())
            denied.add(side)
            if gone:
                self.gone.setdefault(concept.key, finding)
            if concept.kind != "lesion":
                self._state(finding, f"{concept.key}.{side}", False)
            if denied == {"left", "right"}:
                self._state(finding, f"{concept.key}.present", False)
        elif concept.kind != "lesion" or finding.location in _EVERYWHERE:
            self._state(finding, f"{concept.key}.present", False)

    def _add_lesion(self, concept: Concept, finding: Finding) -> None:
        if finding.presence is Presence.ABSENT:
            if finding.context is not Context.PRIOR:
                self._deny(concept, finding)
            return
        if finding.presence is not Presence.PRESENT:
            return
        lesion = finding.lesion or finding.id
        if (concept.key, lesion) not in self.current:
            return
        known = self.lesions.setdefault(concept.key, [])
        if lesion not in known:
            known.append(lesion)
        index = known.index(lesion) + 1
        if finding.context is not Context.PRIOR:
            self._state(finding, f"{concept.key}.present", True)
            if finding.laterality and concept.sided:
                for side in ("left", "right"):
                    named = side in SIDES_OF.get(finding.laterality, ())
                    self._state(finding, f"{concept.key}.{side}", named, index)
            if finding.location:
                self.locations.setdefault((concept.key, index), set()).add(finding.location)
        self._add_attributes(concept, finding, index)

    def _add_attributes(self, concept: Concept, finding: Finding, index: int | None) -> None:
        prior = finding.context is Context.PRIOR
        for measurement in finding.measurements:
            kind = measurement.kind
            if prior and not kind.startswith("prior_"):
                measurement = measurement.model_copy(update={"kind": f"prior_{kind}"})  # noqa: PLW2901  # the same one, renamed
            if measurement.method.startswith("unit_conflict"):
                quoted = f" (“{finding.text}”)" if finding.text else ""
                how = measurement.method.removeprefix("unit_conflict: ")
                self.problems.append(
                    f"{finding.id}: a size is {how}, and they do not agree{quoted}; "
                    "every size from one to the other stays possible"
                )
            place = (concept.key, index)
            self.measurements.setdefault(place, []).append((finding, measurement))
        if prior:
            return
        for key, value in finding.attributes.items():
            attribute = concept.attribute(key)
            if value == ():
                self.mentioned.add((f"{concept.key}.{key}", index))
            elif attribute is None:
                self.problems.append(f"{finding.id}: {concept.key} has no attribute {key!r}")
            elif key != "count_open":
                self._add_attribute(concept, attribute, finding, index, value)

    def _add_attribute(
        self,
        concept: Concept,
        attribute: ConceptAttribute,
        finding: Finding,
        index: int | None,
        value: AttributeValue,
    ) -> None:
        name = f"{concept.key}.{attribute.key}"
        if attribute.type == "boolean":
            self._state(finding, name, bool(value), index)
            return
        if attribute.type in ("choice", "multichoice"):
            keys = tuple(str(v) for v in value) if isinstance(value, tuple) else (str(value),)
            unknown = [k for k in keys if k not in {v.key for v in attribute.values}]
            if unknown:
                self.problems.append(f"{finding.id}: {name} has no value {', '.join(unknown)}")
            elif not self._named_otherwise(concept, attribute, finding):
                self._state(finding, name, keys, index, multi=attribute.type == "multichoice")
            return
        self._add_number(attribute, finding, name, index, value)

    def _named_otherwise(
        self, concept: Concept, attribute: ConceptAttribute, finding: Finding
    ) -> bool:
        """Whether an examination has been described before: reports go on to name other ones."""
        if concept.kind != "context" or attribute.type != "choice":
            return False
        name, weight = f"{concept.key}.{attribute.key}", RELIABILITY[finding.source]
        weight = (
            min(weight, RELIABILITY[Source.REPORT_CONTEXT]) if _is_reported(finding) else weight
        )
        return any(f.name == name and f.weight >= weight for f in self.facts.values())

    def _add_number(
        self,
        attribute: ConceptAttribute,
        finding: Finding,
        name: str,
        index: int | None,
        value: AttributeValue,
    ) -> None:
        try:
            number = Measurement.model_validate(
                {"kind": attribute.key, "value": value, "unit": attribute.unit or "1"}
            )
        except ValueError:
            self.problems.append(f"{finding.id}: {name}: expected a number, got {value!r}")
            return
        interval = Interval.of(number, attribute.unit or "1")
        if attribute.key == "count" and finding.attributes.get("count_open"):
            interval = Interval(interval.low, None)
        self._state(finding, name, interval, index)

    def _state(
        self,
        finding: Finding,
        name: str,
        value: FactValue,
        index: int | None = None,
        *,
        multi: bool = False,
    ) -> None:
        fact = Fact(
            finding.id, name, value, index, multi, self._weight(finding),
            fact_in_words(self.vocabulary, finding, name, value),
        )  # fmt: skip
        self.mentioned.add((name, index))
        known = self.facts.get(fact.key)
        if known is None:
            self.facts[fact.key] = fact
        elif known.value != value:
            self.facts[f"{fact.key}|{len(self.facts)}"] = fact

    def _weight(self, finding: Finding) -> int:
        """The source's reliability; a summary ("lungs clear") yields to a particular."""
        summary = self.vocabulary.concepts[finding.concept].kind == "state"
        return RELIABILITY[finding.source] - summary

    def build(self) -> FactBase:
        """Close the base: derived sizes, single lesions, sides that reports leave out."""
        for (concept, index), stated in self.measurements.items():
            self._add_measured(self.vocabulary.concepts[concept], index, stated)
        self._add_counts()
        self._close_sides()
        self._close_resolved()
        self._widen_attributes()
        return FactBase(
            facts=tuple(self.facts.values()),
            lesions={c: tuple(ids) for c, ids in self.lesions.items()},
            locations={place: frozenset(words) for place, words in self.locations.items()},
            mentioned=frozenset(self.mentioned),
            problems=tuple(dict.fromkeys(self.problems)),
            doubted=frozenset(c for c, ids in self.lesions.items() if self._possible_more(c, ids)),
        )

    def _add_measured(
        self, concept: Concept, index: int | None, stated: list[tuple[Finding, Measurement]]
    ) -> None:
        by_finding: dict[str, tuple[Finding, list[Measurement]]] = {}
        for finding, measurement in stated:
            by_finding.setdefault(finding.id, (finding, []))[1].append(measurement)
        for attribute in concept.attributes:
            if attribute.type in ("numeric", "integer"):
                self._add_quantity(concept, attribute, index, list(by_finding.values()))

    def _add_quantity(
        self,
        concept: Concept,
        attribute: ConceptAttribute,
        index: int | None,
        stated: list[tuple[Finding, list[Measurement]]],
    ) -> None:
        """One quantity of a lesion; a rough mention does not compete with a precise one."""
        kind, unit = attribute.measured_as or attribute.key, attribute.unit or "1"
        name = f"{concept.key}.{attribute.key}"
        sources = {finding.source for finding, _ in stated}
        for source in sources:
            own = [(f, m) for f, m in stated if f.source is source]
            best = max(precision(kind, m) for _, m in own)
            for finding, measurements in own:
                if precision(kind, measurements) < best:
                    continue
                try:
                    interval = derived_measurement(kind, measurements, unit)
                except UnitError as error:
                    self.problems.append(f"{finding.id}: {name}: {error}")
                    continue
                if interval is not None:
                    self._state(finding, name, interval, index)

    def _possible_more(self, concept: str, ids: list[str]) -> int:
        """How many lesions are named with doubt beside those that are certain."""
        return len(self.doubted.get(concept, set()) - set(ids))

    def _add_counts(self) -> None:
        for concept, ids in self.lesions.items():
            if self.vocabulary.concepts[concept].attribute("count") is None:
                continue
            for index in range(1, len(ids) + 1):
                name = f"{concept}.count"
                if (name, index) not in self.mentioned:
                    # A doubted lesion of the same kind may be one more.
                    more = self._possible_more(concept, ids) if index == 1 else 0
                    one = Interval(Fraction(1), Fraction(1 + more))
                    self.facts[f"{ids[index - 1]}|{name}|{index}"] = Fact(
                        ids[index - 1], name, one, index, text="reported as one", kind="assumption"
                    )

    def _widen_attributes(self) -> None:
        """A finding at several places may differ from place to place: then each value can hold.

        Lesions have attributes of their own; a plain finding ("small left, large right effusion")
        has one set for all its places, so values that differ do not exclude each other.
        """
        stated: dict[str, list[str]] = {}
        for key, fact in self.facts.items():
            head, _, attribute = fact.name.partition(".")
            plain = self.vocabulary.concepts[head].kind == "finding"
            if plain and attribute not in ("present", *_SIDES) and not fact.multi:
                stated.setdefault(fact.name, []).append(key)
        for keys in stated.values():
            values = list(dict.fromkeys(self.facts[k].value for k in keys))
            if len(values) == 1:
                continue
            for key in keys:
                fact = self.facts.pop(key)
                if isinstance(fact.value, tuple):
                    either = dict.fromkeys(v for t in values if isinstance(t, tuple) for v in t)
                    self.facts[key] = replace(fact, value=tuple(either))

    def _close_resolved(self) -> None:
        """What has resolved on its side, and is named nowhere else, is taken as gone."""
        for key, finding in self.gone.items():
            related = {key, *self.vocabulary.descendants[key]}
            if any(f.name == f"{c}.present" and f.value is True
                   for c in related for f in self.facts.values()):  # fmt: skip
                continue
            name = self.vocabulary.concepts[key].name.lower()
            quoted = f" (“{finding.text}”)" if finding.text else ""
            fact = Fact(
                finding.id, f"{key}.present", False, weight=1,
                text=f"{name} resolved, and none named elsewhere{quoted}", kind="assumption",
            )  # fmt: skip
            self.facts.setdefault(fact.key, fact)

    def _close_sides(self) -> None:
        """A finding that is reported on one side only is taken as not being on the other."""
        for key, stated in self.sides.items():
            related = {key, *self.vocabulary.descendants[key], *self.vocabulary.ancestors[key]}
            everywhere = [sides for c in related for _, sides in self.sides.get(c, [])]
            named = {side for sides in everywhere for side in sides}
            lesions = any(c in self.lesions for c in related)
            if lesions or len(named) != 1 or any(not sides for sides in everywhere):
                continue
            finding, (side,) = stated[0]
            other = "right" if side == "left" else "left"
            fact = Fact(
                finding.id, f"{key}.{other}", False, weight=1,
                text=_only_on(self.vocabulary, key, side, finding), kind="assumption",
            )  # fmt: skip
            self.facts.setdefault(fact.key, fact)


def _is_reported(finding: Finding) -> bool:
    """Whether a report says it: its technique and its body are then equally good."""
    return finding.source in (Source.REPORT_FINDINGS, Source.REPORT_CONTEXT)


def _only_on(vocabulary: Vocabulary, concept: str, side: str, finding: Finding) -> str:
    said = f"{vocabulary.concepts[concept].name.lower()} reported on the {side} only"
    return f"{said} (“{finding.text}”)" if finding.text else said


def claim_finding(claim: Claim) -> Finding:
    """A finding claim in the shape of a finding."""
    return Finding(
        id=claim.id, concept=claim.concept, presence=claim.presence, laterality=claim.laterality,
        location=claim.location, attributes=claim.attributes, measurements=claim.measurements,
        source=claim.source, text=claim.text,
    )  # fmt: skip
