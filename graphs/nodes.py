"""The nodes of the review graph. Each does one thing and is an ordinary function of the state."""

from __future__ import annotations

from typing import Any

from langgraph.config import get_stream_writer
from langgraph.runtime import Runtime
from langgraph.types import Send, interrupt

from agents.planner import Plan, Planner
from dxtrace import __version__
from dxtrace.clinical import (
    CallRequest,
    CheckedClaim,
    Finding,
    Outcome,
    ToolCall,
    Trace,
    VerdictKind,
)
from dxtrace.knowledge.fact_names import offered
from graphs.analogies import analogy_record, differential_of, judge_differential
from graphs.changes import Earlier, changes_since
from graphs.checking import CaseCheck, ambiguities, contradictions_of, merge_missing
from graphs.composing import compose
from graphs.corrections import corrected
from graphs.foreign_words import (
    record_suspicious,
    recorded_suspicions,
    words_of_case,
    words_of_run,
)
from graphs.questions import pending_question, reply_finding
from graphs.records import answer_record, check_record, dump, input_record
from graphs.reliance import passages_of
from graphs.settings import Settings
from graphs.situation import (
    ReviewContext,
    asked_for_first,
    asks_now,
    lasting_calls,
    said_before,
    situation_of,
)
from graphs.state import ReviewState
from graphs.statements import check_statement, last_statement, this_round, with_marks
from graphs.weighing import weigh
from graphs.workbench import Workbench
from tools import ToolRun, run_tool


