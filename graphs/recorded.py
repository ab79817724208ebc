"""What a trace records of a review, as the objects that it was."""

from agents.planner import Turn
from dxtrace.clinical import Differential, Reliance, SimilarCase, ToolCall, Trace


def recorded_turns(trace: Trace) -> tuple[Turn, ...]:
    """What a planner said, as recorded: no model is asked again."""
    steps = (e.data for e in trace.entries if e.kind in ("plan", "reliance"))
    return tuple(Turn.model_validate(step["turn"]) for step in steps if "turn" in step)


def recorded_reliance(trace: Trace) -> Reliance | None:
    """The comparison with the answer without certain passages; None if none was made."""
    fields = set(Reliance.model_fields)
    found = [
        Reliance.model_validate({k: v for k, v in e.data.items() if k in fields})
        for e in trace.entries
        if e.kind == "reliance"
    ]
    return found[-1] if found else None


def recorded_calls(trace: Trace) -> tuple[ToolCall, ...]:
    """The calls as recorded: how tools ended is part of the answer."""
    fields = set(ToolCall.model_fields)
    return tuple(
        ToolCall.model_validate({k: v for k, v in e.data.items() if k in fields})
        for e in trace.entries
        if e.kind == "result"
    )


def recorded_similar(trace: Trace) -> tuple[SimilarCase, ...]:
    """The similar cases as recorded: the index is not searched again."""
    return tuple(
        SimilarCase.model_validate(case)
        for e in trace.entries
        if e.kind == "result"
        for case in e.data.get("similar_cases", ())
    )


def recorded_differential(trace: Trace) -> Differential | None:
    """What similar cases were thought to be, as recorded, before it was judged."""
    found = (e.data.get("differential") for e in trace.entries if e.kind == "result")
    return next((Differential.model_validate(data) for data in found if data), None)
