"""Experts from another distribution: installed for real, found, called, and checked."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "tests" / "plugin_package"
SCRIPT = """
import json, sys
from dxtrace.clinical import Case, Report
from graphs import review
from graphs.workbench import default_workbench

registry = default_workbench().registry
reviews = []
for text, question in json.load(sys.stdin):
    case = Case(id="c", reports=(Report(text=text),), question=question)
    reviews.append(review(case).to_json_object())
tools = {t.card.name: [t.origin, t.card.version] for t in registry}
print(json.dumps({"tools": tools, "problems": registry.problems, "reviews": reviews}))
"""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package installed, without a network."""
    folder = tmp_path_factory.mktemp("site")
    copy = folder / "source"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    installed = folder / "installed"
    attempts = [
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"],
        ["uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--python", sys.executable],
    ]
    reasons = []
    for command in attempts:
        if shutil.which(command[0]) is None:
            continue
        run = subprocess.run(
            [*command, "--target", str(installed), str(copy)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if run.returncode == 0:
            return installed
        reasons.append(run.stderr.strip())
    pytest.skip(f"neither pip nor uv could install: {reasons}")


def reviewed(target: Path, *cases: tuple[str, str | None]) -> dict[str, Any]:
    """Review cases in a process that has the package."""
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=json.dumps(cases), capture_output=True, text=True,
        check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(target)])},
    )  # fmt: skip
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_installed_experts_are_found_called_and_checked(target: Path) -> None:
    cases = (
        ("FINDINGS: The heart is enlarged.", "Is there a right pleural effusion?"),
        ("FINDINGS: The heart is enlarged.", "Is there a left pleural effusion?"),
        ("FINDINGS: The heart is enlarged.", "Is there a pneumothorax?"),
        ("FINDINGS: No pleural effusion.", "Is there a pleural effusion?"),
        ("FINDINGS: No pleural effusion.", None),
    )
    found = reviewed(target, *cases)
    assert found["tools"]["effusion_expert"] == ["dxtrace-test-experts", "1.2.3"]
    assert found["tools"]["gas_function"] == ["dxtrace-test-experts", "0.1"]
    right, left, gas, denied, everything = found["reviews"]

    assert [t["outcome"] for t in right["tools"] if t["name"] == "effusion_expert"] == ["ok"]
    assert right["answer"]["text"].startswith("Yes")
    assert "effusion-c" in {b for c in right["answer"]["conclusions"] for b in c["because"]}
    assert left["answer"]["text"].startswith("No")
    assert gas["answer"]["text"].startswith("No")
    assert not [t for t in gas["tools"] if t["name"] == "effusion_expert"]  # nobody asked for it

    # The report is more reliable than an expert, and the disagreement is told.
    assert denied["answer"]["text"].startswith("No")
    (contradiction,) = everything["contradictions"]
    assert contradiction["source"] == "tool"
    assert "effusion-c" not in contradiction["preferred"]


IMAGE_SCRIPT = """
import json, sys
from pathlib import Path
from dxtrace.clinical import Case
from graphs import review_with_trace
from graphs.workbench import default_workbench
from tools import ArtifactStore
from tools.phantom_case import phantom_case

tool = default_workbench().registry.get("dense_part")
case = phantom_case(tool.card, Path(sys.argv[1]))
case = case.model_copy(update={
    "question": "What follow-up does the Fleischner Society recommend?",
    "patient": case.patient.model_copy(update={"risk_factors": ("smoking",)}),
})
store = ArtifactStore(Path(sys.argv[1]) / "out", case.id)
print(json.dumps(review_with_trace(case, store=store).result.to_json_object()))
"""


def test_an_expert_on_images_is_used_by_the_pathway_that_needs_its_concept(
    target: Path, tmp_path: Path
) -> None:
    run = subprocess.run(
        [sys.executable, "-c", IMAGE_SCRIPT, str(tmp_path)], stdout=subprocess.PIPE, text=True,
        check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(target)])},
    )  # fmt: skip
    found = json.loads(run.stdout)
    assert [t["outcome"] for t in found["tools"] if t["name"] == "dense_part"] == ["ok"]
    (nodule,) = [f for f in found["findings"] if f["id"].startswith("dense-1")]
    assert nodule["evidence"][0]["tool"] == "dense_part"
    assert (tmp_path / "out" / nodule["evidence"][0]["artifact"]).is_file()
    size = nodule["measurement"]
    assert size["low"] <= 12 <= size["high"]  # the phantom's nodule, in mm
    conclusions = {c["concept"]: c for c in found["answer"]["conclusions"]}
    assert conclusions["fleischner.recommendation"]["verdict"] == "entailed"
    assert nodule["id"] in conclusions["fleischner.recommendation"]["because"]


def test_what_is_broken_is_reported_and_stops_nothing(target: Path) -> None:
    found = reviewed(target)
    problems = found["problems"]
    assert set(problems) == {"broken_on_import", "not_an_expert", "takes_a_known_name"}
    assert "a_library_that_nobody_has" in problems["broken_on_import"]
    assert "expected an ExpertModel" in problems["not_an_expert"]
    assert "already registered" in problems["takes_a_known_name"]
    assert found["tools"]["report_reader"][0] == "built-in"


def test_the_command_line_lists_them(target: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "dxtrace", "experts", "list"], capture_output=True, text=True,
        check=False, cwd=target,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(target)])},
    )  # fmt: skip
    assert "effusion_expert" in run.stdout
    assert "a_library_that_nobody_has" in run.stdout + run.stderr