class ReviewNodes:
    """The nodes, over a workbench.

    Args:
        bench: knowledge, reader, tools.
        planner: decides what to call and what to say.
        settings: budgets, and whether to ask.
    """

    def __init__(self, bench: Workbench, planner: Planner, settings: Settings) -> None:
        self.bench, self.settings, self.planner = bench, settings, planner

    # -- intake and plan ---------------------------------------------------------------------

    def intake(self, state: ReviewState) -> dict[str, Any]:
        """Record what came in, by hashes, and which versions are at work.

        A session that goes on keeps what it knows: its trace, findings, calls and what was said.
        """
        case, before = state["case"], state.get("trace", ())
        trace = Trace(case.id, before)
        trace.append("versions", self.versions())
        trace.append("input", input_record(case))
        if not before:
            record_suspicious(trace, words_of_case(case))
        corrections = state.get("corrections", ())
        recorded = sum(1 for e in before if e.kind == "correction")
        for correction in corrections[recorded:]:
            trace.append("correction", dump(correction))
        _emit("intake", reports=len(case.reports), studies=len(case.studies))
        fresh = {"trace": trace.entries, "steps": 0, "runs": []}
        if not before:
            return {**fresh, "findings": case.findings}
        return {
            **fresh, "plan": Plan(), "ended": "", "revised": False, "reliance": None,
            "weighed": False,
            "round": state.get("round", 0) + 1, "earlier": said_before(state, recorded),
        }  # fmt: skip

    def after_intake(self, state: ReviewState) -> str:
        """Plan; a correction alone asks nothing new, and what is known is checked again."""
        earlier = state.get("earlier", Earlier())
        only_corrected = len(state.get("corrections", ())) > earlier.corrections
        return "gather" if only_corrected and not state.get("asks_anew") else "plan"

    def versions(self) -> dict[str, Any]:
        """Versions of DxTrace, planner and packs."""
        packs = {p.id: p.header.version for p in self.bench.knowledge.packs.values()}
        return {"dxtrace": __version__, "planner": self.planner.name, "packs": packs}

    def plan(self, state: ReviewState, runtime: Runtime[ReviewContext]) -> dict[str, Any]:
        """Let the planner choose what to call."""
        case, steps = state["case"], state["steps"] + 1
        plan = self.planner.plan(situation_of(state, runtime.context))
        trace = Trace(case.id, state["trace"])
        trace.append("plan", {"step": steps, **plan.model_dump(mode="json", exclude_none=True)})
        _emit("plan", calls=[call.tool for call in plan.calls])
        memory = state.get("memory", ())
        return {
            "plan": plan, "intents": plan.intents, "steps": steps, "trace": trace.entries,
            "drafts": self.planner.draft(plan.intents), "revised": False,
            "memory": memory if plan.turn is None else (*memory, plan.turn),
            "ended": plan.ended or state.get("ended", ""),
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
            record_suspicious(trace, words_of_run(run))
        findings = [*case.findings, *(f for run in runs for f in run.findings)]
        findings += state.get("replies", ())
        known = {e.data["id"]: e.data for e in trace.entries if e.kind == "finding"}
        unique = corrected(_with_unique_ids(findings), state.get("corrections", ()))
        for finding in unique:
            record = finding.model_dump(mode="json")
            if known.get(finding.id) != record:
                trace.append("finding", record)
        return {
            "findings": unique, "trace": trace.entries, "differential": differential_of(runs),
            "passages": passages_of(run.call for run in runs),
        }  # fmt: skip

    def after_gather(self, state: ReviewState) -> str:
        """Check, unless the planner is in the middle of its calls and has said nothing to check."""
        memory = state.get("memory", ())
        asking = bool(memory) and bool(memory[-1].calls) and not state.get("ended")
        # What came of the planner's own calls it reads first; the pathway's are checked.
        return "plan" if asking and state["plan"].turn is not None else "check"

    # -- check -------------------------------------------------------------------------------

    def check(self, state: ReviewState) -> dict[str, Any]:
        """Judge every claim, conclude every output that applies, list what is missing."""
        outcome = self.judge(state)
        memory = with_marks(state.get("memory", ()), outcome["sentences"])
        trace = Trace(state["case"].id, state["trace"])
        trace.append("check", check_record(outcome))
        contradicted = len(outcome["contradictions"])
        _emit("check", claims=len(outcome["report_claims"]), contradictions=contradicted)
        return {**outcome, "memory": memory, "trace": trace.entries}

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
        stated, sentences = check_statement(
            self.bench.statement_reader, full, last_statement(this_round(state)), case,
            state.get("passages", ()),
        )  # fmt: skip
        return {
            "packs": packs,
            "stated": stated,
            "sentences": sentences,
            "changes": changes_since(
                knowledge,
                state.get("earlier", Earlier()),
                check,
                full,
                state.get("corrections", ()),
            ),
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
        if self.settings.interactive and asks_now(state) and self._question(state) is not None:
            return "ask"
        in_budget = (
            state["steps"] < (self.planner.most_steps or self.settings.max_steps)
            and runtime.context.seconds_left > 0
        )
        if in_budget and self.planner.goes_on(situation_of(state, runtime.context)):
            return "plan"
        if self.settings.interactive and self._question(state) is not None:
            return "ask"
        return "answer" if state.get("weighed") else "weigh"

    def weigh(self, state: ReviewState, runtime: Runtime[ReviewContext]) -> dict[str, Any]:
        """Hear a planner that spoke again, without passages that do not bear on the question."""
        weighed = weigh(self.bench, self.planner, situation_of(state, runtime.context))
        if weighed is None:
            return {"weighed": True}
        trace = Trace(state["case"].id, state["trace"])
        trace.append("reliance", weighed.record)
        _emit("weigh", changes=len(weighed.reliance.changes))
        memory = state.get("memory", ())
        return {
            "weighed": True, "reliance": weighed.reliance, "trace": trace.entries,
            "memory": memory if weighed.turn is None else (*memory, weighed.turn),
        }  # fmt: skip

    @staticmethod
    def after_weigh(state: ReviewState) -> str:
        """Check what stands now, if it is something else."""
        reliance = state.get("reliance")
        return "check" if reliance is not None and reliance.changes else "answer"

    def _question(self, state: ReviewState) -> Any:
        return pending_question(
            self.bench.knowledge, asked_for_first(state), frozenset(state.get("asked", ())),
            state["findings"],
        )  # fmt: skip

    def revise(self, state: ReviewState) -> dict[str, Any]:
        """Give the planner the verdicts on its claims and take its revision."""
        revision = self.planner.revise(state["answers"])
        replaced = {c.id.removesuffix("r"): c for c in revision}
        drafts = tuple(replaced.get(c.id, c) for c in state["drafts"])
        trace = Trace(state["case"].id, state["trace"])
        trace.append("revision", {"claims": [dump(c) for c in revision]})
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
        result = compose(self.bench, self.planner.name, state, lasting_calls(runs), similar)
        kept = tuple(a for r in runs for a in r.artifacts)
        trace = Trace(case.id, state["trace"])
        noted = recorded_suspicions(trace)
        result = result.model_copy(update={"artifacts": kept, "suspicious_texts": noted})
        trace.append("answer", answer_record(result.answer))
        _emit("answer", text=result.answer.text)
        return {"result": result, "trace": trace.entries}


def _emit(step: str, **data: object) -> None:
    get_stream_writer()({"step": step, **data})


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
