"""Review a case: the one call that everything else uses."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Unpack

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.types import Command

from agents.planner import Planner
from dxtrace.clinical import CallRequest, Case, Correction, Result, Trace
from graphs.checkpoints import state_serializer
from graphs.corrections import check_corrections
from graphs.foreign_words import recorded_suspicions
from graphs.interrupts import cancelled_by_signals
from graphs.manner import Manner, Means
from graphs.nodes import ReviewNodes
from graphs.questions import reply_finding
from graphs.review_graph import ReviewGraph, build_review_graph
from graphs.settings import Settings
from graphs.situation import ReviewContext
from graphs.state import PendingQuestion
from graphs.tracing import traced_if_allowed
from graphs.workbench import Workbench

# What the graph's library calls an update that only copies a checkpoint to the end of its session.
_COPY = "__copy__"


class SessionError(ValueError):
    """A session that is not there, or that does not wait."""


@dataclass(frozen=True, slots=True)
class ReviewRun:
    """A finished or waiting review.

    Attributes:
        result: the result; its status is ``needs_input`` if the graph waits.
        trace: the record.
        pending: what it waits for.
        case: the case that was reviewed, with its files, also by a session that goes on.
    """

    result: Result
    trace: Trace
    pending: PendingQuestion | None = None
    case: Case | None = None


def review(case: Case, **manner: Unpack[Manner]) -> Result:
    """Review a case and give its result.

    Args:
        case: the case.
        manner: planner, settings and the like.

    Raises:
        ValueError: if there is no such planner.
    """
    return review_with_trace(case, **manner).result


def review_with_trace(
    case: Case, *, thread: str | None = None, **manner: Unpack[Manner]
) -> ReviewRun:
    """Review a case and give result and trace.

    Args:
        case: the case.
        thread: name of the session in the checkpoints; the case's id by default.
        manner: planner, settings and the like.

    Raises:
        ValueError: if there is no such planner.
    """
    means, session = Means.of(manner), thread or case.id
    with _graph(means) as graph:
        if isinstance(graph.checkpointer, BaseCheckpointSaver):
            # A review starts afresh: what an earlier one of this name has found is not its own.
            graph.checkpointer.delete_thread(session)
        if means.store is not None:
            means.store.clear()
        return _run(graph, {"case": case}, session, means)


def resume_review(thread: str, reply: object, **manner: Unpack[Manner]) -> ReviewRun:
    """Go on with a review that waits for a reply, also in another process.

    Args:
        thread: name of the session in the checkpoints.
        reply: the answer to the pending question; an empty text if nobody knows.
        manner: planner, settings and the like.

    Raises:
        SessionError: if the session does not wait for anything.
        ReplyError: if the reply is none of the options, or not a number; the session waits on.
    """
    means = Means.of(manner)
    with _graph(means) as graph:
        waiting = graph.get_state(_config(thread)).interrupts
        if not waiting:
            raise SessionError(f"session {thread!r} does not wait for a reply")
        # A reply that is none is refused before the session records it: it then waits on.
        pending = PendingQuestion.model_validate(waiting[0].value)
        reply_finding(means.bench.knowledge, pending, reply, 1)
        return _run(graph, Command(resume=reply), thread, means)


def continue_review(thread: str, **manner: Unpack[Manner]) -> ReviewRun:
    """Go on with a session as it stands: one that waits, waits again; one that was killed runs on.

    Args:
        thread: name of the session in the checkpoints.
        manner: planner, settings and the like.

    Raises:
        SessionError: if there is no such session, or it has ended.
    """
    means = Means.of(manner)
    with _graph(means) as graph:
        state = graph.get_state(_config(thread))
        if not state.values and not state.next:
            raise SessionError(f"there is no session {thread!r}")
        if not state.next:
            raise SessionError(f"session {thread!r} has ended: it waits for nothing")
        return _run(graph, None, thread, means)


def follow_up(
    thread: str,
    *,
    question: str | None = None,
    corrections: Iterable[Correction] = (),
    calls: Iterable[CallRequest] = (),
    **manner: Unpack[Manner],
) -> ReviewRun:
    """Ask further in a session that has answered, or correct what was found; or both.

    What was found is used again: no tool is asked twice for the same. Where an earlier answer does
    not hold any more, the new one says so (``Result.changes``). The trace goes on.

    Args:
        thread: name of the session in the checkpoints.
        question: the next question; None asks nothing new: the last one is answered again.
        corrections: what a person says of findings.
        calls: what a person asks of tools, such as to outline what is at a point.
        manner: planner, settings and the like.

    Raises:
        SessionError: if there is no such session, or it has not answered yet.
        CorrectionError: if there is no such finding.
        ValueError: if nothing is asked and nothing corrected.
    """
    means, further, asked = Means.of(manner), tuple(corrections), tuple(calls)
    if question is None and not (further or asked):
        raise ValueError("follow-up: expected a question or a correction, got neither")
    with _graph(means) as graph:
        state = graph.get_state(_config(thread))
        if not state.values:
            raise SessionError(f"there is no session {thread!r}")
        if state.next:
            raise SessionError(f"session {thread!r} has not answered yet: go on with it first")
        check_corrections(state.values["findings"], further, means.bench.knowledge)
        case: Case = state.values["case"]
        update: dict[str, Any] = {} if question is None else {"question": question}
        if asked:
            update["calls"] = (*case.calls, *asked)
        start = {
            "case": case.model_copy(update=update),
            "corrections": (*state.values.get("corrections", ()), *further),
            "asks_anew": question is not None or bool(asked),
        }
        return _run(graph, start, thread, means)


def roll_back(thread: str, **manner: Unpack[Manner]) -> None:
    """Let a session forget a turn that failed in the middle, so that it can be asked again.

    One that waits for a reply, and one that has never answered, stay as they are.

    Args:
        thread: name of the session in the checkpoints.
        manner: where the checkpoints are.
    """
    with _graph(Means.of(manner)) as graph:
        config = _config(thread)
        state = graph.get_state(config)
        if not state.next or state.interrupts:
            return
        for earlier in graph.get_state_history(config):
            if not earlier.next and earlier.values:
                graph.update_state(earlier.config, None, as_node=_COPY)
                return


def _config(thread: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread}}


def _run(graph: ReviewGraph, start: Any, thread: str, means: Means) -> ReviewRun:
    listener = means.listener
    context = ReviewContext(
        deadline=time.monotonic() + means.settings.time_limit_s, store=means.store,
        cancellation=means.cancellation,
    )  # fmt: skip
    values: dict[str, Any] = {}
    waiting: Any = None
    part: Any
    with cancelled_by_signals(means.cancellation), traced_if_allowed(means.settings):
        for mode, part in graph.stream(
            start, _config(thread), context=context, stream_mode=["custom", "values"]
        ):
            if mode == "custom" and listener is not None:
                listener(part)
            elif mode == "values":
                values = part
                waiting = part.get("__interrupt__") or waiting
    trace = Trace(values["case"].id, values["trace"])
    if waiting:  # a session that asks further still has the result of its last question
        pending = PendingQuestion.model_validate(waiting[0].value)
        result = Result(
            id=values["case"].id, status="needs_input", question=pending.text,
            findings=values["findings"], missing=values["missing"],
            contradictions=values["contradictions"], claims=values["report_claims"],
            artifacts=tuple(
                a for r in sorted(values["runs"], key=lambda r: r.order) for a in r.artifacts
            ),
            suspicious_texts=recorded_suspicions(trace),
        )  # fmt: skip
        return ReviewRun(result=result, trace=trace, pending=pending, case=values["case"])
    return ReviewRun(result=values["result"], trace=trace, case=values["case"])


@contextmanager
def _graph(means: Means) -> Iterator[ReviewGraph]:
    """The compiled graph; with a file, its checkpoints outlive the process."""
    settings = means.settings
    if settings.checkpoints is None and not settings.interactive:
        yield _plain_graph(means.bench.planner(means.planner), settings, means.bench)
        return
    nodes = ReviewNodes(means.bench, means.bench.planner(means.planner), settings)
    if settings.checkpoints is None:
        yield build_review_graph(nodes, InMemorySaver(serde=state_serializer()))
        return
    with _sqlite_saver(settings.checkpoints) as saver:
        yield build_review_graph(nodes, saver)


@lru_cache(maxsize=16)
def _plain_graph(planner: Planner, settings: Settings, bench: Workbench) -> ReviewGraph:
    return build_review_graph(ReviewNodes(bench, planner, settings))


@contextmanager
def _sqlite_saver(path: Path) -> Iterator[BaseCheckpointSaver[Any]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        yield SqliteSaver(connection, serde=state_serializer())
    finally:
        connection.close()
