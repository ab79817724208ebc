"""Sessions that stop for a person and go on in another process, over one SQLite file."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dxtrace.clinical import Trace

ROOT = Path(__file__).parents[3]
NODULE = "FINDINGS: CT chest. There is a {} mm solid nodule in the right upper lobe."
QUESTION = "What follow-up does the Fleischner Society recommend?"
RECOMMENDATION = "fleischner.recommendation"
Step = Callable[..., dict[str, Any]]


@pytest.fixture
def step(tmp_path: Path) -> Step:
    """Do one step of a session in a new process."""

    def run(thread: str, **asked: Any) -> dict[str, Any]:
        sent = {"checkpoints": str(tmp_path / "sessions.sqlite"), "thread": thread, **asked}
        done = subprocess.run(
            [sys.executable, "-m", "tests.integration.graphs.session_process"],
            input=json.dumps(sent), capture_output=True, text=True, check=False, cwd=ROOT,
            env={**os.environ, "LANGGRAPH_STRICT_MSGPACK": "true"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "unregistered" not in done.stderr.lower()
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    return run


def case(size: int, **fields: Any) -> dict[str, Any]:
    patient = {"risk_factors": []}
    reports = [{"text": NODULE.format(size)}]
    return {"reports": reports, "question": QUESTION, "patient": patient, **fields}


def test_sessions_go_on_in_other_processes_and_do_not_mix(step: Step) -> None:
    """Two sessions in one file; each reply comes to a process that has never seen the case."""
    first = step("one", case=case(7, id="c-1"))
    assert first["status"] == "needs_input"
    assert first["pending"]["fact"] == "patient.age"
    assert first["question"] == first["pending"]["text"]
    step("two", case=case(12, id="c-2"))

    assert "expected a number" in step("one", reply="sixty")["refused"]
    one = step("one", reply="60")
    two = step("two", reply="30")
    assert (one["status"], two["status"]) == ("answered", "answered")
    assert (one["id"], two["id"]) == ("c-1", "c-2")
    assert one["values"][RECOMMENDATION] == "CT_6_12M_THEN_CONSIDER_18_24M"
    assert two["values"][RECOMMENDATION] == "NOT_APPLICABLE"
    assert (one["user"], two["user"]) == (["60"], ["30"])

    trace = Trace.from_json(one["trace"])
    kinds = [e.kind for e in trace.entries]
    assert kinds[: len(first["kinds"])] == first["kinds"]
    told = [(e.kind, e.data["fact"]) for e in trace.entries if e.kind in ("question", "reply")]
    assert told == [("question", "patient.age"), ("reply", "patient.age")]
