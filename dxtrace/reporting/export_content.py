"""What a result may say in another system, where nobody sees the page with the proof.

A contradicted statement is never a fact there, a doubted one never certain, and what nobody has
looked at is said to be so: in a list of findings that somebody else reads, silence means absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from dxtrace.clinical import (
    Citation,
    Conclusion,
    Context,
    Finding,
    Outcome,
    Presence,
    Result,
    Source,
    ToolCall,
    VerdictKind,
)
from dxtrace.knowledge import Knowledge
from dxtrace.reporting.names import Names

PROVED, OPEN = "proved from the findings", "not decided"
_LONGEST = 1000


class Standing(StrEnum):
    """How surely a finding is stated."""

    PRESENT = "present"
    PROBABLE = "probable"
    POSSIBLE = "possible"
    ABSENT = "absent"
    LIMITED_DENIAL = "denied only as described"
    UNPROVED = "stated in the impression, not proved by the findings"
    UNPROVED_DENIAL = "denied in the impression, not proved by the findings"


_UNPROVED = {Standing.PRESENT: Standing.UNPROVED, Standing.ABSENT: Standing.UNPROVED_DENIAL}


@dataclass(frozen=True, slots=True)
class StatedFinding:
    """A finding that may be stated.

    Attributes:
        finding: the finding.
        standing: how surely.
    """

    finding: Finding
    standing: Standing


@dataclass(frozen=True, slots=True)
class StatedConclusion:
    """A conclusion in words.

    Attributes:
        conclusion: the conclusion.
        title: what it is about.
        value: what it is, or what remains possible.
        verdict: what the check says of it.
        guideline: the guideline behind it; empty if none is cited.
    """

    conclusion: Conclusion
    title: str
    value: str
    verdict: str
    guideline: str

    @property
    def is_decided(self) -> bool:
        """Whether it is proved."""
        return self.verdict == PROVED

    def __str__(self) -> str:
        source = f" [{self.guideline}]" if self.guideline else ""
        return f"{self.title}: {self.value} ({self.verdict}).{source}"


@dataclass(frozen=True, slots=True)
class ExportContent:
    """Everything that is exported of a result.

    Attributes:
        findings: what is stated of the patient now.
        conclusions: what follows, decided ones first.
        contradictions: statements that the evidence excludes, each with why.
        not_assessed: what nobody could look at, and why.
    """

    findings: tuple[StatedFinding, ...]
    conclusions: tuple[StatedConclusion, ...]
    contradictions: tuple[str, ...]
    not_assessed: tuple[str, ...]


def export_content(result: Result, knowledge: Knowledge) -> ExportContent:
    """What of a result may be exported.

    Args:
        result: a result that did not fail.
        knowledge: names in words.
    """
    names = Names(knowledge)
    current = [f for f in result.undisputed_findings() if f.context is Context.CURRENT]
    unknown = [f for f in current if f.presence is Presence.UNKNOWN]
    conclusions = [_conclusion(c, names) for c in result.answer.conclusions if "." in c.concept]
    return ExportContent(
        findings=tuple(_stated(current, result)),
        conclusions=tuple(sorted(conclusions, key=lambda c: c.conclusion.value is None)),
        contradictions=tuple(_shortened(c.explanation or c.claim) for c in result.contradictions),
        not_assessed=(
            *dict.fromkeys(f"{names.concept(f.concept)}: nobody knows" for f in unknown),
            *(_shortened(_not_looked(c)) for c in result.tools if _failed(c)),
        ),
    )


def _stated(findings: list[Finding], result: Result) -> Iterator[StatedFinding]:
    """Findings with their standing; words of an impression that only repeat another are left out.

    The check proves words of an impression from the findings; where a report has no other part,
    they stand for themselves.
    """
    verdicts = {(k.claim.document, k.claim.span): k.verdict.kind for k in result.claims}
    told = {(f.concept, f.presence) for f in findings if f.source is not Source.REPORT_IMPRESSION}
    for finding in findings:
        if finding.presence is Presence.UNKNOWN:
            continue
        if finding.source is not Source.REPORT_IMPRESSION:
            yield StatedFinding(finding, _standing(finding))
            continue
        kinds = {verdicts.get((e.document, e.span)) for e in finding.evidence if e.span}
        if VerdictKind.ENTAILED not in kinds:
            yield StatedFinding(finding, _UNPROVED.get(_standing(finding), _standing(finding)))
        elif (finding.concept, finding.presence) not in told:
            yield StatedFinding(finding, _standing(finding))


def _standing(finding: Finding) -> Standing:
    if finding.presence is Presence.ABSENT:
        return Standing.LIMITED_DENIAL if finding.is_partial_denial else Standing.ABSENT
    if finding.presence is Presence.INDETERMINATE:
        return Standing.POSSIBLE
    return Standing.PROBABLE if finding.is_doubted else Standing.PRESENT


def _conclusion(conclusion: Conclusion, names: Names) -> StatedConclusion:
    title = conclusion.title or conclusion.concept
    if conclusion.lesion:
        title = f"{title} ({conclusion.lesion})"
    decided = conclusion.verdict is VerdictKind.ENTAILED and conclusion.value is not None
    if decided and conclusion.value is not None:
        value = names.value(conclusion, conclusion.value)
    elif conclusion.possible:
        remaining = ", ".join(names.value(conclusion, v) for v in conclusion.possible)
        value = f"undetermined; possible: {remaining}"
    else:
        value = "undetermined"
    return StatedConclusion(
        conclusion, title, value, PROVED if decided else _undecided(conclusion),
        _guideline(conclusion.citations),
    )  # fmt: skip


def _undecided(conclusion: Conclusion) -> str:
    if conclusion.verdict is VerdictKind.UNSUPPORTED:
        return f"{OPEN}: nothing in the case bears on it"
    if conclusion.verdict is VerdictKind.CONTRADICTED:
        return f"{OPEN}: the evidence contradicts itself here"
    return OPEN


def _guideline(citations: tuple[Citation, ...]) -> str:
    return "; ".join(dict.fromkeys(c.source for c in citations))


def _failed(call: ToolCall) -> bool:
    return call.outcome not in (Outcome.OK, Outcome.NOT_APPLICABLE)


def _not_looked(call: ToolCall) -> str:
    return f"{call.name}: {call.outcome.value.replace('_', ' ')}: {call.reason}"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]} ..."


def finding_in_words(stated: StatedFinding, names: Names) -> str:
    """``Pulmonary nodule, right upper lobe: present, long axis 12 mm``.

    Args:
        stated: the finding.
        names: names in words.
    """
    finding = stated.finding
    site = names.site(finding)
    where = f", {site}" if site else ""
    size = finding.measurement
    how_large = f", {names.measurement(size)}" if size is not None else ""
    name = names.concept(finding.concept)
    return f"{name}{where}: {stated.standing.value}{how_large}"
