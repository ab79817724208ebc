"""The first review is made before somebody asks for one; it can be called off, and never hurts."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.chat import warming
from apps.chat.warming import review_made_up_case
from graphs.workbench import default_workbench
from tools import Cancellation
from tools.host import close_experts, own_host

SLOWEST = "ct_lung_nodules"


@pytest.fixture(autouse=True)
def no_experts() -> Iterator[None]:
    """Every test begins and ends without processes of experts."""
    close_experts()
    yield
    close_experts()


def test_the_slowest_expert_is_ready_and_nothing_is_left_lying_about(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    review_made_up_case(default_workbench(), Cancellation())

    assert own_host().running() == (SLOWEST,)
    assert not list(tmp_path.glob("dxtrace-first-*"))
    assert not [r for r in caplog.records if r.name == warming.log.name]


def test_called_off_it_ends_and_keeps_no_process() -> None:
    cancellation = Cancellation()
    cancellation.cancel()

    review_made_up_case(default_workbench(), cancellation)

    assert not own_host().running()


def test_what_goes_wrong_is_logged_and_no_more(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_given: Any, **_more: Any) -> None:
        raise OSError("no room")

    monkeypatch.setattr(warming, "review_with_trace", broken)

    with caplog.at_level(logging.WARNING):
        review_made_up_case(default_workbench(), Cancellation())

    assert [r.message for r in caplog.records] == ["the first review failed: OSError"]
