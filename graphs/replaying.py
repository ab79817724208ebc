"""Replay a trace without the models: check its findings again and compare."""

from typing import Any

from dxtrace.clinical import Case, Claim, Finding, Trace
from dxtrace.clinical.base import Frozen
from graphs.nodes import ReviewNodes
from graphs.settings import Settings
from graphs.workbench import Workbench, default_workbench


class Difference(Frozen):
    """Something that comes out differently now.

    Attributes:
        what: the conclusion or claim.
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
        versions: recorded and present versions where they differ.
        differences: what came out differently.
    """

    case_id: str
    conclusions: int
    claims: int
    versions: dict[str, str]
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether everything came out the same."""
        return not self.differences


class ReplayError(ValueError):
    """A trace that cannot be replayed, such as one of a failed case."""


def replay(trace: Trace, *, bench: Workbench | None = None) -> ReplayReport:
    """Check a trace's findings again with the present packs; no tool is called.

    Args:
        trace: the trace, verified.
        bench: knowledge; that which comes with DxTrace by default.

    Raises:
        ReplayError: if the trace holds no check.
    """
    used = bench or default_workbench()
    data = {e.kind: e.data for e in trace.entries}
    if "check" not in data or "input" not in data:
        raise ReplayError(f"trace {trace.case_id}: holds no check to repeat")
    case = Case.model_validate(data["input"]["case"])
    findings = tuple(Finding.model_validate(e.data) for e in trace.entries if e.kind == "finding")
    nodes = ReviewNodes(used, str(data["versions"]["planner"]), Settings())
    intents = nodes.planner.plan(case, (), ()).intents
    drafts = tuple(Claim.model_validate(c["claim"]) for c in _drafts(data["check"]))
    state: Any = {
        "case": case, "findings": findings, "intents": intents, "drafts": drafts,
        "trace": (),
    }  # fmt: skip
    outcome = nodes.judge(state)
    return ReplayReport(
        case_id=trace.case_id,
        conclusions=len(outcome["conclusions"]),
        claims=len(outcome["report_claims"]) + len(outcome["answers"]),
        versions=_version_changes(data["versions"], nodes.versions()),
        differences=tuple(_differences(data["check"], outcome)),
    )


def _drafts(check: dict[str, Any]) -> list[dict[str, Any]]:
    return [c for c in check["claims"] if str(c["claim"]["id"]).startswith("q")]


def _version_changes(recorded: dict[str, Any], now: dict[str, Any]) -> dict[str, str]:
    before = {**recorded.get("packs", {}), "dxtrace": recorded.get("dxtrace")}
    after = {**now["packs"], "dxtrace": now["dxtrace"]}
    return {
        name: f"{before.get(name)} then, {after.get(name)} now"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }


def _differences(check: dict[str, Any], outcome: dict[str, Any]) -> list[Difference]:
    recorded = {c["concept"]: _value(c) for c in check["conclusions"]}
    now = {
        c.concept: _value(c.model_dump(mode="json", exclude_defaults=True))
        for c in outcome["conclusions"]
    }
    recorded |= {f"claim {c['claim']['id']}": c["verdict"]["kind"] for c in check["claims"]}
    checked = (*outcome["report_claims"], *outcome["answers"])
    now |= {f"claim {c.claim.id}": c.verdict.kind.value for c in checked}
    return [
        Difference(what=key, recorded=recorded.get(key, "nothing"), now=now.get(key, "nothing"))
        for key in sorted({*recorded, *now})
        if recorded.get(key) != now.get(key)
    ]


def _value(conclusion: dict[str, Any]) -> str:
    value = conclusion.get("value")
    if value is None:
        return f"open: {', '.join(conclusion.get('possible') or ())}"
    return str(value)
