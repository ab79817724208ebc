"""Planners are built once, and anew when their entry in planners.yaml has changed."""

from pathlib import Path

import pytest

from agents.vlm import VlmPlanner
from dxtrace.clinical import Case, Report
from graphs import review
from graphs.workbench import PATHWAY, Workbench, default_workbench

ENTRY = """
planners:
  - name: house
    kind: endpoint
    base_url: http://127.0.0.1:{port}/v1
    model: m
    retries: 0
    images: {images}
"""


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "planners.yaml"
    path.write_text(ENTRY.format(images=2, port=9), encoding="utf-8")
    monkeypatch.setenv("DXTRACE_PLANNERS", str(path))
    return path


@pytest.fixture
def bench() -> Workbench:
    return default_workbench().without(frozenset({"guideline_search"}))


def images(bench: Workbench) -> int:
    planner = bench.planner("house")
    assert isinstance(planner, VlmPlanner)
    return planner.entry.images


def test_an_unchanged_planner_is_built_once(bench: Workbench, listed: Path) -> None:
    first = bench.planner("house")
    listed.touch()
    assert bench.planner("house") is first
    assert bench.planner(PATHWAY) is bench.planner(PATHWAY)


def test_a_changed_entry_is_noticed(bench: Workbench, listed: Path) -> None:
    assert images(bench) == 2
    listed.write_text(ENTRY.format(images=0, port=9), encoding="utf-8")
    assert images(bench) == 0


def test_a_review_asks_the_model_of_the_changed_entry(bench: Workbench, listed: Path) -> None:
    case = Case(id="c-1", reports=(Report(text="FINDINGS: No effusion."),), question="A nodule?")
    assert ":9/v1" in review(case, planner="house", bench=bench).answer.text
    listed.write_text(ENTRY.format(images=0, port=8), encoding="utf-8")
    assert ":8/v1" in review(case, planner="house", bench=bench).answer.text


def test_an_entry_that_was_taken_away_is_no_planner_any_more(
    bench: Workbench, listed: Path
) -> None:
    bench.planner("house")
    listed.write_text("planners: []", encoding="utf-8")
    with pytest.raises(ValueError, match="expected pathway"):
        bench.planner("house")
