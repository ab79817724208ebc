"""Which lesion of one report is which lesion of another.

Each report numbers its lesions by itself. Two of them are taken for one lesion only if nothing that
is said of their place or kind excludes it and no other lesion could be meant as well; a lesion that
cannot be told stays one of its own, so that nobody compares the sizes of two different lesions.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from dxtrace.clinical import Concept, Finding, Laterality

_BOTH = Laterality.BILATERAL


@dataclass
class _Lesion:
    """What one report says of one lesion."""

    concept: str
    id: str
    sides: set[Laterality] = field(default_factory=set)
    lobes: set[str] = field(default_factory=set)
    places: list[set[str]] = field(default_factory=list)
    marks: dict[str, set[object]] = field(default_factory=lambda: defaultdict(set))


def match_lesions(
    reports: Iterable[tuple[bool, list[Finding]]], concepts: Mapping[str, Concept]
) -> list[Finding]:
    """Number the lesions of a case's reports as one.

    Args:
        reports: for each report, whether it is a prior one, and its findings.
        concepts: the vocabulary, by key.

    Returns:
        All findings, in order. Lesions of the first current report keep their ids; those of other
        reports take the id of the lesion they are matched to, or a new one with the report's
        number, such as ``r2n1``.
    """
    documents = list(reports)
    first = next((i for i, (prior, _) in enumerate(documents) if not prior), 0)
    known = _lesions(documents[first][1], concepts) if documents else []
    renamed: list[list[Finding]] = []
    for position, (_, findings) in enumerate(documents):
        if position == first:
            renamed.append(findings)
            continue
        names = _names(_lesions(findings, concepts), known, f"r{position + 1}")
        renamed.append([_named(f, names) for f in findings])
    return [f for findings in renamed for f in findings]


def _named(finding: Finding, names: Mapping[tuple[str, str], str]) -> Finding:
    own = names.get((finding.concept, finding.lesion or ""))
    return finding if own is None else finding.model_copy(update={"lesion": own})


def _names(others: list[_Lesion], known: list[_Lesion], prefix: str) -> dict[tuple[str, str], str]:
    """The id of each lesion of another report; new ones join the known."""
    names: dict[tuple[str, str], str] = {}
    before = list(known)
    for lesion in others:
        alike = [k for k in before if _may_be_one(k, lesion)]
        rivals = [o for o in others if any(_may_be_one(k, o) for k in alike)]
        if len(alike) == 1 and len(rivals) == 1:
            names[lesion.concept, lesion.id] = alike[0].id
        else:
            names[lesion.concept, lesion.id] = f"{prefix}{lesion.id}"
            known.append(_renamed(lesion, f"{prefix}{lesion.id}"))
    return names


def _renamed(lesion: _Lesion, name: str) -> _Lesion:
    return replace(lesion, id=name)


def _may_be_one(one: _Lesion, other: _Lesion) -> bool:
    """Whether nothing said of two lesions excludes that they are one."""
    if one.concept != other.concept:
        return False
    sides_apart = one.sides and other.sides and not one.sides & other.sides
    lobes_apart = one.lobes and other.lobes and not one.lobes & other.lobes
    marks_apart = any(
        one.marks[key] and other.marks[key] and not one.marks[key] & other.marks[key]
        for key in {*one.marks, *other.marks}
    )
    return not (sides_apart or lobes_apart or marks_apart or _places_apart(one, other))


def _places_apart(one: _Lesion, other: _Lesion) -> bool:
    """Whether two sites exclude each other: segments 6 and 8, but not "right" and "right lobe"."""
    if (one.lobes and other.lobes) or not (one.places and other.places):
        return False
    return not any(a <= b or b <= a for a in one.places for b in other.places)


def _lesions(findings: Iterable[Finding], concepts: Mapping[str, Concept]) -> list[_Lesion]:
    """The lesions of one report, with all that its findings say of their place and kind."""
    found: dict[tuple[str, str], _Lesion] = {}
    for finding in findings:
        if not finding.lesion:
            continue
        key = (finding.concept, finding.lesion)
        lesion = found.setdefault(key, _Lesion(*key))
        if finding.laterality and finding.laterality is not _BOTH:
            lesion.sides.add(finding.laterality)
        if finding.location:
            lesion.places.append(set(finding.location.lower().replace(",", " ").split()))
        concept = concepts.get(finding.concept)
        for attribute in concept.attributes if concept else ():
            value = finding.attributes.get(attribute.key)
            if value in (None, ()):
                continue
            if attribute.key == "lobe":
                lesion.lobes.add(str(value))
            elif attribute.identifies:
                lesion.marks[attribute.key].add(str(value))
    return list(found.values())
