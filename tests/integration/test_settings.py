"""Budgets and limits of the environment that are none: one message, before any case."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import EXAMPLES, ROOT, command_environment

PLANNER = "http://127.0.0.1:1/v1"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DXTRACE_PLANNER_TURNS", "0"),
        ("DXTRACE_PLANNER_TURNS", "-5"),
        ("DXTRACE_PLANNER_TOKENS", "1e99"),
        ("DXTRACE_PLANNER_CALLS", "many"),
        ("DXTRACE_TIME_LIMIT_S", "0"),
        ("DXTRACE_TIME_LIMIT_S", "nan"),
        ("DXTRACE_TIME_LIMIT_S", "inf"),
    ],
)
def test_a_budget_that_is_none_is_named(tmp_path: Path, variable: str, value: str) -> None:
    report = EXAMPLES / "chest_ct_report.txt"
    done = subprocess.run(
        [sys.executable, "-m", "dxtrace", "review", str(report), "--planner", PLANNER],
        capture_output=True, text=True, check=False, cwd=ROOT,
        env={**command_environment(), "HOME": os.fspath(tmp_path), variable: value},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"dxtrace: {variable}: ")
    assert f"got '{value}'" in done.stderr
    assert not done.stdout
