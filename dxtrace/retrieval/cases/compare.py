"""Two cases side by side, finding by finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from dxtrace.clinical import Finding, FindingComparison, Laterality, Presence
from dxtrace.clinical.concept import Concept
from dxtrace.clinical.similar_case import SAYS_BOTH
from dxtrace.knowledge.vocabulary import Vocabulary
from dxtrace.retrieval.cases.features import is_stated

_SAID = {Presence.PRESENT: "present", Presence.ABSENT: "absent"}


def compare_findings(
    here: Iterable[Finding], there: Iterable[Finding], vocabulary: Vocabulary
) -> tuple[FindingComparison, ...]:
    """What both cases state and what only one does; what is there comes before what is denied.

    Args:
        here: findings of the case that is asked about.
        there: findings of the similar case.
        vocabulary: names of concepts and attributes.
    """
    mine, theirs = _by_concept(here, vocabulary), _by_concept(there, vocabulary)
    found = list(_compared(mine, theirs, vocabulary))
    order = ("shared", "differs", "both", "here", "there")
    return tuple(sorted(found, key=lambda c: (_is_denied(c), order.index(c.standing))))


def say_findings(concept: str, findings: Iterable[Finding], vocabulary: Vocabulary) -> str:
    """What findings say of a concept, in words; empty if nothing.

    Args:
        concept: key of the concept.
        findings: of one case.
        vocabulary: names of attributes.
    """
    own = (f for f in findings if f.concept == concept)
    return _say(vocabulary.concepts[concept], _by_concept(own, vocabulary).get(concept))


def _is_denied(comparison: FindingComparison) -> bool:
    return {comparison.here, comparison.there} <= {"absent", ""}


def _compared(
    mine: dict[str, list[Finding]], theirs: dict[str, list[Finding]], vocabulary: Vocabulary
) -> Iterator[FindingComparison]:
    for key in dict.fromkeys((*mine, *theirs)):
        concept = vocabulary.concepts[key]
        here, there = _say(concept, mine.get(key)), _say(concept, theirs.get(key))
        yield FindingComparison(
            concept=key, name=concept.name, standing=_standing(here, there), here=here, there=there
        )


def _standing(here: str, there: str) -> Literal["shared", "differs", "here", "there", "both"]:
    if any(said.startswith(SAYS_BOTH) for said in (here, there)):
        return "both"
    if not there:
        return "here"
    if not here:
        return "there"
    return "shared" if here == there else "differs"


def _by_concept(findings: Iterable[Finding], vocabulary: Vocabulary) -> dict[str, list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        concept = vocabulary.concepts.get(finding.concept)
        if concept is not None and concept.kind != "context" and is_stated(finding):
            groups.setdefault(finding.concept, []).append(finding)
    return groups


def _say(concept: Concept, findings: list[Finding] | None) -> str:
    """``present: right, small, right base``; several lesions one after another.

    What another statement says in more detail is left out; that one denies another is said.
    """
    findings = findings or []
    said = {_parts_of(concept, f) for f in findings}
    whole = [s for s in said if not any(s[0] == o[0] and set(s[1]) < set(o[1]) for o in said)]
    words = "; ".join(sorted(f"{p}: {', '.join(d)}" if d else p for p, d in whole))
    return f"{SAYS_BOTH}: {words}" if _contradict(findings) else words


def _contradict(findings: list[Finding]) -> bool:
    """Whether one of these denies what another states, on the same side and at the same site."""
    denied = [f for f in findings if f.presence is Presence.ABSENT and not f.is_partial_denial]
    stated = [f for f in findings if f.presence is Presence.PRESENT]
    return any(_denies(one, other) for one in denied for other in stated)


def _denies(denial: Finding, stated: Finding) -> bool:
    sides = {None, stated.laterality, Laterality.BILATERAL}
    if stated.laterality is Laterality.BILATERAL:
        sides |= set(Laterality)
    return denial.laterality in sides and denial.location in (None, stated.location)


def _parts_of(concept: Concept, finding: Finding) -> tuple[str, tuple[str, ...]]:
    """The presence, and what else is said."""
    presence = "possible" if finding.is_doubted else _SAID.get(finding.presence, "unknown")
    details = [finding.laterality.value] if finding.laterality else []
    details += [finding.location] if finding.location else []
    for key, value in finding.attributes.items():
        details += _say_attribute(concept, key, value)
    details += [str(m) for m in finding.measurements]
    return presence, tuple(dict.fromkeys(details))


def _say_attribute(concept: Concept, key: str, value: object) -> list[str]:
    attribute = concept.attribute(key)
    names = {v.key: v.name for v in attribute.values} if attribute else {}
    named = attribute.name if attribute else key.replace("_", " ")
    if isinstance(value, bool):
        return [named if value else f"not {named}"]
    values = value if isinstance(value, tuple) else (value,)
    return [names.get(str(v)) or f"{named} {v}" for v in values]
