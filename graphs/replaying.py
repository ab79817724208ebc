"""Replay a trace without the models: conclude and answer again from its findings, and compare."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from dxtrace.clinical import (
    Case,
    Change,
    CheckedClaim,
    Claim,
    Conclusion,
    Contradiction,
    Correction,
    Finding,
    Trace,
)
from dxtrace.clinical.base import Frozen
from graphs.composing import compose
from graphs.nodes import ReviewNodes
from graphs.recorded import (
    recorded_calls,
    recorded_differential,
    recorded_reliance,
    recorded_similar,
    recorded_turns,
)
from graphs.records import answer_record, check_record
from graphs.reliance import passages_of
from graphs.settings import Settings
from graphs.workbench import PATHWAY, Workbench, default_workbench


class Difference(Frozen):
    """Something that comes out differently now.

    Attributes:
        what: the conclusion, claim, contradiction or missing fact, or the answer's words.
        recorded: what the trace says.
        now: what comes out with the present packs.
    """

    what: str
    recorded: str
    now: str


class ReplayReport(Frozen):
    """What a replay found.

    Attributes:
        case_id: the case.
        conclusions: number of conclusions compared.
        claims: number of claims compared.
        answered: whether the trace holds an answer; a session that waits has none.
        versions: recorded and present versions where they differ.
        differences: what came out differently.
    """

    case_id: str
    conclusions: int
    claims: int
    answered: bool
    versions: dict[str, str]
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether everything came out the same."""
        return not self.differences


class ReplayError(ValueError):
    """A trace that cannot be replayed, such as one of a failed case."""


