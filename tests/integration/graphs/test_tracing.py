"""LangSmith's tracing: switched on for another program, it copies no case."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import ROOT, command_environment
from tests.processes import LIMIT_S

SCRIPT = "tests.integration.graphs.traced_process"


class Service(ThreadingHTTPServer):
    """Takes what comes, and keeps it."""

    daemon_threads = True
    came = b""


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        self.server.came += self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(202, b"")

    def do_GET(self) -> None:
        self._answer(200, b"{}")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def run(service: Service, *command: str, **variables: str) -> str:
    environment = {
        **command_environment(), "LANGSMITH_API_KEY": "none",
        "LANGSMITH_ENDPOINT": f"http://127.0.0.1:{service.server_address[1]}", **variables,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, *command], check=True, cwd=ROOT, env=environment, timeout=LIMIT_S,
        capture_output=True, text=True,
    )  # fmt: skip
    return done.stderr


@pytest.mark.parametrize("variable", ["LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"])
def test_a_variable_of_another_program_copies_no_case(service: Service, variable: str) -> None:
    run(service, "-m", SCRIPT, **{variable: "true"})
    assert service.came == b""


def test_who_allows_it_is_traced(service: Service) -> None:
    run(service, "-m", SCRIPT, LANGSMITH_TRACING="true", DXTRACE_LANGSMITH="true")
    assert b"Pleural effusion" in service.came


def test_the_command_line_says_that_it_stays_off(service: Service, tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    report.write_text("FINDINGS: Pleural effusion.", encoding="utf-8")
    said = run(service, "-m", "dxtrace", "review", str(report), LANGSMITH_TRACING="true")
    assert "LangSmith's tracing is switched on by LANGSMITH_TRACING" in said
    assert "DXTRACE_LANGSMITH=true allows it" in said
    assert service.came == b""
