"""The page about training: its commands and its example run."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import EXAMPLES, ROOT, Run, command_environment

pytestmark = pytest.mark.slow
PAGE = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
STUB = '''
"""Calls the reward as TRL's trainer does, with answers of its own in the place of a model's."""
class GRPOConfig:
    def __init__(self, **fields):
        self.fields = fields

class GRPOTrainer:
    def __init__(self, *, model, reward_funcs, args, train_dataset):
        self.reward, self.rows = reward_funcs, list(train_dataset)

    def train(self):
        keys = [k for k in self.rows[0] if k != "prompt"]
        for answer in ("", "There is a pneumothorax."):
            said = [[{"role": "assistant", "content": answer}] for _ in self.rows]
            columns = {k: [r[k] for r in self.rows] for k in keys}
            scores = self.reward(
                prompts=[r["prompt"] for r in self.rows], completions=said,
                completion_ids=[[0]] * len(said), trainer_state=None,
                log_extra=lambda *a: None, log_metric=lambda *a: None, **columns,
            )
            print("SCORES", len(scores), all(-1 <= s <= 1 for s in scores))
'''


def block(language: str) -> str:
    (found,) = re.findall(rf"(?ms)^```{language}\n(.*?)^```", PAGE)
    return str(found)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the page's commands have run."""
    folder = tmp_path_factory.mktemp("training")
    shutil.copytree(EXAMPLES, folder / "examples")
    for line in block("sh").splitlines():
        _, *arguments = shlex.split(line)
        done = subprocess.run(
            [sys.executable, "-m", "dxtrace", *arguments], capture_output=True, text=True,
            check=False, cwd=folder, env=command_environment(),
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stdout, done.stderr)
    return folder


def test_the_commands_of_the_page_leave_data(exported: Path) -> None:
    for form, column in (("sft", "messages"), ("dpo", "rejected"), ("grpo", "findings")):
        lines = (exported / f"{form}.jsonl").read_text(encoding="utf-8").splitlines()
        assert len(lines) >= 5
        assert all(column in json.loads(line) for line in lines)


def test_the_example_of_the_page_runs_with_a_trainer_in_its_place(exported: Path) -> None:
    pytest.importorskip("datasets", reason="datasets is not installed")
    (exported / "trl.py").write_text(STUB, encoding="utf-8")
    script = exported / "train.py"
    script.write_text(block("python"), encoding="utf-8")
    environment = {**command_environment(), "HF_HOME": str(exported / "hf")}
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, cwd=exported,
        env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("SCORES 5 True") == 2


def test_weights_of_the_page_are_taken(exported: Path, dxtrace: Run) -> None:
    weights = exported / "weights.yaml"
    weights.write_text(block("yaml"), encoding="utf-8")
    trace = exported / "reviewed" / "traces" / "marrow.json"
    done = dxtrace("trace", "reward", trace, "--weights", weights, "--json")
    assert done.returncode == 0
    assert -1 <= json.loads(done.stdout)["total"] <= 1
    weights.write_text("statements: {lies: {worth: 1, why: no}}", encoding="utf-8")
    refused = dxtrace("trace", "reward", trace, "--weights", weights)
    assert refused.returncode == 2
    assert "'lies'" in refused.stderr


def test_a_broken_trace_is_said_and_the_others_go_on(
    exported: Path, dxtrace: Run, tmp_path: Path
) -> None:
    traces = exported / "reviewed" / "traces"
    (tmp_path / "forged.json").write_text(
        (traces / "marrow.json").read_text(encoding="utf-8").replace("22", "2"), encoding="utf-8"
    )
    sources = (tmp_path / "forged.json", traces / "retina.json")
    done = dxtrace("trace", "export", "--format", "sft", "--out", "out.jsonl", *sources)
    assert done.returncode == 1
    assert "forged.json: left out" in done.stderr
    assert len((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()) == 1
    scored = dxtrace("trace", "reward", *sources)
    assert scored.returncode == 1
    assert "retina.json: reward" in scored.stdout


def test_a_folder_that_is_not_there_is_a_usage_error(exported: Path, dxtrace: Run) -> None:
    traces = exported / "reviewed" / "traces"
    done = dxtrace("trace", "export", "--format", "sft", "--out", "no/where.jsonl", traces)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
