"""Experts behind MCP, in a second process and an environment of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("mcp", reason="needs the extra 'mcp'")

from dxtrace.clinical import Arguments, Case, Observation, Outcome, Report
from expert_models import ModelCard
from expert_models.configured_expert import ConfiguredExpert
from expert_models.families import ExpertEntry
from expert_models.mcp_expert import session
from expert_models.mcp_expert.connection import LEASH, Connection
from tests.integration.expert_models import mcp_servers
from tests.processes import LIMIT_S, has_ended, wait_until
from tools import ArtifactStore, Tool, ToolRegistry, run_tool
from tools.configured import load_configured
from tools.phantom_case import phantom_case

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
SERVER = Path(mcp_servers.__file__)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of another environment, which sees the packages of this one."""
    folder = tmp_path_factory.mktemp("theirs")
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"no environment could be made: {made.stderr}")
    site = next(folder.glob("lib/python*/site-packages"))
    # Of an environment made in an environment, the system's packages are not ours.
    ours = [p for p in sys.path if p.endswith("site-packages")]
    (site / "ours.pth").write_text("\n".join([*ours, str(ROOT)]) + "\n", encoding="utf-8")
    return folder / "bin" / "python"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture(autouse=True)
def _no_server_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The servers that experts in this process have started end with the test."""
    opened: list[session.Connection] = []

    def connect(*how: Any) -> session.Connection:
        opened.append(Connection(*how))
        return opened[-1]

    monkeypatch.setattr(session, "Connection", connect)
    yield
    for connection in opened:
        with suppress(RuntimeError):  # it has been closed already
            connection.close()


def entry(python: Path, expert: str, **options: object) -> ExpertEntry:
    given = {"command": str(python), "args": (str(SERVER), expert), **options}
    return ExpertEntry(name="theirs", family="mcp", options=given)


def tool_of(python: Path, expert: str, **options: object) -> Tool:
    built = ConfiguredExpert(entry(python, expert, **options), Path("nowhere"))
    return Tool(built.card, built.run, origin="experts.yaml")


def here(tool: Tool) -> Tool:
    """The same expert in this process, so that a test need not start a worker for it."""
    return Tool(tool.card.model_copy(update={"isolated": False}), tool.function, tool.origin)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return phantom_case(mcp_servers.CARD, tmp_path)


def test_masks_and_findings_come_back_and_lie_where_they_should(
    python: Path, case: Case, tmp_path: Path
) -> None:
    tool = tool_of(python, "DenseSpot")
    assert (tool.card.name, tool.card.version, tool.card.isolated) == ("theirs", "2.1", True)
    run = run_tool(tool, case, store=ArtifactStore(tmp_path, "c"))
    assert run.call.outcome is Outcome.OK, run.call.reason
    (finding,) = run.findings
    assert {m.kind for m in finding.measurements} >= {"volume"}
    (mask,) = [a for a in run.artifacts if a.kind == "mask"]
    from dxtrace.intake.imaging import load_volume
    from dxtrace.reporting.mask_files import read_nifti_mask

    volume = load_volume(case.studies[0].series[0])
    assert np.array_equal(read_nifti_mask(tmp_path / mask.path)[0], volume.voxels > 300)
    assert f"prefix {python.parent.parent}" in run.call.notes


def test_the_server_is_kept_between_calls_and_learns_nothing_else(python: Path, case: Case) -> None:
    tool = here(tool_of(python, "DenseSpot"))
    first, second = (run_tool(tool, case, reuse=False).call.notes for _ in range(2))
    assert first[0] == second[0]
    assert (first[1], second[1]) == ("call 1", "call 2")
    assert first[4] == "knows ['id', 'studies']"


def test_a_server_that_was_killed_between_two_calls_is_started_again(
    python: Path, case: Case
) -> None:
    tool = here(tool_of(python, "DenseSpot"))
    first = run_tool(tool, case, reuse=False).call.notes
    server = int(first[0].removeprefix("process "))
    os.kill(server, signal.SIGKILL)
    wait_until(lambda: has_ended(server), "the server ends")
    second = run_tool(tool, case, reuse=False).call
    assert second.outcome is Outcome.OK, second.reason
    assert second.notes[0] != first[0]
    assert second.notes[1] == "call 1"


USES_A_SERVER = """
import sys
from expert_models.mcp_expert.connection import Server
from expert_models.mcp_expert.session import McpSession
session = McpSession(Server(sys.argv[1], (sys.argv[2], "Refusing")))
print(session.call("describe", {})["name"])
"""


def test_a_program_that_ends_does_not_wait_for_its_servers(python: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", USES_A_SERVER, str(python), str(SERVER)], cwd=ROOT,
        capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "theirs\n"), done.stderr
    assert "Exception ignored" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_spacing_that_is_unknown_stays_unknown(python: Path, tmp_path: Path) -> None:
    import nibabel

    case = phantom_case(mcp_servers.CARD, tmp_path)
    path = case.studies[0].series[0].images[0].path
    header = nibabel.load(path).header
    header["pixdim"][1:4], header["sform_code"], header["qform_code"] = 0, 0, 0
    with path.open("r+b") as stream:
        header.write_to(stream)
    assert "spacing None" in run_tool(here(tool_of(python, "DenseSpot")), case).call.notes


def test_reports_go_over_without_file_names_and_days(python: Path, case: Case) -> None:
    given = case.model_copy(
        update={
            "id": "doe_jane",
            "reports": (Report(text="FINDINGS: Clear.", title="doe.txt", day=date(2024, 5, 17)),),
            "observations": (Observation(name="CRP", value=Decimal(5), unit="mg/L"),),
        }
    )
    (note,) = run_tool(here(tool_of(python, "Reader")), given).call.notes
    known = json.loads(note)
    assert known["reports"] == [{"text": "FINDINGS: Clear."}]
    assert known["observations"] == [{"name": "CRP", "value": 5, "unit": "mg/L"}]
    assert known["patient"] == {"age": 60, "sex": "F"}
    assert set(known) == {"id", "reports", "observations", "patient"}
    assert "doe" not in note


def test_arguments_go_over(python: Path, case: Case) -> None:
    run = run_tool(here(tool_of(python, "Prompted")), case, Arguments(phrases=("liver",)))
    assert "asked for ('liver',)" in run.call.notes


@pytest.mark.parametrize(
    ("expert", "outcome", "reason"),
    [
        ("Refusing", Outcome.ABSTAINED, "nothing to say"),
        ("Passing", Outcome.FAILED, "tried 2 times"),
        ("Crashing", Outcome.FAILED, "ended or refused"),
        ("Raising", Outcome.FAILED, "ZeroDivisionError|failed"),
    ],
)
def test_how_a_call_can_end(
    python: Path, case: Case, expert: str, outcome: Outcome, reason: str
) -> None:
    run = run_tool(here(tool_of(python, expert)), case)
    assert run.call.outcome is outcome
    assert any(part in run.call.reason for part in reason.split("|")), run.call.reason


FINDING = {"id": "d", "concept": "pulmonary_nodule", "presence": "present"}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"findings": [{"id": "d"}]}, "finding is none: concept"),
        ({"findings": "many"}, "answer is none: findings"),
        ({"surprise": 1}, "answer is none: surprise"),
        ({"masks": [{"name": "m", "path": "/etc/hostname"}]}, "in the folder that was given"),
        ({"masks": [{"name": "m", "path": "OUT/../0/image.nii"}]}, "in the folder that was given"),
        ({"masks": [{"name": "m", "path": "OUT/none.nii"}]}, "in the folder that was given"),
        ({"masks": [{"name": "m", "path": "OUT/empty.nii"}]}, "expected NIfTI"),
        ({"masks": [{"name": "m", "path": "OUT/empty.nii", "series": "x"}]}, "expected a series"),
        ({"findings": [{**FINDING, "concept": "cardiomegaly"}]}, "card does not name"),
    ],
)
def test_an_answer_that_is_none_fails_the_call(
    python: Path, case: Case, answer: dict[str, object], reason: str
) -> None:
    tool = here(tool_of(python, "Lying", env={"ANSWER": json.dumps(answer)}))
    run = run_tool(tool, case)
    assert run.call.outcome is Outcome.FAILED
    assert reason in run.call.reason


def test_a_server_that_hangs_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    hang = f"import os, time; open({str(file)!r}, 'w').write(f'{{os.getpid()}} '); time.sleep(3600)"
    start = (
        "import subprocess, sys, time;"
        f"subprocess.Popen([sys.executable, {str(LEASH)!r}, sys.executable, '-c', {hang!r}],"
        "start_new_session=True); time.sleep(3600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", start])
    server = None
    try:
        wait_until(lambda: file.exists() and file.read_text().endswith(" "), "the server starts")
        server = int(file.read_text())
        assert not has_ended(server)
        parent.kill()
        parent.wait()
        wait_until(lambda: has_ended(server), "the server ends")
    finally:
        parent.kill()
        if server is not None:
            with suppress(ProcessLookupError):
                os.kill(server, signal.SIGKILL)


def test_a_command_that_is_not_there_is_said(home: Path, python: Path) -> None:
    listed = [
        {"name": "gone", "family": "mcp", "options": {"command": str(home / "no_python")}},
        {
            "name": "silent",
            "family": "mcp",
            "options": {"command": str(python), "args": ["-c", ""]},
        },
        {"name": "odd", "family": "mcp", "options": {"args": []}},
    ]
    (home / "experts.yaml").write_text(json.dumps({"experts": listed}), encoding="utf-8")
    os.environ["DXTRACE_EXPERTS"] = str(home / "experts.yaml")
    try:
        registry = ToolRegistry()
        load_configured(registry)
    finally:
        del os.environ["DXTRACE_EXPERTS"]
    assert set(registry.problems) == {"gone", "silent", "odd"}
    assert "server" in registry.problems["gone"]
    assert "options.command" in registry.problems["odd"]


def test_a_card_in_the_entry_starts_no_server(home: Path) -> None:
    card = {**mcp_servers.CARD.model_dump(mode="json"), "name": "ignored"}
    tool = tool_of(home / "no_python", "DenseSpot", card=card)
    assert tool.card.name == "theirs"
    run = run_tool(here(tool), phantom_case(mcp_servers.CARD, home))
    assert run.call.outcome is Outcome.FAILED


def test_a_server_with_another_card_than_the_one_remembered_is_not_used(
    python: Path, case: Case, home: Path
) -> None:
    tool_of(python, "DenseSpot")
    (memory,) = (home / "cache" / "dxtrace" / "mcp_cards").iterdir()
    changed = ModelCard.model_validate_json(memory.read_text()).model_copy(
        update={"version": "1.0"}
    )
    memory.write_text(changed.model_dump_json(), encoding="utf-8")
    run = run_tool(here(tool_of(python, "DenseSpot")), case)
    assert run.call.outcome is Outcome.ABSTAINED
    assert "another card" in run.call.reason
