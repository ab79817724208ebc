import subprocess
import sys

import pytest

from dxtrace.intake import IntakeLimits
from tests.processes import LIMIT_S


def test_the_environment_sets_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DXTRACE_MAX_FRAMES", "7")
    assert IntakeLimits().max_frames == 7
    assert IntakeLimits(max_frames=9).max_frames == 9


def test_a_limit_that_is_none_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DXTRACE_MAX_FRAMES", "many")
    done = subprocess.run(
        [sys.executable, "-m", "dxtrace", "review", "examples/chest_ct_report.txt"],
        capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "DXTRACE_MAX_FRAMES" in done.stderr
    assert "many" in done.stderr
    assert "Traceback" not in done.stderr
