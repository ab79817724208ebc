"""No room: one clear line, exit status 2, and nothing lost that was finished."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import EXAMPLES, command_environment

pytestmark = pytest.mark.slow

REPORT = EXAMPLES / "chest_radiograph_report.txt"


def run(*arguments: object, largest_file: int, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """A command that can write no file larger than so many bytes, as on a full disk."""
    return subprocess.run(
        [sys.executable, "-m", "dxtrace", *map(str, arguments)], capture_output=True, text=True,
        check=False, cwd=cwd, env={**command_environment(), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file,) * 2),
    )  # fmt: skip


def test_a_review_prints_its_result_and_says_that_it_cannot_be_written(tmp_path: Path) -> None:
    done = run("review", REPORT, "--out", "out", "--json", largest_file=2000, cwd=tmp_path)
    assert done.returncode == 2
    result = json.loads(done.stdout)
    assert (result["status"], result["trace"]) == ("answered", None)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("dxtrace: cannot write to --out out: File too large")
    assert last.endswith("is printed, without its trace and report")
    assert "Traceback" not in done.stderr
    left = {p.name for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert left == {".lock", ".reviewing"}, "what keeps other runs out, and nothing half written"


def test_a_batch_keeps_what_is_finished_and_goes_on(tmp_path: Path) -> None:
    text = REPORT.read_text(encoding="utf-8")
    lines = [json.dumps({"id": f"c{n}", "reports": [{"text": text}]}) for n in range(12)]
    (tmp_path / "m.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    arguments = ("batch", "m.jsonl", "--out", "out", "--workers", "1")
    stopped = run(*arguments, largest_file=60_000, cwd=tmp_path)
    assert stopped.returncode == 2
    assert "cannot write to --out out: File too large; every finished case is in" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    kept = (tmp_path / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert 0 < len(kept) < 12
    assert all(json.loads(line)["status"] == "answered" for line in kept)
    done = run(*arguments, largest_file=100_000_000, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"({12 - len(kept)} reviewed now)" in done.stdout


def test_findings_that_do_not_fit_are_told(tmp_path: Path) -> None:
    line = json.dumps({"id": "a", "text": REPORT.read_text(encoding="utf-8")})
    (tmp_path / "r.jsonl").write_text(f"{line}\n" * 1, encoding="utf-8")
    done = run("extract", "r.jsonl", "--out", "f.jsonl", largest_file=500, cwd=tmp_path)
    assert done.returncode == 2
    assert "cannot write f.jsonl: File too large" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_results_that_cannot_be_printed_are_told(tmp_path: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "dxtrace", "review", str(REPORT)], stdout=full,
            stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path, env=command_environment(),
        )  # fmt: skip
    assert done.returncode == 2
    assert "dxtrace: cannot write: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
