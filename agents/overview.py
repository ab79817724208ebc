"""What a case holds, in a sentence or two: what reports describe and what experts found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dxtrace.clinical import (
    Concept,
    Context,
    Finding,
    Measurement,
    Outcome,
    Presence,
    Result,
    Source,
    ToolCall,
)
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.fact_names import plain
from tools.guideline_search import GUIDELINE_SEARCH
from tools.similar_cases import DIFFERENTIAL, EXEMPLARS, SIMILAR_CASES

_IN_WORDS = (Source.REPORT_FINDINGS, Source.REPORT_IMPRESSION, Source.REPORT_CONTEXT)
_FIRST_KINDS = ("mean_diameter", "diameter", "long_axis", "short_axis", "volume")


def overview(knowledge: Knowledge, result: Result) -> Iterator[str]:
    """What is described as present, what experts found, and who looked and found nothing."""
    findings = [f for f in result.undisputed_findings() if f.context is Context.CURRENT]
    by_tools = [f for f in findings if f.source is Source.TOOL]
    found = list(dict.fromkeys(_found(knowledge, by_tools)))
    described = describe_findings(knowledge, [f for f in findings if f.source is not Source.TOOL])
    if described:
        yield f"Described as present: {described}."
    if found:
        yield f"Found by experts: {'; '.join(found)}."
    absent = [_concept_name(knowledge, f) for f in by_tools if f.presence is Presence.ABSENT]
    if absent:
        yield f"Judged absent by experts: {', '.join(dict.fromkeys(absent))}."
    # Searches look at other patients and at guidelines, not at this case.
    searches = (SIMILAR_CASES, DIFFERENTIAL, EXEMPLARS, GUIDELINE_SEARCH)
    looking = [call for call in result.tools if call.name not in searches]
    silent = _silent(looking, result.findings)
    if silent:
        yield f"Looked at, with nothing to report: {', '.join(silent)}."
    names = list(_undecided(knowledge, by_tools))
    yield from names
    if described or found or absent:
        return
    if not result.findings:
        yield "Nothing could be checked: no finding could be read from this case."
    elif any(f.source in _IN_WORDS for f in findings):
        yield "No abnormal finding is described as present."
    elif silent or names:
        yield "No expert stated a finding; that is not a normal result."


def describe_findings(knowledge: Knowledge, findings: Iterable[Finding]) -> str:
    """What is present, by concept, in a list; empty if nothing is."""
    named: dict[str, None] = {}
    for finding in findings:
        concept = knowledge.vocabulary.concepts.get(finding.concept)
        shown = finding.presence is Presence.PRESENT and finding.context is Context.CURRENT
        if concept is not None and concept.kind in ("finding", "lesion") and shown:
            named[_name(finding, concept)] = None
    return ", ".join(named)


def _found(knowledge: Knowledge, findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        concept = knowledge.vocabulary.concepts.get(finding.concept)
        if concept is None or finding.presence in (Presence.ABSENT, Presence.UNKNOWN):
            continue
        if _is_mere_score(finding):
            continue
        if concept.kind not in ("finding", "lesion"):
            yield finding.text or concept.name
            continue
        yield ", ".join((_name(finding, concept), *_size(finding.measurements)))


def _undecided(knowledge: Knowledge, findings: Iterable[Finding]) -> Iterator[str]:
    """Scores of a whole image that say neither present nor absent."""
    below: dict[str, None] = {}
    unread: dict[str, None] = {}
    for finding in filter(_is_mere_score, findings):
        point = None if finding.score is None else finding.score.operating_point
        (unread if point is None else below)[_concept_name(knowledge, finding)] = None
    if below:
        yield f"Scored below the operating point, which excludes nothing: {', '.join(below)}."
    if unread:
        yield f"Scored, but no threshold says what it means: {', '.join(unread)}."


def _is_mere_score(finding: Finding) -> bool:
    """Whether a score is all that there is, and it does not reach its operating point."""
    score = finding.score
    if score is None or finding.lesion is not None:
        return False
    if finding.presence not in (Presence.INDETERMINATE, Presence.UNKNOWN):
        return False
    return score.operating_point is None or score.value < score.operating_point


def _name(finding: Finding, concept: Concept) -> str:
    doubt = "probable " if finding.is_doubted else ""
    if finding.presence is Presence.INDETERMINATE:
        doubt = "possible "
    side = f"{finding.laterality.value} " if finding.laterality else ""
    return f"{doubt}{side}{plain(concept.name)}"


def _concept_name(knowledge: Knowledge, finding: Finding) -> str:
    concept = knowledge.vocabulary.concepts.get(finding.concept)
    return plain(concept.name) if concept is not None else finding.concept


def _size(measurements: Iterable[Measurement]) -> Iterator[str]:
    known = {m.kind: m for m in measurements}
    first = next((known[k] for k in _FIRST_KINDS if k in known), None)
    if first is not None and None not in (first.low, first.high):
        yield f"{first.kind.replace('_', ' ')} {first.low:.1f} to {first.high:.1f} {first.unit}"


def _silent(calls: Iterable[ToolCall], findings: Iterable[Finding]) -> list[str]:
    spoken = {e.tool for f in findings for e in f.evidence}
    return [c.name for c in calls if c.outcome is Outcome.OK and c.name not in spoken]
