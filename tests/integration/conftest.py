"""Real processes and a real browser."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.processes import LIMIT_S

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SOFTWARE_GRAPHICS = (
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
)  # fmt: skip
"""WebGL2 without a graphics processor."""
Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]


def command_environment() -> dict[str, str]:
    """The environment of a command that must find the packages of this checkout."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "LANGGRAPH_STRICT_MSGPACK": "true"}


@pytest.fixture
def dxtrace(tmp_path: Path) -> Run:
    """Run ``dxtrace`` in an empty folder."""

    def run(*arguments: str | Path, cwd: Path = tmp_path) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "dxtrace", *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=cwd, timeout=LIMIT_S,
            env=command_environment(),
        )  # fmt: skip

    return run


@pytest.fixture
def start_batch() -> Iterator[Start]:
    """Start a batch with a reviewer of ``fake_reviewers`` in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(manifest: Path, out: Path, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.integration.batch_process", manifest, out]
        process = subprocess.Popen(
            [*map(str, command), *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, cwd=ROOT, env=command_environment(),
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, as the distribution packages it; ``expect`` waits long for what a page shows."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    expect.set_options(timeout=LIMIT_S * 1000)
    own = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path_factory.mktemp("chromium"))}
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", *SOFTWARE_GRAPHICS], env=own
        )
        yield opened
        opened.close()