def replay(trace: Trace, *, bench: Workbench | None = None) -> ReplayReport:
    """Conclude and answer again from a trace's findings with the present packs; no tool is called.

    Everything that follows from the findings is made anew and compared with what is recorded: the
    verdicts, conclusions with their reasons, contradictions, missing facts, and the answer. The
    findings themselves are taken as recorded.

    Args:
        trace: the trace, verified.
        bench: knowledge; that which comes with DxTrace by default.

    Raises:
        ReplayError: if the trace holds no check, or its entries are not what DxTrace writes.
    """
    data: dict[str, dict[str, Any]] = {e.kind: e.data for e in trace.entries}
    if not {"check", "input", "versions"} <= set(data):
        raise ReplayError(f"trace {trace.case_id}: holds no check to repeat")
    try:
        return _replay(trace, data, bench or default_workbench())
    except (KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ReplayError(f"trace {trace.case_id}: cannot be repeated: {reason}") from error


def _replay(trace: Trace, data: dict[str, dict[str, Any]], bench: Workbench) -> ReplayReport:
    case = Case.model_validate(data["input"]["case"])
    recorded = {str(e.data["id"]): e.data for e in trace.entries if e.kind == "finding"}
    findings = tuple(map(Finding.model_validate, recorded.values()))
    planner = str(data["versions"]["planner"])
    # What was asked and which packs apply is told by the same code for every planner.
    nodes = ReviewNodes(bench, bench.planner(PATHWAY), Settings())
    intents = nodes.planner.intents(case)
    drafts = tuple(Claim.model_validate(c["claim"]) for c in _drafts(data["check"]))
    state: Any = {
        "case": case, "findings": findings, "intents": intents, "drafts": drafts,
        "trace": (), "memory": recorded_turns(trace), "ended": _ended(trace),
        "corrections": _corrections(trace),
        "passages": passages_of(recorded_calls(trace)), "reliance": recorded_reliance(trace),
        "differential": recorded_differential(trace),
    }  # fmt: skip
    outcome = nodes.judge(state)
    differences = _differences(_decided(data["check"]), _decided(check_record(outcome)))
    if "answer" in data:
        # In the recorded proofs' words: there may be several minimal proofs of one conclusion.
        state.update(outcome, **_recorded(data["check"]))
        calls, similar = recorded_calls(trace), recorded_similar(trace)
        answer = compose(bench, planner, state, calls, similar).answer
        differences += _differences(data["answer"], answer_record(answer), "answer: ")
    return ReplayReport(
        case_id=trace.case_id,
        conclusions=len(outcome["conclusions"]),
        claims=len(outcome["report_claims"]) + len(outcome["answers"]),
        answered="answer" in data,
        versions=_version_changes(data["versions"], nodes.versions()),
        differences=tuple(differences),
    )


def _decided(check: dict[str, Any]) -> dict[str, Any]:
    """A check without the choice among several minimal proofs of the same."""
    proof = {"because", "reasons", "citations"}
    return {
        # What earlier answers said is not concluded again: only the last is.
        **{key: value for key, value in check.items() if key != "changes"},
        "conclusions": [
            {k: v for k, v in c.items() if k not in proof} for c in check["conclusions"]
        ],
        "claims": [
            {**c, "verdict": {k: v for k, v in c["verdict"].items() if k not in proof}}
            for c in check["claims"]
        ],
        "contradictions": [{"claim": c["claim"]} for c in check["contradictions"]],
    }


def _recorded(check: dict[str, Any]) -> dict[str, Any]:
    """A recorded check as the state that an answer is written from."""
    claims = [CheckedClaim.model_validate(c) for c in check["claims"]]
    return {
        "answers": tuple(c for c in claims if c.claim.id.startswith("q")),
        "report_claims": tuple(c for c in claims if not c.claim.id.startswith("q")),
        "conclusions": tuple(Conclusion.model_validate(c) for c in check["conclusions"]),
        "contradictions": tuple(Contradiction.model_validate(c) for c in check["contradictions"]),
        "changes": tuple(Change.model_validate(c) for c in check.get("changes", ())),
    }


def _drafts(check: dict[str, Any]) -> list[dict[str, Any]]:
    return [c for c in check["claims"] if str(c["claim"]["id"]).startswith("q")]


def _corrections(trace: Trace) -> tuple[Correction, ...]:
    kept = (e.data for e in trace.entries if e.kind == "correction")
    return tuple(map(Correction.model_validate, kept))


def _ended(trace: Trace) -> str:
    ends = [str(e.data.get("ended", "")) for e in trace.entries if e.kind == "plan"]
    return next((e for e in reversed(ends) if e), "")


def _version_changes(recorded: dict[str, Any], now: dict[str, Any]) -> dict[str, str]:
    before = {**recorded.get("packs", {}), "dxtrace": recorded.get("dxtrace")}
    after = {**now["packs"], "dxtrace": now["dxtrace"]}
    return {
        name: f"{before.get(name)} then, {after.get(name)} now"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }


def _differences(
    recorded: dict[str, Any], now: dict[str, Any], prefix: str = ""
) -> list[Difference]:
    """What differs between two records, each item by its name."""
    before, after = dict(_items(recorded)), dict(_items(now))
    found = []
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            was, new = _shown(before.get(key)), _shown(after.get(key))
            if was == new:  # the same value, for other reasons
                was, new = _in_full(before.get(key)), _in_full(after.get(key))
            found.append(Difference(what=f"{prefix}{key}", recorded=was, now=new))
    return found


def _items(record: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The parts of a record with names that are unique in it."""
    seen: Counter[str] = Counter()
    for part, entries in record.items():
        for entry in entries if isinstance(entries, list) else [entries]:
            name = _name(part, entry)
            seen[name] += 1
            # Through JSON, as the trace keeps it: numbers and tuples then compare.
            yield (
                f"{name} ({seen[name]})" if seen[name] > 1 else name,
                json.loads(json.dumps(entry)),
            )


def _name(part: str, entry: Any) -> str:
    if part == "conclusions":
        return str(entry["concept"])
    if part == "claims":
        return f"claim {entry['claim']['id']}"
    singular = {"packs": "pack", "contradictions": "contradiction", "missing": "missing fact"}
    return singular.get(part, part)


def _shown(entry: Any) -> str:
    """The gist of an entry."""
    if entry is None:
        return "nothing"
    if not isinstance(entry, dict):
        return str(entry)
    if "verdict" in entry and isinstance(entry["verdict"], dict):
        return str(entry["verdict"]["kind"])
    if "verdict" in entry:
        return _value(entry)
    named = (entry.get(k) for k in ("concept", "claim", "pack"))
    return next((str(n) for n in named if n), "nothing")


def _in_full(entry: Any) -> str:
    return json.dumps(entry, ensure_ascii=False, sort_keys=True)


def _value(conclusion: dict[str, Any]) -> str:
    value = conclusion.get("value")
    if value is None:
        return f"open: {', '.join(conclusion.get('possible') or ())}"
    return str(value)
