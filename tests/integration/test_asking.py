"""Questions from the command line: at a terminal, from a script, and after a kill."""

import codecs
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import Run, command_environment
from tests.processes import LIMIT_S

pytestmark = pytest.mark.slow

REPORT = "FINDINGS: CT chest. There is a 7 mm solid nodule in the right upper lobe.\n"
QUESTION = "What follow-up does the Fleischner Society recommend?"
DECIDED = "CT_6_12M_THEN_18_24M"
PROMPT = "Enter if unknown: "


class Terminal:
    """A command with a person at its terminal."""

    def __init__(self, *arguments: str, cwd: Path) -> None:
        self._end, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dxtrace", *arguments], stdin=theirs, stderr=theirs,
            stdout=subprocess.PIPE, cwd=cwd, env={**command_environment(), "TERM": "dumb"},
        )  # fmt: skip
        os.close(theirs)
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a read may end in a letter
        self.seen = ""

    def wait_for(self, words: str) -> str:
        """What has appeared up to the words, and nothing after them."""
        while words not in self.seen:
            ready, _, _ = select.select([self._end], [], [], LIMIT_S)
            assert ready, f"nothing more came after: {self.seen}"
            self.seen += self._decoder.decode(os.read(self._end, 4096))
        before, _, self.seen = self.seen.partition(words)
        return before

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._end, f"{line}\n".encode())

    def output(self) -> str:
        """Standard output, once the command has ended."""
        printed, _ = self.process.communicate(timeout=LIMIT_S)
        return printed.decode()


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "nodule.txt"
    path.write_text(REPORT, encoding="utf-8")
    return path


def asking(report: Path) -> list[str]:
    return ["review", report.name, "--interactive", "--out", "out", "--question", QUESTION]


def recommendation(printed: str) -> object:
    result = json.loads(printed)
    (found,) = [c for c in result["answer"]["conclusions"]
                if c["concept"] == "fleischner.recommendation"]  # fmt: skip
    return found["value"]


def test_a_person_is_asked_refused_and_answered(report: Path) -> None:
    terminal = Terminal(*asking(report), "--json", cwd=report.parent)
    asked = terminal.wait_for(PROMPT)
    assert "Risk of lung cancer (low or high)?" in asked
    terminal.type("middling")
    assert "expected one of" in terminal.wait_for(PROMPT)
    terminal.type("high")
    assert "Age of the patient, in years?" in terminal.wait_for(PROMPT)
    terminal.type("-3")
    assert "expected a number from 0 to 130" in terminal.wait_for(PROMPT)
    terminal.type("60")
    printed = terminal.output()
    assert terminal.process.returncode == 0
    assert recommendation(printed) == DECIDED


def test_who_does_not_know_presses_enter(report: Path) -> None:
    terminal = Terminal(*asking(report), "--json", cwd=report.parent)
    asked = []
    while terminal.process.poll() is None:
        try:
            asked.append(terminal.wait_for(PROMPT))
        except OSError:  # the terminal is closed: the command has ended
            break
        terminal.type("")
    assert recommendation(terminal.output()) is None
    assert len(asked) >= 2


def test_a_session_outlives_a_kill(report: Path, dxtrace: Run) -> None:
    terminal = Terminal(*asking(report), cwd=report.parent)
    terminal.wait_for(PROMPT)
    terminal.type("high")
    terminal.wait_for(PROMPT)
    terminal.process.send_signal(signal.SIGKILL)
    terminal.output()
    resumed = dxtrace("review", "--resume", "nodule", "--answer", "60", "--out", "out", "--json")
    assert resumed.returncode == 0, resumed.stderr
    assert recommendation(resumed.stdout) == DECIDED
    again = dxtrace("review", "--resume", "nodule", "--answer", "60", "--out", "out")
    assert again.returncode == 2
    assert "has ended: it waits for nothing" in again.stderr


