"""A review that somebody calls off answers with what is known, and waits for no expert."""

import threading
from pathlib import Path

from dxtrace.clinical import Outcome
from graphs import Settings, follow_up, review_with_trace
from tests.processes import running_experts, wait_until
from tests.unit.graphs.benches import bench_with, report_case
from tests.unit.tools.host.resident_experts import Resident
from tools import Cancellation, Tool


def test_a_review_that_is_called_off_says_so_and_the_session_goes_on(tmp_path: Path) -> None:
    expert = Resident(name="called_off_in_a_graph")
    bench = bench_with(Tool(expert.card, expert.run, "somebody"))
    begun = tmp_path / "begun"
    cancellation = Cancellation()

    def call_off() -> None:
        wait_until(begun.exists, "the expert begins")
        cancellation.cancel()

    threading.Thread(target=call_off, daemon=True).start()
    settings = Settings(checkpoints=tmp_path / "sessions.sqlite")
    case = report_case(f"touch {begun}")
    run = review_with_trace(case, bench=bench, settings=settings, cancellation=cancellation)

    assert run.result.status == "answered"
    called = next(c for c in run.result.tools if c.name == expert.card.name)
    assert called.outcome is not Outcome.OK
    assert "cancelled" in called.reason
    wait_until(lambda: not running_experts(expert.card.name), "the expert ends")
    further = follow_up(case.id, question="Is there a nodule?", bench=bench, settings=settings)
    assert further.result.status == "answered"
