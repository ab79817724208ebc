"""The result object of a case (see ``docs/results.md``)."""

from typing import Any, Literal

from dxtrace.clinical.arguments import Arguments
from dxtrace.clinical.artifact import Artifact
from dxtrace.clinical.base import Frozen
from dxtrace.clinical.claim import Claim
from dxtrace.clinical.correction import Change, Correction
from dxtrace.clinical.differential import Differential
from dxtrace.clinical.finding import Finding
from dxtrace.clinical.quoted_text import SuspiciousText
from dxtrace.clinical.reliance import Reliance
from dxtrace.clinical.similar_case import SimilarCase
from dxtrace.clinical.statement import CheckedSentence
from dxtrace.clinical.states import Outcome, VerdictKind
from dxtrace.clinical.verdict import Citation, MissingFact, QuotedPassage, Reason, Verdict


class Conclusion(Frozen):
    """What findings and rules say about one output or one finding question.

    Attributes:
        concept: output name (``lung_rads.category``) or concept key.
        value: the value if it is decided, else None.
        verdict: ``entailed`` if decided, ``consistent`` if values remain, ``contradicted`` if the
            evidence contradicts itself here, ``unsupported`` if nothing bears on it.
        possible: the values that remain, if more than one.
        because: ids of the findings, rows, rules and assumptions that prove it.
        citations: the guideline passages behind ``because``.
        title: what a reader calls it.
        pack: the knowledge pack.
        reasons: the same as ``because``, in words.
        lesion: the lesion that it is about, for a per-lesion conclusion.
    """

    concept: str
    value: str | bool | None = None
    verdict: VerdictKind
    possible: tuple[str, ...] | None = None
    because: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    title: str = ""
    pack: str = ""
    reasons: tuple[Reason, ...] = ()
    lesion: str | None = None


class CheckedClaim(Frozen):
    """A claim with its verdict."""

    claim: Claim
    verdict: Verdict


class Contradiction(Frozen):
    """A statement that the evidence excludes.

    Attributes:
        claim: the statement's words.
        source: who stated it: ``report``, ``planner`` or ``tool``.
        with_: ids of the findings that exclude it (``with`` in JSON).
        rules: ids of the rules and rows that exclude it.
        explanation: one sentence for a reader.
        preferred: for findings at odds, the ids that the more reliable evidence supports.
        disputed: for findings at odds, the ids of those that are not used because of it.
    """

    claim: str
    source: Literal["report", "planner", "tool"]
    with_: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    explanation: str = ""
    preferred: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()


class ToolCall(Frozen):
    """How one call ended.

    Attributes:
        name: the tool.
        outcome: how it ended.
        seconds: how long it took.
        reason: why, unless it went well.
        notes: what a reader should know of what it found, such as what could not be measured.
        arguments: what it was asked for, beyond the case.
        from_cache: whether the same was asked before, and what was found then is used again.
        passages: guideline text that it found, quoted.
    """

    name: str
    outcome: Outcome
    seconds: float
    reason: str = ""
    notes: tuple[str, ...] = ()
    arguments: Arguments = Arguments()
    from_cache: bool = False
    passages: tuple[QuotedPassage, ...] = ()


class PlannerPart(Frozen):
    """What a planner that speaks had to do with an answer.

    Attributes:
        name: the planner.
        sentences: what it said, each sentence with the check's mark.
        ended: why it said no more, if it did not end by answering.
        problems: what it asked for or said that could not be used.
        tokens: tokens that its part cost, if the model says so.
    """

    name: str
    sentences: tuple[CheckedSentence, ...] = ()
    ended: str = ""
    problems: tuple[str, ...] = ()
    tokens: int = 0


class Answer(Frozen):
    """The answer in words and in conclusions."""

    text: str
    conclusions: tuple[Conclusion, ...] = ()


class Result(Frozen):
    """What comes out for one case.

    Attributes:
        id: the case's id.
        status: ``answered``, ``needs_input`` (the graph waits for a reply) or ``failed``.
        answer: the answer; empty text if failed.
        findings: every finding, of every source and context.
        claims: every checked claim.
        contradictions: statements that the evidence excludes.
        missing: facts that would decide an open conclusion.
        tools: the calls and how they ended.
        artifacts: the files that the calls left in the output folder.
        similar_cases: cases of other patients that are like this one: analogies, no evidence.
        differential: what such cases were thought to be, if that was asked: likewise.
        suspicious_texts: texts of others that read as if they gave instructions; they had no other
            effect than any text.
        planner: the part of a planner that speaks; None if none did.
        corrections: what people have corrected of what was found.
        changes: what an earlier answer of the session said and does not hold any more.
        reliance: how what it said depends on passages that do not bear on the question; None if
            there were none.
        trace: path of the trace, relative to the output folder.
        report: path of the HTML report, relative to the output folder.
        question: what the graph asks, if the status is ``needs_input``.
        error: why the case failed, if it did.
    """

    id: str
    status: Literal["answered", "needs_input", "failed"]
    answer: Answer = Answer(text="")
    findings: tuple[Finding, ...] = ()
    claims: tuple[CheckedClaim, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    missing: tuple[MissingFact, ...] = ()
    tools: tuple[ToolCall, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    similar_cases: tuple[SimilarCase, ...] = ()
    differential: Differential | None = None
    suspicious_texts: tuple[SuspiciousText, ...] = ()
    planner: PlannerPart | None = None
    corrections: tuple[Correction, ...] = ()
    changes: tuple[Change, ...] = ()
    reliance: Reliance | None = None
    trace: str | None = None
    report: str | None = None
    question: str | None = None
    error: str | None = None

    def undisputed_findings(self) -> list[Finding]:
        """Findings that nothing contradicts; a contradicted statement is never repeated as fact."""
        refused = {
            (c.claim.document, c.claim.span)
            for c in self.claims
            if c.verdict.kind is VerdictKind.CONTRADICTED
        }
        at_odds = {i for c in self.contradictions for i in c.disputed}
        return [
            f
            for f in self.findings
            if f.id not in at_odds
            and not any((e.document, e.span) in refused for e in f.evidence if e.span)
        ]

    def to_json_object(self) -> dict[str, Any]:
        """The result as plain JSON data, with the stable names of ``docs/results.md``."""
        data = self.model_dump(mode="json")
        for finding, raw in zip(self.findings, data["findings"], strict=True):
            raw["measurement"] = (
                finding.measurement.model_dump(mode="json") if finding.measurement else None
            )
        for raw in data["contradictions"]:
            raw["with"] = raw.pop("with_")
        return data
