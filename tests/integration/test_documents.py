"""The documents: every command and every example in them runs."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import EXAMPLES, ROOT, Run, command_environment

pytestmark = pytest.mark.slow
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def code_blocks(language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```", README)


def test_every_dxtrace_command_of_the_readme_works(dxtrace: Run, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    lines = "".join(code_blocks("sh")).splitlines()
    commands = [shlex.split(line, comments=True) for line in lines]
    ours = [words[1:] for words in commands if words and words[0] == "dxtrace"]
    assert len(ours) >= 8
    for arguments in ours:
        done = dxtrace(*arguments)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    assert (tmp_path / "results" / "mine" / "reports" / "chest_ct_report.html").exists()
    assert (tmp_path / "results" / "examples" / "summary.html").exists()


def test_the_python_example_of_the_readme_works(tmp_path: Path) -> None:
    (example,) = code_blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", example], capture_output=True, text=True, check=False,
        cwd=tmp_path, env=command_environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Fleischner" in done.stdout


def test_the_examples_give_what_their_authors_mean(dxtrace: Run, tmp_path: Path) -> None:
    dxtrace("batch", EXAMPLES / "manifest.jsonl", "--out", "out", "--workers", "2")
    results = {r["id"]: r for r in map(json.loads, (tmp_path / "out" / "results.jsonl").open())}
    values = {
        (id_, c["concept"]): c["value"]
        for id_, result in results.items()
        for c in result["answer"]["conclusions"]
    }
    assert values["lung-screening", "lung_rads.category"] == "2"
    assert values["thyroid-ultrasound", "ti_rads.level"] == "TR5"
    assert values["liver-mri", "li_rads.category"] == "LR-5"
    assert values["retina", "icdr.grade"] == "mild"
    assert values["marrow", "marrow.conclusion"] == "ACUTE_LEUKAEMIA"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_of_the_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [(["--help"], 0, "python3 run.py test"), (["nonsense"], 2, "usage")],
)
def test_the_set_up_script_explains_itself(arguments: list[str], status: int, said: str) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "run.py", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == status
    assert said in done.stdout


def test_the_set_up_script_says_when_nothing_can_be_installed(tmp_path: Path) -> None:
    for name in ("run.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    offline = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_"))},
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = subprocess.run(
        [sys.executable, tmp_path / "run.py", "setup"], capture_output=True, text=True,
        check=False, env=offline, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 2
    assert "installing failed; pip's message is above" in done.stderr
    assert "Traceback" not in done.stderr
