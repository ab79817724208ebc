"""Experts in processes of their own, called by the workers of a batch and left by a kill."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.integration.conftest import Start, command_environment
from tests.processes import LIMIT_S, wait_until

pytestmark = pytest.mark.slow


def write_manifest(folder: Path, *orders: str) -> Path:
    path = folder / "manifest.jsonl"
    lines = [{"id": f"c-{n}", "reports": [{"text": order}]} for n, order in enumerate(orders)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_the_workers_of_a_batch_share_one_expert(tmp_path: Path, start_batch: Start) -> None:
    manifest = write_manifest(tmp_path, *["look"] * 8)
    process = start_batch(manifest, tmp_path / "out", "review_with_resident")
    _, errors = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, errors
    lines = (tmp_path / "out" / "results.jsonl").read_text().splitlines()
    texts = [json.loads(line)["answer"]["text"] for line in lines]
    answers = [dict(part.split("=") for part in text.split()) for text in texts]
    assert len({answer["process"] for answer in answers}) == 1, "loaded more than once"
    assert sorted(int(answer["calls"]) for answer in answers) == list(range(1, 9))


def test_a_case_that_takes_too_long_ends_its_expert_and_no_other_case(
    tmp_path: Path, start_batch: Start
) -> None:
    manifest = write_manifest(tmp_path, "hang", "look", "die", "look")
    process = start_batch(manifest, tmp_path / "out", "review_with_resident", "30")
    process.communicate(timeout=LIMIT_S)
    lines = (tmp_path / "out" / "results.jsonl").read_text().splitlines()
    results = {r["id"]: r for r in map(json.loads, lines)}
    assert "took more than 30 s" in results["c-0"]["error"]
    assert "exit code 9" in results["c-2"]["answer"]["text"]
    assert len(results) == 4


def test_a_batch_that_is_killed_leaves_no_expert(tmp_path: Path, start_batch: Start) -> None:
    begun = tmp_path / "begun"
    manifest = write_manifest(tmp_path, f"touch {begun}")
    process = start_batch(manifest, tmp_path / "out", "review_with_resident")
    wait_until(lambda: begun.exists() or process.poll() is not None, "the expert begins")
    assert begun.exists()
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(family, timeout=LIMIT_S)
    assert not alive


@pytest.mark.parametrize(
    ("expert", "printed"),
    [("other", ["begun", "ok", "('look',)"]), ("own", ["begun", "ok", "('look',)"])],
)
def test_a_script_that_begins_at_once_is_not_run_again(
    expert: str, printed: list[str], tmp_path: Path
) -> None:
    """Only an expert that is defined in it makes its process import it, and start no others."""
    script = shutil.copy(Path(__file__).with_name("script_without_guard.py"), tmp_path)
    done = subprocess.run(
        [sys.executable, script, expert], cwd=tmp_path, env=command_environment(),
        capture_output=True, text=True, check=True, timeout=LIMIT_S,
    )  # fmt: skip
    assert done.stdout.split("\n")[:-1] == printed
    assert ("begun" in done.stderr) == (expert == "own")
