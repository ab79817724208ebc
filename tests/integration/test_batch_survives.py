"""A batch that is killed, interrupted, started twice or given deadly cases."""

import contextlib
import hashlib
import json
import random
import signal
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.integration.conftest import Start
from tests.processes import LIMIT_S

pytestmark = pytest.mark.slow


def write_manifest(folder: Path, questions: list[str | None]) -> Path:
    path = folder / "manifest.jsonl"
    lines = [
        {"id": f"c-{n}", "question": question, "reports": [{"text": "FINDINGS: Clear."}]}
        for n, question in enumerate(questions)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def read_results(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


def finish(process: "subprocess.Popen[str]") -> str:
    _, errors = process.communicate(timeout=LIMIT_S)
    return errors


def wait_until_reviewing(process: "subprocess.Popen[str]") -> None:
    """Progress is printed once the output folder is locked and the workers are being started."""
    assert process.stderr is not None
    assert process.stderr.readline().startswith("reviewed: ")


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_moments_it_ends_with_one_result_a_case(
    seed: int, tmp_path: Path, start_batch: Start
) -> None:
    count = 400
    manifest = write_manifest(tmp_path, [None] * count)
    out = tmp_path / "out"
    moments = random.Random(seed)  # noqa: S311 - not for secrets
    workers: list[psutil.Process] = []
    for _ in range(4):
        process = start_batch(manifest, out, "review_slowly")
        wait_until_reviewing(process)
        try:
            process.wait(timeout=moments.uniform(0.5, 5))
        except subprocess.TimeoutExpired:
            workers += psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGKILL)
            process.wait()
    last = start_batch(manifest, out, "review_slowly")
    finish(last)
    assert last.returncode == 0
    results = read_results(out)
    assert sorted(r["id"] for r in results) == sorted(f"c-{n}" for n in range(count))
    for result in results:
        assert json.loads((out / result["trace"]).read_text())["case_id"] == result["id"]
        assert (out / result["report"]).read_text().endswith("</html>")
    assert json.loads((out / "summary.json").read_text())["cases"] == count
    assert not list(out.rglob("*.part"))
    _, alive = psutil.wait_procs(workers, timeout=LIMIT_S)
    assert not alive, "workers outlived the process that started them"


def test_killed_while_masks_are_written_it_ends_with_whole_ones(
    tmp_path: Path, start_batch: Start
) -> None:
    manifest = write_manifest(tmp_path, [None] * 150)
    out = tmp_path / "out"
    moments = random.Random(7)  # noqa: S311 - not for secrets
    for _ in range(3):
        process = start_batch(manifest, out, "review_with_masks")
        wait_until_reviewing(process)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=moments.uniform(0.5, 5))
        process.send_signal(signal.SIGKILL)
        process.wait()
    last = start_batch(manifest, out, "review_with_masks")
    finish(last)
    assert last.returncode == 0
    results = read_results(out)
    assert len(results) == 150
    named = {a["path"]: a["sha256"] for r in results for a in r["artifacts"]}
    found = {
        str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in (out / "masks").rglob("*")
        if p.is_file()
    }
    assert found == named


def test_deadly_cases_fail_alone(tmp_path: Path, start_batch: Start) -> None:
    deadly = ["segfault", "exit", "raise", "hang"]
    manifest = write_manifest(tmp_path, [None, *deadly, None, None])
    out = tmp_path / "out"
    process = start_batch(manifest, out, "review", "5")
    finish(process)
    assert process.returncode == 1
    errors = {r["id"]: r["error"] for r in read_results(out)}
    assert errors.pop("c-1") == "the worker process was killed by SIGSEGV"
    assert errors.pop("c-2") == "the worker process ended with status 3"
    assert errors.pop("c-3") == "internal error, RuntimeError: planted"
    assert "took more than 5 s" in errors.pop("c-4")
    assert errors == {"c-0": None, "c-5": None, "c-6": None}


def test_a_second_run_into_the_same_folder_is_refused(tmp_path: Path, start_batch: Start) -> None:
    go_on = tmp_path / "go_on"
    manifest = write_manifest(tmp_path, [None, f"until {go_on}", None])
    out = tmp_path / "out"
    first = start_batch(manifest, out, "review", str(LIMIT_S))
    wait_until_reviewing(first)
    second = start_batch(manifest, out, "review")
    assert f"another run (process {first.pid}) is writing to" in finish(second)
    go_on.touch()
    finish(first)
    assert first.returncode == 0
    assert len(read_results(out)) == 3


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_says_how_to_go_on_and_does(
    stop: signal.Signals, tmp_path: Path, start_batch: Start
) -> None:
    manifest = write_manifest(tmp_path, ["hang"])
    out = tmp_path / "out"
    process = start_batch(manifest, out, "review")
    wait_until_reviewing(process)
    process.send_signal(stop)
    assert "The same command goes on from there" in finish(process)
    assert process.returncode == 130
    again = start_batch(manifest, out, "review", "1")
    finish(again)
    assert len(read_results(out)) == 1


def test_a_changed_manifest_is_noticed(tmp_path: Path, start_batch: Start) -> None:
    manifest = write_manifest(tmp_path, [None] * 3)
    out = tmp_path / "out"
    finish(start_batch(manifest, out, "review"))
    grown = write_manifest(tmp_path, [None] * 4)
    finish(start_batch(grown, out, "review"))
    assert len(read_results(out)) == 4
    changed = write_manifest(tmp_path, [None, "another question", None])
    refused = start_batch(changed, out, "review")
    assert "2 case(s) whose manifest line has changed or is gone since (c-1, c-3)" in finish(
        refused
    )
    assert len(read_results(out)) == 4
    accepted = start_batch(changed, out, "review", "--accept-changes")
    finish(accepted)
    assert accepted.returncode == 0
    assert sorted(r["id"] for r in read_results(out)) == ["c-0", "c-1", "c-2"]


def test_failed_cases_run_again_only_on_request(tmp_path: Path, start_batch: Start) -> None:
    manifest = write_manifest(tmp_path, [None, "raise"])
    out = tmp_path / "out"
    for flags, reviewed_now in (((), 2), ((), 0), (("--retry-failed",), 1)):
        process = start_batch(manifest, out, "review", *flags)
        printed, _ = process.communicate(timeout=LIMIT_S)
        assert f"({reviewed_now} reviewed now)" in printed
        assert process.returncode == 1
        assert len(read_results(out)) == 2
