"""The command line as users and other programs call it."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import EXAMPLES, ROOT, Run, command_environment

pytestmark = pytest.mark.slow

HEAVY = ("langgraph", "langchain_core", "z3", "torch", "monai", "chromadb", "gradio", "ray",
         "celpy", "jinja2", "yaml", "numpy")  # fmt: skip
KINDS = {
    "empty": b"",
    "latin1": "Größe 7 mm".encode("latin-1"),
    "utf16": "FINDINGS: Clear.".encode("utf-16"),
    "binary": bytes(range(256)),
    "huge": b"No effusion. " * 800_000,
}


@pytest.mark.parametrize("arguments", [["--help"], ["batch", "--help"], ["--version"]])
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import atexit, sys; from dxtrace.__main__ import main\n"
        f"atexit.register(lambda: print('loaded', [m for m in {HEAVY} if m in sys.modules]))\n"
        f"sys.argv[1:] = {arguments}; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env=command_environment(), cwd=ROOT,
    )  # fmt: skip
    assert done.stdout.rstrip().endswith("loaded []")


def test_a_foreign_package_of_the_same_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-m", "dxtrace", "--version"], capture_output=True, text=True,
        check=False, cwd=tmp_path, env=command_environment(),
    )  # fmt: skip
    assert done.returncode == 2
    assert f"tools: found in {tmp_path / 'tools'}" in done.stderr


def test_review_writes_trace_and_page_and_prints_results(dxtrace: Run, tmp_path: Path) -> None:
    cases = [
        EXAMPLES / "chest_ct_report.txt",
        EXAMPLES / "thyroid",
        EXAMPLES / "chest_ct_fhir.json",
    ]
    done = dxtrace("review", *cases, "--out", "out", "--json")
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["id"] for r in results] == ["chest_ct_report", "thyroid", "chest_ct_fhir"]
    for result in results:
        assert result["status"] == "answered"
        assert result["answer"]["text"]
        assert (tmp_path / "out" / result["report"]).exists()
    traces = [tmp_path / "out" / r["trace"] for r in results]
    verified = dxtrace("trace", "verify", *traces)
    assert verified.stdout.count("intact") == 3


def test_a_question_is_answered_first(dxtrace: Run) -> None:
    question = "Is there a pleural effusion?"
    report = EXAMPLES / "chest_radiograph_report.txt"
    done = dxtrace("review", report, "--question", question, "--json")
    assert json.loads(done.stdout)["answer"]["text"].startswith("Yes")


def test_reports_of_the_same_name_stay_apart(dxtrace: Run, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(EXAMPLES / "chest_ct_report.txt", tmp_path / folder / "report.txt")
    done = dxtrace("review", "a/report.txt", "b/report.txt", "--out", "out", "--json")
    ids = [json.loads(line)["id"] for line in done.stdout.splitlines()]
    assert len(set(ids)) == 2
    assert len(list((tmp_path / "out" / "reports").iterdir())) == 2


def test_bad_files_fail_with_their_reason_and_the_good_one_is_reviewed(
    dxtrace: Run, tmp_path: Path
) -> None:
    for name, content in KINDS.items():
        (tmp_path / f"{name}.txt").write_bytes(content)
    shutil.copy(EXAMPLES / "chest_ct_report.txt", tmp_path / "good.txt")
    names = [*KINDS, "good", "missing"]
    done = dxtrace("review", *[f"{name}.txt" for name in names], "--json", "--out", "out")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    results = {r["id"]: r for r in map(json.loads, done.stdout.splitlines())}
    assert set(results) == set(names)
    assert results["good"]["status"] == "answered"
    for name in {*names} - {"good"}:
        assert results[name]["status"] == "failed"
        assert f"{name}.txt" in results[name]["error"]
        assert (tmp_path / "out" / results[name]["report"]).exists()


def test_batch_gives_one_result_for_every_line_good_or_bad(dxtrace: Run, tmp_path: Path) -> None:
    good = {"id": "good", "reports": [{"text": "FINDINGS: No pleural effusion."}]}
    lines = [
        json.dumps(good),
        json.dumps(good),
        '{"id": "torn", "reports": [{"te',
        json.dumps({"id": "empty", "reports": [{"text": ""}]}),
        json.dumps({"id": "huge", "reports": [{"text": "x" * 10_000_000}]}),
        json.dumps({"id": "missing", "images": ["nowhere.dcm"]}),
        json.dumps({"id": "typo", "report": []}),
        json.dumps({"id": "unit", "observations": [{"name": "CRP", "value": 3, "unit": ""}]}),
        json.dumps({"id": "../../../etc/x", "reports": good["reports"]}),
    ]
    raw = "\n".join(lines).encode() + b"\n" + b'{"id": "latin", "question": "\xe9"}\n'
    (tmp_path / "m.jsonl").write_bytes(raw)
    done = dxtrace("batch", "m.jsonl", "--out", "out", "--workers", "2")
    assert done.returncode == 1
    results = [json.loads(x) for x in (tmp_path / "out" / "results.jsonl").open()]
    assert len(results) == len(lines) + 1
    status = {r["id"]: r["status"] for r in results}
    assert len(status) == len(results)
    assert {i for i, s in status.items() if s == "answered"} == {"good", "../../../etc/x"}
    assert all(r["error"] for r in results if r["status"] == "failed")
    written = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert all(p.is_relative_to(tmp_path / "out") or p.name == "m.jsonl" for p in written)
    again = dxtrace("batch", "m.jsonl", "--out", "out")
    assert "(0 reviewed now)" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["batch", "nowhere.jsonl", "--out", "o"], "expected a manifest"),
        (["batch", ".", "--out", "o"], "a folder"),
        (["batch", "m.jsonl"], "--out"),
        (["batch", "m.jsonl", "--out", "m.jsonl"], "--out"),
        (["batch", "m.jsonl", "--out", "o", "--engine", "slurm"], "slurm"),
        (["batch", "m.jsonl", "--out", "o", "--workers", "0"], "workers"),
        (["batch", "m.jsonl", "--out", "o", "--planner", "nobody"], "nobody"),
        (["review", "m.jsonl", "--planner", "nobody"], "nobody"),
        (["review"], "CASE"),
        (["knowledge", "show", "fleischer"], "did you mean 'fleischner'"),
        (["knowledge", "verify", "fleischer"], "did you mean 'fleischner'"),
        (["extract", "nowhere.jsonl", "--out", "f.jsonl"], "nowhere.jsonl"),
        (["extract", "m.jsonl", "--out", "m.jsonl"], "the input itself"),
        (["trace", "verify", "nowhere.json"], "nowhere.json"),
    ],
)
def test_usage_errors_end_with_two_and_one_clear_message(
    arguments: list[str], said: str, dxtrace: Run, tmp_path: Path
) -> None:
    (tmp_path / "m.jsonl").write_text('{"id": "a", "reports": [{"text": "Clear."}]}\n')
    done = dxtrace(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_ray_without_ray_is_a_usage_error(dxtrace: Run, tmp_path: Path) -> None:
    if importlib.util.find_spec("ray"):
        pytest.skip("ray is installed here")
    (tmp_path / "m.jsonl").write_text('{"id": "a", "reports": [{"text": "Clear."}]}\n')
    done = dxtrace("batch", "m.jsonl", "--out", "o", "--engine", "ray")
    assert done.returncode == 2
    assert "pip install 'dxtrace[ray]'" in done.stderr


def test_extract_streams_findings_with_true_offsets(dxtrace: Run, tmp_path: Path) -> None:
    text = "FINDINGS: No pneumothorax.\r\nSmall left pleural effusion."
    lines = [json.dumps({"id": "r1", "text": text}), "broken", json.dumps({"id": "r3"})]
    (tmp_path / "r.jsonl").write_text("\n".join(lines))
    done = dxtrace("extract", "r.jsonl", "--out", "f.jsonl")
    assert done.returncode == 1
    first, broken, without = [json.loads(x) for x in (tmp_path / "f.jsonl").open()]
    found = {(f["concept"], f["presence"]): f for f in first["findings"]}
    assert ("pneumothorax", "absent") in found
    start, end = found["pleural_effusion", "present"]["evidence"][0]["span"]
    assert "pleural effusion" in text[start:end]
    assert found["pleural_effusion", "present"]["laterality"] == "left"
    assert (broken["id"], broken["findings"]) == ("line-2", [])
    assert "expected JSON" in broken["error"]
    assert "field text" in without["error"]


def test_a_changed_trace_is_noticed_and_an_intact_one_replays(dxtrace: Run, tmp_path: Path) -> None:
    dxtrace("review", EXAMPLES / "thyroid", "--out", "out")
    trace = tmp_path / "out" / "traces" / "thyroid.json"
    replayed = dxtrace("trace", "replay", trace)
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert "TR4" in dxtrace("trace", "show", trace, "--full").stdout
    trace.write_text(trace.read_text().replace("TR4", "TR5"))
    for command in ("verify", "show", "replay"):
        done = dxtrace("trace", command, trace)
        assert done.returncode == 1
        assert "BROKEN" in done.stdout + done.stderr


def test_knowledge_is_listed_shown_and_proved(dxtrace: Run) -> None:
    assert "fleischner" in dxtrace("knowledge", "list").stdout
    shown = dxtrace("knowledge", "show", "fleischner").stdout
    assert "Table fleischner" in shown
    assert "OIFM_CDE_000195" in dxtrace("knowledge", "show", "pulmonary_nodule").stdout
    proved = dxtrace("knowledge", "verify", "icdr")
    assert (proved.returncode, "icdr: proved" in proved.stdout) == (0, True)


def test_a_pack_with_a_gap_is_refused_with_a_counter_example(dxtrace: Run, tmp_path: Path) -> None:
    folder = tmp_path / "knowledge"
    shutil.copytree(ROOT / "dxtrace" / "knowledge", folder)
    table = next((folder / "packs" / "icdr" / "tables").glob("*.yaml"))
    lines = table.read_text().splitlines()
    row = next(n for n, line in enumerate(lines) if "- {row:" in line)
    end = next((n for n in range(row + 1, len(lines)) if "- {row:" in lines[n]), len(lines))
    table.write_text("\n".join(lines[:row] + lines[end:]))
    done = dxtrace("knowledge", "verify", "icdr", "--folder", folder)
    assert done.returncode == 1
    assert "gap" in done.stdout
    assert "for example" in done.stdout


def test_experts_and_doctor_say_what_would_run(dxtrace: Run) -> None:
    assert "report_reader" in dxtrace("experts", "list").stdout
    done = dxtrace("doctor")
    assert done.returncode == 0, done.stderr
    for words in ("planner: pathway", "z3-solver", "concepts"):
        assert words in done.stdout


@pytest.mark.parametrize(("text", "said"), [("", "got nothing"), ("\n \n", "blank lines only")])
def test_an_empty_manifest_is_told(dxtrace: Run, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "m.jsonl").write_text(text, encoding="utf-8")
    done = dxtrace("batch", "m.jsonl", "--out", "out")
    assert done.returncode == 2
    assert "m.jsonl holds no case: expected one JSON object a line" in done.stderr
    assert said in done.stderr
    extracted = dxtrace("extract", "m.jsonl", "--out", "f.jsonl")
    assert extracted.returncode == 2
    assert "m.jsonl holds no report" in extracted.stderr


def test_a_pipe_that_nobody_writes_to_is_never_waited_for(dxtrace: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for arguments in (["batch", "pipe", "--out", "o"], ["extract", "pipe", "--out", "f.jsonl"],
                      ["trace", "verify", "pipe"], ["review", "pipe"]):  # fmt: skip
        done = dxtrace(*arguments)
        assert done.returncode in (1, 2)
        assert "got a named pipe" in done.stderr + done.stdout
        assert "Traceback" not in done.stderr


def test_what_an_expert_prints_is_no_part_of_the_results(tmp_path: Path) -> None:
    """A plug-in that prints and then leaves the program."""
    (tmp_path / "loud.py").write_text(
        "import os, sys\n"
        "from expert_models import ModelCard\n"
        "from tools import expert_tool\n"
        "@expert_tool(ModelCard(name='loud', produces=('*',)))\n"
        "def loud(case):\n"
        "    print('printed')\n"
        "    os.write(1, b'written')\n"
        "    sys.exit('no licence')\n"
        "from dxtrace.__main__ import main\n"
        "main()\n",
        encoding="utf-8",
    )
    report = EXAMPLES / "chest_radiograph_report.txt"
    done = subprocess.run(
        [sys.executable, "loud.py", "review", str(report), "--json"], capture_output=True,
        text=True, check=False, cwd=tmp_path, env=command_environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (loud,) = [t for t in json.loads(done.stdout)["tools"] if t["name"] == "loud"]
    assert (loud["outcome"], loud["reason"][:22]) == ("failed", "SystemExit: no licence")
    assert "printed" in done.stderr
    assert "written" in done.stderr
