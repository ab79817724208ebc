"""The check: report claims, conclusions, conflicts and what is missing, for one set of findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from agents.answer_writer import quoted
from dxtrace.clinical import (
    CheckedClaim,
    Claim,
    Conclusion,
    Context,
    Contradiction,
    Finding,
    MissingFact,
    Presence,
    Reason,
    Source,
    Verdict,
    VerdictKind,
)
from dxtrace.knowledge import Knowledge
from dxtrace.reasoning import Checker, Conflict


@dataclass(frozen=True)
class CaseCheck:
    """One check of a case.

    The body of the reports, structured input and tools are evidence. Impressions are claims: they
    are judged by the body alone, and what is not contradicted then counts as (weaker) evidence for
    conclusions. A report that is nothing but an impression is evidence as a whole.

    Attributes:
        knowledge: vocabulary and packs.
        findings: all findings of the case.
    """

    knowledge: Knowledge
    findings: tuple[Finding, ...]

    @cached_property
    def _bare_documents(self) -> frozenset[int | None]:
        """Reports without a body."""
        documents = {_document(f) for f in self.findings if f.source is Source.REPORT_IMPRESSION}
        bodies = {
            _document(f)
            for f in self.findings
            if f.source is Source.REPORT_FINDINGS and not self._is_context(f)
        }
        return frozenset(documents - bodies)

    def _is_context(self, finding: Finding) -> bool:
        concept = self.knowledge.vocabulary.concepts.get(finding.concept)
        return concept is None or concept.kind == "context"

    def is_claim(self, finding: Finding) -> bool:
        """Whether a finding is an impression that its report's body is to be held against."""
        impression = finding.source is Source.REPORT_IMPRESSION
        return (
            impression
            and _document(finding) not in self._bare_documents
            and not self._is_context(finding)
        )

    @cached_property
    def body(self) -> Checker:
        """The checker over everything but impressions."""
        return Checker(self.knowledge, [f for f in self.findings if not self.is_claim(f)])

    def judge(self, claims: Iterable[Claim]) -> tuple[CheckedClaim, ...]:
        """Verdicts on claims by the body."""
        return tuple(CheckedClaim(claim=c, verdict=self.body.check(c)) for c in claims)

    def with_impressions(self, judged: Iterable[CheckedClaim]) -> Checker:
        """The checker over the body and those impressions that it does not contradict."""
        refused = {
            (c.claim.document, c.claim.span)
            for c in judged
            if c.verdict.kind is VerdictKind.CONTRADICTED
        }
        further = [
            f for f in self.findings if self.is_claim(f) and (_document(f), _span(f)) not in refused
        ]
        if not further:
            return self.body
        kept = [f for f in self.findings if not self.is_claim(f)]
        return Checker(self.knowledge, [*kept, *further])

    def conclude(self, full: Checker, output: str) -> Conclusion:
        """What the findings say about an output; impressions only fill what they leave open.

        What the body decides, an interpretation in the impression does not change. A detail of
        the patient or of a lesion that only the impression gives does, where the body's
        conclusion would rest on the assumption that there is no such detail.
        """
        whole = full.conclude(output)
        if full is self.body:
            return whole
        own = self.body.conclude(output)
        if own.value is None or own.value == whole.value or self._superseded(full, own):
            return whole
        return own

    def _superseded(self, full: Checker, own: Conclusion) -> bool:
        """Whether an impression speaks of what the body's conclusion merely assumes."""
        added = {name for name, _ in full.base.mentioned - self.body.base.mentioned}
        assumed = {r.id.removeprefix("assumption:") for r in own.reasons} & added
        concepts = self.knowledge.vocabulary.concepts
        kinds = {n: concepts[n.partition(".")[0]].kind for n in assumed}
        return any(
            kind == "context" or (kind == "lesion" and not name.endswith(".present"))
            for name, kind in kinds.items()
        )


def _document(finding: Finding) -> int | None:
    return finding.evidence[0].document if finding.evidence else None


