"""Reviewers for tests of the batch engine, which must survive whatever a case does."""

import ctypes
import os
import time
from dataclasses import dataclass
from pathlib import Path

from dxtrace.clinical import Answer, Case, Result, Trace
from tests.processes import wait_until
from tests.unit.tools.host.resident_experts import Resident
from tools import ArtifactStore, Tool, run_tool

FAULTS = ("segfault", "exit", "hang", "raise")


@dataclass(frozen=True)
class FakeRun:
    result: Result
    trace: Trace


def review(case: Case, *, planner: str, store: object = None) -> FakeRun:
    """Answers with the length of the first report; a question of FAULTS does what it says.

    One that says *until* and a file waits for the file.
    """
    del store
    if case.question == "segfault":
        ctypes.string_at(0)
    if case.question == "exit":
        os._exit(3)
    if case.question == "raise":
        raise RuntimeError("planted")
    if case.question is not None and case.question.startswith("until "):
        wait_until(Path(case.question.removeprefix("until ")).exists, "the case may end")
    while case.question == "hang":
        time.sleep(1)  # until the engine ends it
    trace = Trace(case.id)
    trace.append("answer", {"planner": planner})
    answer = Answer(text=f"{len(case.reports[0].text)} characters")
    return FakeRun(Result(id=case.id, status="answered", answer=answer), trace)


def review_slowly(case: Case, *, planner: str, store: object = None) -> FakeRun:
    """As :func:`review`, but long enough for a kill to find cases under way."""
    time.sleep(0.02)
    return review(case, planner=planner, store=store)


def review_with_masks(case: Case, *, planner: str, store: ArtifactStore) -> FakeRun:
    """As :func:`review`, and leaves masks in the case's folder, each a while in writing."""
    store.clear()
    kept = tuple(
        store.write("mask", f"m{n}.nii.gz", bytes([n]) * 400_000, tool="slow", name=f"m{n}")
        for n in range(5)
    )
    run = review(case, planner=planner)
    return FakeRun(run.result.model_copy(update={"artifacts": kept}), run.trace)


def review_with_resident(case: Case, *, planner: str, store: object = None) -> FakeRun:
    """Answers with what an expert in a process of its own says; one for each order."""
    del store
    order = case.reports[0].text.split()[0]
    expert = Resident(name=f"resident_{order}", timeout_s=600)
    run = run_tool(Tool(expert.card, expert.run, "somebody"), case)
    trace = Trace(case.id)
    trace.append("answer", {"planner": planner})
    answer = Answer(text="".join(f.text for f in run.findings) or run.call.reason)
    return FakeRun(Result(id=case.id, status="answered", answer=answer), trace)
