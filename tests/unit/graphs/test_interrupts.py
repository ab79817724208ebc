"""Ctrl-C during a review ends the experts that are at work, too."""

import os
import signal
import threading
from pathlib import Path

import pytest

from graphs import review_with_trace
from tests.processes import running_experts, wait_until
from tests.unit.graphs.benches import bench_with, report_case
from tests.unit.tools.host.resident_experts import Resident
from tools import Tool


def test_an_interrupted_review_does_not_wait_for_an_expert_that_hangs(tmp_path: Path) -> None:
    expert = Resident(name="interrupted_in_a_graph")
    bench = bench_with(Tool(expert.card, expert.run, "somebody"))
    begun = tmp_path / "begun"

    def interrupt() -> None:
        wait_until(begun.exists, "the expert begins")
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        review_with_trace(report_case(f"touch {begun}"), bench=bench)
    assert signal.getsignal(signal.SIGINT) is before
    wait_until(lambda: not running_experts(expert.card.name), "the expert ends")
