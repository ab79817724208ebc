"""The result of a review, from its checked state."""

from agents.direct_answers import presence_answers
from dxtrace.clinical import (
    Answer,
    Case,
    Outcome,
    PlannerPart,
    Result,
    SimilarCase,
    ToolCall,
)
from graphs.checking import as_stated, finding_conclusion
from graphs.comparison import comparison_conclusions
from graphs.state import ReviewState
from graphs.statements import last_statement, this_round
from graphs.workbench import Workbench
from tools.similar_cases import SIMILAR_CASES

_REFUSALS_SHOWN = 4


def compose(
    bench: Workbench,
    planner: str,
    state: ReviewState,
    calls: tuple[ToolCall, ...],
    similar: tuple[SimilarCase, ...] = (),
) -> Result:
    """The result, without a trace: the same check and calls always give the same words."""
    case, knowledge = state["case"], bench.knowledge
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
    looked = _calls_that_look(calls, bench)
    calls += _unavailable_images(case, looked)
    result = Result(
        id=case.id, status="answered", answer=Answer(text="", conclusions=conclusions),
        findings=tuple(as_stated(f) for f in state["findings"]),
        claims=(*state["answers"], *state.get("stated", ()), *state["report_claims"]),
        contradictions=state["contradictions"], missing=state["missing"], tools=calls,
        similar_cases=tuple({c.id: c for c in similar}.values()),
        differential=state.get("differential"), reliance=state.get("reliance"),
        planner=_planner_part(state, planner),
        corrections=state.get("corrections", ()), changes=state.get("changes", ()),
    )  # fmt: skip
    unread = _why_unread(case, looked)
    if unread:
        return result.model_copy(update={"status": "failed", "error": unread})
    text = bench.writer.write(case, result, state["intents"], state["problems"])
    return result.model_copy(update={"answer": Answer(text=text, conclusions=conclusions)})


def _planner_part(state: ReviewState, planner: str) -> PlannerPart | None:
    """What a planner that speaks said; None if it is one that does not."""
    memory, ended = this_round(state), state.get("ended", "")
    if not memory and not ended:
        return None
    if not ended and last_statement(memory) is None:
        ended = "its budget of steps or time was used before it had answered"
    return PlannerPart(
        name=planner, sentences=state.get("sentences", ()), ended=ended,
        problems=tuple(dict.fromkeys(p for turn in memory for p in turn.problems)),
        tokens=sum(turn.tokens for turn in memory),
    )  # fmt: skip


def _calls_that_look(calls: tuple[ToolCall, ...], bench: Workbench) -> list[ToolCall]:
    """The calls of experts that look at images of this case."""
    # A call of an expert that is not installed here (in a replay) may have looked.
    able = {c.name for c in calls if bench.registry.get(c.name) is None}
    able |= {t.card.name for t in bench.registry if "image" in t.card.accepts}
    return [c for c in calls if c.name in able - {SIMILAR_CASES}]


def _images_of(case: Case) -> int:
    return sum(len(s.images) for study in case.studies for s in study.series)


def _why_unread(case: Case, looked: list[ToolCall]) -> str | None:
    """Why nothing of a case was read that is made of images alone; None if anything was."""
    failed = [c for c in looked if c.outcome in (Outcome.FAILED, Outcome.TIMED_OUT)]
    others = case.reports or case.observations or case.findings
    is_seen = any(c.outcome is Outcome.OK for c in looked)
    if others or is_seen or not failed or not _images_of(case):
        return None
    reasons: dict[str, list[str]] = {}
    for call in failed[:_REFUSALS_SHOWN]:
        reasons.setdefault(call.reason, []).append(call.name)
    why = "; ".join(f"{reason} ({', '.join(names)})" for reason, names in reasons.items())
    return f"nothing in it could be looked at: {why}"


def _unavailable_images(case: Case, asked: list[ToolCall]) -> tuple[ToolCall, ...]:
    """Say that nobody looked at the images, if nobody could."""
    images = _images_of(case)
    if not images or any(c.outcome is not Outcome.NOT_APPLICABLE for c in asked):
        return ()
    why = "; ".join(f"{c.name}: {c.reason}" for c in asked[:_REFUSALS_SHOWN])
    reason = f"{images} image file(s) came with the case; no installed expert accepts them" + (
        f" ({why})" if why else ""
    )
    return (
        ToolCall(name="image_experts", outcome=Outcome.UNAVAILABLE, seconds=0.0, reason=reason),
    )
