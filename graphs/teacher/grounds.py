"""What a conversation is held against: the checker over its evidence, and its questions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from agents.intent import Intent
from agents.planner import Situation
from dxtrace.clinical import (
    CallRequest,
    Case,
    Claim,
    Conclusion,
    Context,
    Finding,
    MissingFact,
    Presence,
    Verdict,
)
from dxtrace.knowledge import KnowledgeError
from dxtrace.knowledge.fact_names import offered
from dxtrace.reasoning import Checker
from graphs.checking import CaseCheck
from graphs.workbench import Workbench

_RENEWED_AFTER = 500
_LOOKED_AT = 4000


@dataclass(frozen=True, slots=True)
class Question:
    """What a question asks.

    Attributes:
        intents: what is asked.
        drafts: the statements that a yes would make.
        outputs: the outputs of packs that are asked for, or reported in a review.
        is_review: whether everything that applies is asked for.
        calls: what the built-in planner would call.
    """

    intents: tuple[Intent, ...]
    drafts: tuple[Claim, ...]
    outputs: tuple[str, ...]
    is_review: bool
    calls: tuple[CallRequest, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, or why there is none.

    Attributes:
        verdict: the checker's word.
        problem: what is wrong with the claim.
    """

    verdict: Verdict | None
    problem: str = ""


class Grounds:
    """One case's evidence. Verdicts are kept: many answers to one prompt say the same.

    Args:
        bench: knowledge, readers and tools.
        case: the case.
        findings: the evidence.
        packs: the packs that apply; None lets the built-in planner choose.
    """

    def __init__(
        self, bench: Workbench, case: Case, findings: tuple[Finding, ...],
        packs: tuple[str, ...] | None,
    ) -> None:  # fmt: skip
        self.bench, self.case, self.findings, self.packs = bench, case, findings, packs
        self._planner = bench.planner("pathway")
        self._verdicts: dict[str, Judged] = {}
        self._conclusions: dict[str, Conclusion] = {}
        self._questions: dict[str, Question] = {}
        self._solved = 0
        self._checker: Checker | None = None

    @cached_property
    def around(self) -> str:
        """What the case is about, in words: it tells the reader which region a word means."""
        concepts = self.bench.knowledge.vocabulary.concepts
        names = (concepts[f.concept].name for f in self.findings if f.concept in concepts)
        return ". ".join(dict.fromkeys(names))[:_LOOKED_AT]

    @cached_property
    def refuted(self) -> tuple[Claim, ...]:
        """What the reports' impressions claim and their own body excludes."""
        case_check = CaseCheck(self.bench.knowledge, self.findings)
        judged = case_check.judge(self._impressions)
        return tuple(c.claim for c in judged if c.verdict.kind == "contradicted")

    @cached_property
    def _impressions(self) -> tuple[Claim, ...]:
        return self.bench.claim_reader.claims_of(Case(id=self.case.id), self.findings)

    # -- verdicts ----------------------------------------------------------------------------

    @property
    def checker(self) -> Checker:
        """The checker over all that is believed; built anew when it has grown by many questions."""
        if self._checker is None or self._solved >= _RENEWED_AFTER:
            check = CaseCheck(self.bench.knowledge, self.findings)
            self._checker, self._solved = check.with_impressions(check.judge(self._impressions)), 0
        return self._checker

    def judge(self, claim: Claim) -> Judged:
        """The verdict on a claim, whatever its id and words."""
        key = claim.model_dump_json(exclude={"id", "text", "span", "document"})
        if key not in self._verdicts:
            self._solved += 1
            try:
                self._verdicts[key] = Judged(self.checker.check(claim))
            except (KnowledgeError, ValueError) as error:
                self._verdicts[key] = Judged(None, str(error))
        return self._verdicts[key]

    def conclude(self, output: str) -> Conclusion:
        """What findings and packs say about an output."""
        if output not in self._conclusions:
            self._conclusions[output] = self.checker.conclude(output)
        return self._conclusions[output]

    def missing(self, output: str) -> tuple[MissingFact, ...]:
        """The facts that would decide an output and that a person can be asked for."""
        return offered(self.bench.knowledge.vocabulary, self.checker.missing(output))

    # -- questions ---------------------------------------------------------------------------

    def question(self, text: str) -> Question:
        """What a question asks of the case."""
        if text not in self._questions:
            self._questions[text] = self._understood(text)
        return self._questions[text]

    def _understood(self, text: str) -> Question:
        case = self.case.model_copy(update={"question": text or None})
        intents = self._planner.intents(case)
        review = any(i.kind == "review" for i in intents)
        applying = self.packs
        if applying is None:
            chosen = self._planner.choose_packs(case, self.findings, self.checker.holds)
            applying = tuple(p.pack for p in chosen)
        known = self.bench.knowledge.outputs.items()
        reported = [n for n, (p, o) in known if review and p.id in applying and o.report]
        outputs = [*(i.output for i in intents if i.output), *reported]
        return Question(
            intents=intents, drafts=self._planner.draft(intents), is_review=review,
            outputs=tuple(dict.fromkeys(outputs)),
            calls=self._planner.plan(Situation(case=case)).calls,
        )  # fmt: skip

    @cached_property
    def seen(self) -> tuple[str, ...]:
        """Concepts that are there today, without those that another one says more exactly."""
        vocabulary = self.bench.knowledge.vocabulary
        there = {
            f.concept: f
            for f in self.findings
            if f.presence is Presence.PRESENT and f.context is Context.CURRENT
            and not f.is_doubted and f.concept in vocabulary.concepts
            and vocabulary.concepts[f.concept].kind != "context"
        }  # fmt: skip
        general = {a for key in there for a in vocabulary.ancestors[key]}
        proved = (key for key in there if key not in general and self._is_proved(key))
        return tuple(proved)

    def _is_proved(self, concept: str) -> bool:
        verdict = self.judge(Claim(id="seen", kind="finding", concept=concept)).verdict
        return verdict is not None and verdict.kind == "entailed"
