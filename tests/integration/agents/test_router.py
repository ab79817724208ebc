"""The small model that comes along runs the whole way: it reads, calls, and is checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from expert_models.runtime import torchvision_guard

torchvision_guard.install()
pytest.importorskip("torch", reason="torch is not installed (extra 'experts')")
pytest.importorskip("transformers", reason="transformers is not installed (extra 'experts')")

from agents.vlm.models import ROUTER, open_chat_model, resolve_planner  # noqa: E402
from benchmarks.own_planner import answered, held_out_lessons  # noqa: E402
from benchmarks.planner_training.train import school_of  # noqa: E402
from dxtrace.clinical import Case, Report, Result  # noqa: E402
from expert_models.image_text.transformers_writer import load_transformers_writer  # noqa: E402
from graphs.reviewing import review_with_trace  # noqa: E402
from graphs.settings import Settings  # noqa: E402
from graphs.workbench import default_workbench  # noqa: E402
from tests.transformers_server import transformers_server  # noqa: E402
from tests.unit.benchmarks.test_planner_training import KEYS  # noqa: E402

REPORT = "FINDINGS: There is a left pleural effusion. No pneumothorax.\nIMPRESSION: Effusion."


@pytest.fixture(autouse=True)
def on_the_processor(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DXTRACE_DEVICE", "cpu")
    yield
    load_transformers_writer.cache_clear()


def asked(question: str, planner: str = ROUTER) -> Result:
    case = Case(id="c", reports=(Report(text=REPORT),), question=question)
    return review_with_trace(case, planner=planner, settings=Settings()).result


def said(result: Result) -> list[tuple[str, str]]:
    assert result.planner is not None
    return [(s.text, s.mark) for s in result.planner.sentences]


def is_proved(result: Result, sentence: str) -> bool:
    """Whether nothing else was said, once or for each finding, and all of it is proved."""
    sentences = said(result)
    return bool(sentences) and all(
        text.startswith(sentence) and mark == "entailed" for text, mark in sentences
    )


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Is there a pleural effusion?", "There is pleural effusion"),
        ("Could this be a pneumothorax?", "There is no pneumothorax"),
    ],
)
def test_it_reads_what_was_found_and_is_proved(question: str, sentence: str) -> None:
    assert is_proved(asked(question), sentence)


def test_what_nobody_looked_for_is_not_said_to_be_absent() -> None:
    result = asked("Is there a renal mass?")
    assert not [text for text, mark in said(result) if mark == "entailed"]
    assert result.answer.text.startswith("Undetermined")


def test_it_finds_the_expert_among_names_that_nobody_has_seen() -> None:
    bench = default_workbench()
    known = [key for key in KEYS if key in bench.knowledge.vocabulary.concepts]
    examined = replace(school_of(bench, known), held_out=True)
    model = open_chat_model(resolve_planner(ROUTER))
    done = [answered(model.invoke, x, bench) for x in held_out_lessons(examined, 20)]
    assert sum(a.is_right for a in done) >= 16
    assert all(a.is_shown_with_marks for a in done if a.move.sentences)


@pytest.mark.slow
def test_behind_a_real_server_it_is_proved_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("fastapi", "uvicorn"):
        pytest.importorskip(package, reason=f"{package} is not installed (extra 'dev')")
    with transformers_server(tmp_path) as url:
        entry = {
            "name": "served-router", "kind": "endpoint", "base_url": url,
            "model": resolve_planner(ROUTER).model, "dialect": "tokens", "briefing": "compact",
            "images": 1, "max_tokens": 192,
        }  # fmt: skip
        file = tmp_path / "planners.yaml"
        file.write_text(json.dumps({"planners": [entry]}), encoding="utf-8")
        monkeypatch.setenv("DXTRACE_PLANNERS", str(file))
        result = asked("Is there a pleural effusion?", "served-router")
    assert is_proved(result, "There is pleural effusion")