def test_a_script_answers_by_fact_now_or_later(report: Path, dxtrace: Run) -> None:
    waiting = dxtrace(*asking(report), "--json")
    assert waiting.returncode == 1
    result = json.loads(waiting.stdout)
    assert (result["status"], result["question"][:4]) == ("needs_input", "Risk")
    assert "--resume nodule --answer lung_cancer_risk.level=VALUE --out out" in waiting.stderr
    answers = ["--answer", "patient.age=60", "--answer", "lung_cancer_risk.level=high"]
    done = dxtrace("review", "--resume", "nodule", *answers, "--out", "out", "--json")
    assert recommendation(done.stdout) == DECIDED
    at_once = dxtrace(*asking(report)[:2], "--question", QUESTION, *answers, "--out", "o", "--json")
    assert recommendation(at_once.stdout) == DECIDED


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--resume", "nodule"], "--resume needs --out"),
        (["--resume", "nodule", "--out", "new"], "there are no sessions in"),
        ([], "expected CASE, the case to review, or --resume"),
        (["nodule.txt", "--interactive"], "without a terminal needs --out"),
        (["nodule.txt", "--resume", "x", "--out", "new"], "expected CASE, the case to review, or"),
    ],
)
def test_arguments_that_do_not_fit_are_told(
    report: Path, dxtrace: Run, arguments: list[str], said: str
) -> None:
    assert report.exists()
    done = dxtrace("review", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_answer_that_is_none_leaves_the_session_waiting(report: Path, dxtrace: Run) -> None:
    dxtrace(*asking(report))
    refused = dxtrace("review", "--resume", "nodule", "--answer", "middling", "--out", "out")
    assert refused.returncode == 2
    assert "expected one of" in refused.stderr
    still = dxtrace("review", "--resume", "nodule", "--out", "out", "--json")
    assert json.loads(still.stdout)["question"].startswith("Risk")


def test_a_second_review_of_a_case_into_the_same_folder_is_refused(
    report: Path, dxtrace: Run
) -> None:
    terminal = Terminal(*asking(report), cwd=report.parent)
    terminal.wait_for(PROMPT)
    second = dxtrace("review", report.name, "--out", "out")
    assert second.returncode == 2
    assert "another review of nodule is writing to out: wait for it" in second.stderr
    other = shutil.copy(report, report.with_name("other.txt"))
    assert dxtrace("review", other, "--out", "out").returncode == 0
    terminal.process.send_signal(signal.SIGKILL)
    terminal.output()
    assert dxtrace("review", report.name, "--out", "out").returncode == 0


def test_a_case_that_has_answered_is_asked_further_and_corrected(
    dxtrace: Run, tmp_path: Path
) -> None:
    (tmp_path / "n.txt").write_text(
        "EXAM: CT chest. FINDINGS: Solid nodule of 7 mm in the right upper lobe. No effusion."
    )
    kept = ("--out", "out", "--json")
    first = json.loads(
        dxtrace(
            "review", "n.txt", "--interactive", "--question", "Is there a nodule?", *kept
        ).stdout
    )
    nodule = next(f["id"] for f in first["findings"] if f["concept"] == "pulmonary_nodule")
    asked = dxtrace("review", "--resume", "n", "--question", "Is there a pleural effusion?", *kept)
    assert json.loads(asked.stdout)["answer"]["text"].startswith("No")
    corrected = dxtrace("review", "--resume", "n", "--correct", f"{nodule}=absent", *kept)
    result = json.loads(corrected.stdout)
    assert [c["now"] for c in result["changes"]] == ["absent"]
    assert "does not hold any more" in (tmp_path / "out" / "reports" / "n.html").read_text()
    assert dxtrace("trace", "replay", "out/traces/n.json").returncode == 0
    wrong = dxtrace("review", "--resume", "n", "--correct", "f99=absent", *kept)
    assert wrong.returncode == 2
    assert "there is no finding 'f99'" in wrong.stderr
