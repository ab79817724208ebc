"""Every command of ``docs/similar-cases.md`` works, in its order."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from dxtrace.__main__ import main
from tests.integration.conftest import ROOT, Run
from tests.unit.retrieval.cases.small_cases import WordEmbedder
from tools.similar_cases import collection

pytestmark = pytest.mark.slow
PAGE = (ROOT / "docs" / "similar-cases.md").read_text(encoding="utf-8")
ELSEWHERE = ("cases add indiana", "cases add --pacs")
"""Minutes of one core; and a server of its own, in test_pacs.py."""
EFFUSION = "FINDINGS: {} left pleural effusion. IMPRESSION: Pleural effusion, likely pneumonia."


def commands() -> list[list[str]]:
    (block,) = re.findall(r"(?ms)^```\n(dxtrace cases.*?)^```", PAGE)
    lines = [line for line in block.splitlines() if not any(e in line for e in ELSEWHERE)]
    return [shlex.split(line, comments=True) for line in lines]


def write_what_they_name(folder: Path, dxtrace: Run) -> None:
    (folder / "report.txt").write_text("FINDINGS: Large left pleural effusion.")
    (folder / "FOLDER").mkdir()
    (folder / "FOLDER" / "one.txt").write_text(EFFUSION.format("Tiny"))
    sizes = {"indiana-7": "Small", "indiana-12": "Moderate"}
    with (folder / "MANIFEST.jsonl").open("w") as manifest:
        for name, size in sizes.items():
            line = {"id": name, "reports": [{"text": EFFUSION.format(size)}]}
            manifest.write(json.dumps(line) + "\n")
    with (folder / "other.jsonl").open("w") as manifest:
        manifest.write(json.dumps({"id": "b", "reports": [{"text": EFFUSION.format("Huge")}]}))
    assert dxtrace("batch", "other.jsonl", "--out", "OUT", "--workers", "1").returncode == 0


def test_the_commands_of_the_page_work(
    dxtrace: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_what_they_name(tmp_path, dxtrace)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DXTRACE_CASES", str(tmp_path / "index"))
    monkeypatch.setattr(collection, "configured_embedder", WordEmbedder)
    said: dict[str, str] = {}
    for command in commands():
        assert command[0] == "dxtrace"
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        assert not end.value.code, (command, captured.err)
        said[" ".join(command[2:])] = captured.out
    assert "4 cases" in said["list"]
    assert "Differential by analogy" in said["search report.txt --differential"]
    assert "likeness" in said["search report.txt --top 5"]
    assert "image -" in said["search report.txt --top 5"]
    assert "IMPRESSION:" in said["exemplars report.txt --count 4 --budget 4000"]
    assert "Moderate left" in said["show indiana-12"]
    link = re.search(r"file://\S+", said["search indiana-7"])
    assert link is not None
    assert Path(link[0].removeprefix("file://")).is_file()
