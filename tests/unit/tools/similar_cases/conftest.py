"""An index of this machine for a test, and reviews that look for similar cases in it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from dxtrace.clinical import Result, Trace
from dxtrace.retrieval.cases import CaseRecord
from graphs import review_with_trace
from tests.unit.graphs.benches import bench_with, report_case
from tests.unit.retrieval.cases.small_cases import WordEmbedder, open_small
from tools.similar_cases import collection


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the index, which is not there yet."""
    folder = tmp_path / "index"
    monkeypatch.setenv("DXTRACE_CASES", str(folder))
    monkeypatch.setattr(collection, "configured_embedder", WordEmbedder)
    return folder


@pytest.fixture
def folder(place: Path, request: pytest.FixtureRequest) -> Path:
    """The same, with the cases that ``made_cases`` of the test's module gives."""
    fill(place, request.module.made_cases())
    return place


def fill(place: Path, cases: Sequence[CaseRecord]) -> None:
    """Put cases into an index."""
    index = open_small(place)
    index.add(cases)
    index.close()


def reviewed(report: str, question: str | None) -> tuple[Result, Trace]:
    """A review of a report."""
    run = review_with_trace(report_case(report, question), bench=bench_with())
    return run.result, run.trace
