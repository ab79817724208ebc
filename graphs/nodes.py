"""The nodes of the review graph. Each does one thing and is an ordinary function of the state."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from langgraph.config import get_stream_writer
from langgraph.runtime import Runtime
from langgraph.types import Send, interrupt

from agents.direct_answers import presence_answers
from agents.planner import Plan
from dxtrace import __version__
from dxtrace.clinical import (
    Answer,
    CallRequest,
    Case,
    CheckedClaim,
    Finding,
    Outcome,
    Result,
    SimilarCase,
    ToolCall,
    Trace,
    VerdictKind,
)
from dxtrace.knowledge.fact_names import offered
from graphs.analogies import analogy_record, differential_of, judge_differential
from graphs.checking import (
    CaseCheck,
    ambiguities,
    as_stated,
    contradictions_of,
    finding_conclusion,
    merge_missing,
)
from graphs.comparison import comparison_conclusions
from graphs.questions import pending_question, reply_finding
from graphs.settings import Settings
from graphs.state import ReviewState
from graphs.workbench import Workbench
from tools import ArtifactStore, Cancellation, ToolRun, run_tool

_REFUSALS_SHOWN = 4


@dataclass(frozen=True)
class ReviewContext:
    """What one run of the graph may use.

    Attributes:
        deadline: monotonic time after which nothing new is planned.
        store: where the case's masks and pictures go; None keeps none.
        cancellation: ends the calls that are under way, and every later one at once.
    """

    deadline: float
    store: ArtifactStore | None = None
    cancellation: Cancellation | None = None


class ReviewNodes:
    """The nodes, over a workbench.

    Args:
        bench: knowledge, reader, tools.
        planner: name of the planner.
        settings: budgets, and whether to ask.
    """

    def __init__(self, bench: Workbench, planner: str, settings: Settings) -> None:
        self.bench, self.settings = bench, settings
        self.planner = bench.planner(planner)

    # -- intake and plan ---------------------------------------------------------------------

    def intake(self, state: ReviewState) -> dict[str, Any]:
        """Record what came in, by hashes, and which versions are at work."""
        case = state["case"]
        trace = Trace(case.id)
        trace.append("versions", self.versions())
        trace.append("input", _input_record(case))
        _emit("intake", reports=len(case.reports), studies=len(case.studies))
        return {"trace": trace.entries, "steps": 0, "runs": [], "findings": case.findings}

    def versions(self) -> dict[str, Any]:
        """Versions of DxTrace, planner and packs."""
        packs = {p.id: p.header.version for p in self.bench.knowledge.packs.values()}
        return {"dxtrace": __version__, "planner": self.planner.name, "packs": packs}

    def plan(self, state: ReviewState) -> dict[str, Any]:
        """Let the planner choose what to call."""
        case, steps = state["case"], state["steps"] + 1
        called = [run.call for run in state["runs"]]
        plan = self.planner.plan(case, called, state.get("missing", ()))
        trace = Trace(case.id, state["trace"])
        trace.append("plan", {"step": steps, **plan.model_dump(mode="json")})
        _emit("plan", calls=[call.tool for call in plan.calls])
        return {
            "plan": plan, "intents": plan.intents, "steps": steps, "trace": trace.entries,
            "drafts": self.planner.draft(plan.intents), "revised": False,
        }  # fmt: skip

    def dispatch(self, state: ReviewState) -> list[Send] | str:
        """One branch for each planned call; straight on if there is none."""
        calls = state["plan"].calls
        sends = [
            Send("call", {"case": state["case"], "call": call, "order": len(state["runs"]) + i})
            for i, call in enumerate(calls)
        ]
        return sends or "gather"

    def call(self, state: dict[str, Any], runtime: Runtime[ReviewContext]) -> dict[str, Any]:
        """Run one tool; its outcome is typed, so a sibling is never cancelled."""
        request: CallRequest = state["call"]
        tool = self.bench.registry.get(request.tool)
        if tool is None:
            call = ToolCall(
                name=request.tool, outcome=Outcome.UNAVAILABLE, seconds=0.0, reason="no such tool",
                arguments=request.arguments,
            )  # fmt: skip
            return {"runs": [ToolRun(call=call, order=state["order"])]}
        run = run_tool(
            tool, state["case"], request.arguments, order=state["order"],
            store=runtime.context.store, concepts=self.bench.knowledge.vocabulary.concepts,
            cancellation=runtime.context.cancellation,
        )  # fmt: skip
        _emit("tool", name=run.call.name, outcome=run.call.outcome.value, seconds=run.call.seconds)
        return {"runs": [run]}

    def gather(self, state: ReviewState) -> dict[str, Any]:
        """Collect findings in the order of the plan, whatever order the calls ended in."""
        case, trace = state["case"], Trace(state["case"].id, state["trace"])
        done = sum(1 for e in trace.entries if e.kind == "result")
        runs = sorted(state["runs"], key=lambda r: r.order)
        for run in runs[done:]:
            request = CallRequest(tool=run.call.name, arguments=run.call.arguments)
            trace.append("call", {**request.model_dump(mode="json"), "order": run.order})
            trace.append(
                "result",
                {
                    **run.call.model_dump(mode="json"),
                    "findings": [f.id for f in run.findings],
                    "artifacts": [a.model_dump(mode="json") for a in run.artifacts],
                    **analogy_record(run),
                },
            )
        findings = [*case.findings, *(f for run in runs for f in run.findings)]
        findings += state.get("replies", ())
        known = {e.data["id"] for e in trace.entries if e.kind == "finding"}
        unique = _with_unique_ids(findings)
        for finding in unique:
            if finding.id not in known:
                trace.append("finding", finding.model_dump(mode="json"))
        return {
            "findings": unique, "trace": trace.entries, "differential": differential_of(runs),
        }  # fmt: skip

    # -- check -------------------------------------------------------------------------------

    def check(self, state: ReviewState) -> dict[str, Any]:
        """Judge every claim, conclude every output that applies, list what is missing."""
        outcome = self.judge(state)
        trace = Trace(state["case"].id, state["trace"])
        trace.append("check", check_record(outcome))
        contradicted = len(outcome["contradictions"])
        _emit("check", claims=len(outcome["report_claims"]), contradictions=contradicted)
        return {**outcome, "trace": trace.entries}

    def judge(self, state: ReviewState) -> dict[str, Any]:
        """The check itself, without a trace: the same findings always give the same outcome."""
        case, findings, knowledge = state["case"], state["findings"], self.bench.knowledge
        check = CaseCheck(knowledge, findings)
        packs = self.planner.choose_packs(case, findings, check.body.holds)
        relevant = {p.pack for p in packs}
        claims = [
            c
            for c in self.bench.claim_reader.claims_of(case, findings)
            if c.kind == "finding" or knowledge.outputs[c.concept][0].id in relevant
        ]
        judged = check.judge(claims)
        full = check.with_impressions(judged)
        outputs = self._outputs(state, relevant)
        conclusions = tuple(check.conclude(full, o) for o in outputs)
        open_outputs = [
            o
            for o, c in zip(outputs, conclusions, strict=True)
            if c.verdict is VerdictKind.CONSISTENT
        ]
        return {
            "packs": packs,
            "report_claims": judged,
            "answers": tuple(CheckedClaim(claim=d, verdict=full.check(d)) for d in state["drafts"]),
            "conclusions": conclusions,
            "contradictions": contradictions_of(knowledge, judged, check.body.conflicts, findings),
            "missing": offered(
                knowledge.vocabulary, merge_missing(full.missing(o) for o in open_outputs)
            ),
            "problems": (
                *full.base.problems,
                *ambiguities(check.body.conflicts, findings),
            ),
            "differential": judge_differential(
                state.get("differential"), knowledge.vocabulary.concepts, full.check
            ),
        }

    def _outputs(self, state: ReviewState, packs: set[str]) -> list[str]:
        asked = [i.output for i in state["intents"] if i.output]
        outputs = self.bench.knowledge.outputs
        if not any(i.kind in ("review", "comparison") for i in state["intents"]):
            return list(dict.fromkeys(asked))
        applying = [n for n, (p, o) in outputs.items() if p.id in packs and o.report]
        return list(dict.fromkeys([*asked, *applying]))

    def after_check(self, state: ReviewState, runtime: Runtime[ReviewContext]) -> str:
        """Revise contradicted claims, plan again for what is missing, ask, or answer."""
        contradicted = any(a.verdict.kind is VerdictKind.CONTRADICTED for a in state["answers"])
        if contradicted and not state["revised"]:
            return "revise"
        in_budget = (
            state["steps"] < self.settings.max_steps and time.monotonic() < runtime.context.deadline
        )
        if in_budget and state["missing"] and self._plan_again(state).calls:
            return "plan"
        if self.settings.interactive and self._question(state) is not None:
            return "ask"
        return "answer"

    def _plan_again(self, state: ReviewState) -> Plan:
        called = [run.call for run in state["runs"]]
        return self.planner.plan(state["case"], called, state["missing"])

    def _question(self, state: ReviewState) -> Any:
        return pending_question(
            self.bench.knowledge, state["missing"], frozenset(state.get("asked", ())),
            state["findings"],
        )  # fmt: skip

    def revise(self, state: ReviewState) -> dict[str, Any]:
        """Give the planner the verdicts on its claims and take its revision."""
        revision = self.planner.revise(state["answers"])
        replaced = {c.id.removesuffix("r"): c for c in revision}
        drafts = tuple(replaced.get(c.id, c) for c in state["drafts"])
        trace = Trace(state["case"].id, state["trace"])
        trace.append("revision", {"claims": [_dump(c) for c in revision]})
        _emit("revise", claims=len(revision))
        return {"drafts": drafts, "revised": True, "trace": trace.entries}

    def ask(self, state: ReviewState) -> dict[str, Any]:
        """Stop until a person answers; the reply becomes a finding of the user."""
        question = self._question(state)
        reply = interrupt(question.model_dump(mode="json"))
        trace = Trace(state["case"].id, state["trace"])
        trace.append("question", question.model_dump(mode="json"))
        trace.append("reply", {"fact": question.fact, "reply": reply})
        asked = (*state.get("asked", ()), question.key)
        replies = state.get("replies", ())
        finding = reply_finding(self.bench.knowledge, question, reply, len(replies) + 1)
        return {
            "asked": asked, "trace": trace.entries,
            "replies": (*replies, finding) if finding is not None else replies,
        }  # fmt: skip

    # -- answer ------------------------------------------------------------------------------

    def answer(self, state: ReviewState) -> dict[str, Any]:
        """Write the answer and close the trace."""
        case = state["case"]
        runs = sorted(state["runs"], key=lambda r: r.order)
        similar = tuple(case for run in runs for case in run.similar)
        result = self.compose(state, tuple(r.call for r in runs), similar)
        kept = tuple(a for r in runs for a in r.artifacts)
        result = result.model_copy(update={"artifacts": kept})
        trace = Trace(case.id, state["trace"])
        trace.append("answer", answer_record(result.answer))
        _emit("answer", text=result.answer.text)
        return {"result": result, "trace": trace.entries}

    def compose(
        self,
        state: ReviewState,
        calls: tuple[ToolCall, ...],
        similar: tuple[SimilarCase, ...] = (),
    ) -> Result:
        """The result, without a trace: the same check and calls always give the same words."""
        case, knowledge = state["case"], self.bench.knowledge
        by_question = [
            finding_conclusion(knowledge, item, state["findings"])
            for item in presence_answers(state["answers"])
        ]
        compared = (
            comparison_conclusions(knowledge, state["findings"], state["intents"])
            if any(i.kind == "comparison" for i in state["intents"])
            else ()
        )
        conclusions = (*by_question, *state["conclusions"], *compared)
        calls += _unavailable_images(case, calls, self.bench)
        result = Result(
            id=case.id, status="answered", answer=Answer(text="", conclusions=conclusions),
            findings=tuple(as_stated(f) for f in state["findings"]),
            claims=(*state["answers"], *state["report_claims"]),
            contradictions=state["contradictions"], missing=state["missing"], tools=calls,
            similar_cases=similar, differential=state.get("differential"),
        )  # fmt: skip
        text = self.bench.writer.write(case, result, state["intents"], state["problems"])
        return result.model_copy(update={"answer": Answer(text=text, conclusions=conclusions)})


def check_record(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """What the trace keeps of a check."""
    differential = outcome["differential"]
    return {
        **({} if differential is None else {"differential": _dump(differential)}),
        "packs": [_dump(p) for p in outcome["packs"]],
        "claims": [_dump(c) for c in (*outcome["report_claims"], *outcome["answers"])],
        "conclusions": [_dump(c) for c in outcome["conclusions"]],
        "contradictions": [_dump(c) for c in outcome["contradictions"]],
        "missing": [_dump(m) for m in outcome["missing"]],
    }


def answer_record(answer: Answer) -> dict[str, Any]:
    """What the trace keeps of an answer."""
    return {"text": answer.text, "conclusions": [_dump(c) for c in answer.conclusions]}


def _dump(model: Any) -> dict[str, Any]:
    data: dict[str, Any] = model.model_dump(mode="json", exclude_defaults=True)
    return data


def _emit(step: str, **data: object) -> None:
    get_stream_writer()({"step": step, **data})


def _input_record(case: Case) -> dict[str, Any]:
    record = case.model_dump(mode="json", exclude_defaults=True, exclude={"reports", "findings"})
    record["reports"] = [
        {
            "sha256": sha256(r.text.encode("utf-8", "surrogatepass")).hexdigest(),
            "characters": len(r.text),
            "is_prior": r.is_prior,
        }
        for r in case.reports
    ]
    record["case"] = case.model_dump(mode="json")
    return record


def _with_unique_ids(findings: list[Finding]) -> tuple[Finding, ...]:
    seen: dict[str, int] = {}
    unique = []
    for finding in findings:
        seen[finding.id] = seen.get(finding.id, 0) + 1
        number = seen[finding.id]
        unique.append(
            finding if number == 1 else finding.model_copy(update={"id": f"{finding.id}.{number}"})
        )
    return tuple(unique)


def _unavailable_images(
    case: Case, calls: tuple[ToolCall, ...], bench: Workbench
) -> tuple[ToolCall, ...]:
    """Say that nobody looked at the images, if nobody could."""
    images = sum(len(s.images) for study in case.studies for s in study.series)
    # A call of an expert that is not installed here (in a replay) may have looked.
    able = {c.name for c in calls if bench.registry.get(c.name) is None}
    able |= {t.card.name for t in bench.registry if "image" in t.card.accepts}
    asked = [c for c in calls if c.name in able]
    if not images or any(c.outcome is not Outcome.NOT_APPLICABLE for c in asked):
        return ()
    why = "; ".join(f"{c.name}: {c.reason}" for c in asked[:_REFUSALS_SHOWN])
    reason = f"{images} image file(s) came with the case; no installed expert accepts them" + (
        f" ({why})" if why else ""
    )
    return (
        ToolCall(name="image_experts", outcome=Outcome.UNAVAILABLE, seconds=0.0, reason=reason),
    )