def _span(finding: Finding) -> tuple[int, int] | None:
    return finding.evidence[0].span if finding.evidence else None


def contradictions_of(
    knowledge: Knowledge,
    judged: Iterable[CheckedClaim],
    conflicts: Iterable[Conflict],
    findings: Iterable[Finding],
) -> tuple[Contradiction, ...]:
    """Contradicted claims, and findings at odds with each other, for a reader."""
    by_id = {f.id: f for f in findings}
    # Words that two concepts share ("cervical adenopathy") are one statement, not two.
    stated = {
        (item.claim.document, item.claim.span or item.claim.id): item
        for item in judged
        if item.verdict.kind is VerdictKind.CONTRADICTED
    }
    found = [_contradicted(knowledge, item) for item in stated.values()]
    found += [
        _at_odds(c, by_id)
        for c in conflicts
        if not is_ambiguous(c, by_id) and not _is_summary(knowledge, c, by_id)
    ]
    unique = {(c.claim, c.with_, c.rules): c for c in found}
    return tuple(unique.values())


def is_ambiguous(conflict: Conflict, by_id: dict[str, Finding]) -> bool:
    """Whether a conflict says more about the reading than about the report.

    One sentence that seems to exclude itself, or two sizes, sites or features of one finding
    without any rule between them, are left open: they are not used, and not held against it.
    """
    at_odds = [by_id[i] for i in conflict.findings if i in by_id]
    reports = [f for f in at_odds if f.source is not Source.TOOL]
    if conflict.preferred or len(reports) < len(at_odds):
        return False
    one_sentence = len({f.text for f in at_odds}) == 1 and all(f.text for f in at_odds)
    features = not conflict.rules and len({f.presence for f in at_odds}) == 1
    return one_sentence or (features and len({f.concept for f in at_odds}) == 1)


def _is_summary(knowledge: Knowledge, conflict: Conflict, by_id: dict[str, Finding]) -> bool:
    """Whether a report's "lungs clear" is only meant to leave out the nodule that it describes."""
    at_odds = [by_id[i] for i in conflict.findings if i in by_id]
    kinds = {knowledge.vocabulary.concept(f.concept).kind for f in at_odds}
    return kinds == {"state", "lesion"} and len({_document(f) for f in at_odds}) == 1


def ambiguities(conflicts: Iterable[Conflict], findings: Iterable[Finding]) -> tuple[str, ...]:
    """What could not be used because its words can be read in more than one way."""
    by_id = {f.id: f for f in findings}
    found = [
        "; ".join(dict.fromkeys(r.text for r in c.reasons if r.kind == "finding"))
        for c in conflicts
        if is_ambiguous(c, by_id)
    ]
    return tuple(f"these do not fit together and are left open: {words}" for words in found)


def _contradicted(knowledge: Knowledge, item: CheckedClaim) -> Contradiction:
    reasons = item.verdict.because
    findings = tuple(dict.fromkeys(r.id for r in reasons if _rests_on_finding(r)))
    rules = tuple(dict.fromkeys(r.id for r in reasons if r.kind in ("rule", "row", "definition")))
    stated = quoted(r.text for r in reasons if _rests_on_finding(r))
    applied = [r.text.rstrip(".") for r in reasons if r.kind in ("rule", "row")]
    words = "; ".join(dict.fromkeys(part for part in (stated, *applied) if part))
    said = item.claim.text or claim_in_words(knowledge, item.claim)
    return Contradiction(
        claim=said, source="planner" if item.claim.source is Source.PLANNER else "report",
        with_=findings, rules=rules, explanation=f"“{said}” is excluded by: {words}",
    )  # fmt: skip


def _rests_on_finding(reason: Reason) -> bool:
    """A finding, or what its wording implies (such as 'on the right only')."""
    implied = reason.kind == "assumption" and not reason.id.startswith("assumption:")
    return reason.kind == "finding" or implied


