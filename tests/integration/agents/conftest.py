"""Scripted models behind one server, each as a planner with a name of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.openai_server import OpenAIServer, openai_server

Planners = Callable[..., AbstractContextManager[tuple[str, OpenAIServer]]]


@pytest.fixture(scope="session")
def model_server() -> Iterator[OpenAIServer]:
    """One server for all scripts: opening a client of it takes longer than a review."""
    with openai_server() as server:
        yield server


@pytest.fixture
def planners(
    model_server: OpenAIServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Planners:
    """Serve a script as a planner; gives the planner's name and the server."""

    @contextmanager
    def serve(
        script: Any, dialect: str = "tools", **entry: Any
    ) -> Iterator[tuple[str, OpenAIServer]]:
        model_server.script, model_server.requests = script, []
        # What a name means is kept in a process: another entry needs another name.
        listed = {
            "name": "-".join(["model", dialect, *map(str, entry.values())]), "kind": "endpoint",
            "base_url": model_server.url, "dialect": dialect, "retries": 0, **entry,
        }  # fmt: skip
        file = tmp_path / "planners.yaml"
        file.write_text(json.dumps({"planners": [listed]}), encoding="utf-8")
        monkeypatch.setenv("DXTRACE_PLANNERS", str(file))
        yield listed["name"], model_server

    return serve