def _at_odds(conflict: Conflict, by_id: dict[str, Finding]) -> Contradiction:
    at_odds = [by_id[i] for i in conflict.findings if i in by_id]
    weakest = next((f for f in at_odds if f.id not in conflict.preferred), None)
    source = "tool" if weakest is not None and weakest.source is Source.TOOL else "report"
    said = (weakest.text or weakest.concept) if weakest is not None else conflict.findings[0]
    stated = quoted(r.text for r in conflict.reasons if r.kind == "finding")
    applied = [r.text.rstrip(".") for r in conflict.reasons if r.kind == "rule"]
    words = "; ".join(dict.fromkeys(part for part in (stated, *applied) if part))
    preferred = (
        "the more reliable source is kept"
        if conflict.preferred
        else "both are equally reliable, so neither is used"
    )
    return Contradiction(
        claim=said, source=source,
        with_=tuple(i for i in conflict.findings if weakest is None or i != weakest.id),
        rules=conflict.rules, preferred=conflict.preferred,
        disputed=tuple(i for i in conflict.findings if i not in conflict.preferred),
        explanation=f"these statements exclude each other: {words}; {preferred}",
    )  # fmt: skip


def claim_in_words(knowledge: Knowledge, claim: Claim) -> str:
    """A claim as a short statement."""
    if claim.kind == "category":
        output = knowledge.outputs[claim.concept][1]
        denied = "not " if claim.presence is Presence.ABSENT else ""
        return f"{output.title or output.public_name}: {denied}{claim.value}"
    name = knowledge.vocabulary.concept(claim.concept).name.lower()
    side = f"{claim.laterality.value} " if claim.laterality else ""
    return f"no {side}{name}" if claim.presence is Presence.ABSENT else f"{side}{name}"


def finding_conclusion(
    knowledge: Knowledge, checked: CheckedClaim, findings: Iterable[Finding]
) -> Conclusion:
    """The answer to a finding question as a conclusion about the concept."""
    claim, verdict = checked.claim, checked.verdict
    value = _presence_value(knowledge, claim, verdict, findings)
    kind = verdict.kind
    if kind is VerdictKind.CONTRADICTED:
        kind = VerdictKind.ENTAILED
    reasons = verdict.because
    return Conclusion(
        concept=claim.concept, value=value, verdict=kind, reasons=reasons,
        because=tuple(dict.fromkeys(r.id for r in reasons)),
        citations=tuple(r.citation for r in reasons if r.citation is not None),
        title=claim_in_words(
            knowledge, claim.model_copy(update={"presence": Presence.PRESENT})
        ),
    )  # fmt: skip


def _presence_value(
    knowledge: Knowledge, claim: Claim, verdict: Verdict, findings: Iterable[Finding]
) -> str:
    asked_present = claim.presence is not Presence.ABSENT
    if verdict.kind is VerdictKind.ENTAILED:
        return "present" if asked_present else "absent"
    if verdict.kind is VerdictKind.CONTRADICTED:
        return "absent" if asked_present else "present"
    below = {claim.concept, *knowledge.vocabulary.descendants[claim.concept]}
    doubted = any(
        f.is_doubted and f.context is Context.CURRENT and f.concept in below for f in findings
    )
    return "indeterminate" if doubted else "unknown"


def as_stated(finding: Finding) -> Finding:
    """A finding for people and other programs: what is denied in part is not absent."""
    if not finding.is_partial_denial:
        return finding
    return finding.model_copy(update={"presence": Presence.UNKNOWN})


def merge_missing(groups: Iterable[Iterable[MissingFact]]) -> tuple[MissingFact, ...]:
    """Missing facts, each once, with all the reasons; those that decide alone come first."""
    merged: dict[str, list[MissingFact]] = {}
    for group in groups:
        for fact in group:
            merged.setdefault(fact.concept, []).append(fact)
    facts = [
        MissingFact(
            concept=concept, why="; ".join(dict.fromkeys(f.why for f in same)),
            decides_alone=any(f.decides_alone for f in same),
        )
        for concept, same in merged.items()
    ]  # fmt: skip
    return tuple(sorted(facts, key=lambda f: not f.decides_alone))
