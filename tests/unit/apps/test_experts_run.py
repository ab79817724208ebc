"""``dxtrace experts run``: one call, from the words of a command to what is printed."""

import json
from pathlib import Path
from typing import Any

import pytest

from apps.commands import experts_run
from apps.commands.experts_run import RunRequest, run_expert
from apps.exit_status import ExitStatus, UsageError
from dxtrace.clinical import Arguments, Box, Case, Finding, Measurement, Point, Presence, Source
from expert_models import ModelCard
from tools import Tool

SEEN: list[Arguments] = []


def pass_on(case: Case, arguments: Arguments) -> list[Finding]:
    """What the person who asks has named, as that person's word."""
    return [
        Finding(id=case.id, concept=name, presence=Presence.PRESENT, source=Source.USER)
        for name in arguments.classes
    ]


def list_nothing(_: Case) -> list[Finding]:
    """No findings."""
    return []


def look(case: Case, arguments: Arguments) -> list[Finding]:
    """A finding with a size."""
    SEEN.append(arguments)
    size = Measurement(kind="mean_diameter", value=8, low=7, high=9, unit="mm")
    found = Finding(id=case.id, concept="pulmonary_nodule", presence=Presence.PRESENT)
    return [found.model_copy(update={"location": "right upper lobe", "measurements": (size,)})]


@pytest.fixture(autouse=True)
def _one_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    SEEN.clear()
    card = ModelCard(
        name="looker", accepts=("report",), produces=("pulmonary_nodule",),
        prompts=("points", "boxes", "phrases"), arguments=("nodule",),
    )  # fmt: skip
    monkeypatch.setattr(experts_run, "find_tool", lambda _: Tool(card, look, "somebody"))


@pytest.fixture
def case(tmp_path: Path) -> Path:
    path = tmp_path / "c-7.txt"
    path.write_text("FINDINGS: A nodule.")
    return path


def test_words_become_arguments_and_findings_words(
    case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = RunRequest(
        "looker", case, classes=("nodule",), phrases=("a nodule",), series="s-1",
        points=("12,200,310", "3, 4, out"), boxes=("1,2,3:4,5,6",),
    )  # fmt: skip
    given = experts_run._arguments(request)  # noqa: SLF001 - series need images to be checked
    assert given.points == (
        Point(at=(12, 200, 310), series="s-1"),
        Point(at=(3, 4), inside=False, series="s-1"),
    )
    assert given.boxes == (Box(low=(1, 2, 3), high=(4, 5, 6), series="s-1"),)
    assert run_expert(RunRequest("looker", case, points=("1,2",))) is ExitStatus.OK
    assert [Arguments(points=(Point(at=(1, 2)),))] == SEEN
    printed = capsys.readouterr().out
    assert printed.startswith("looker: ok, ")
    assert "pulmonary_nodule present; right upper lobe; mean diameter 8 mm (7 to 9)" in printed


def test_what_a_person_names_is_that_persons_word(
    case: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    card = ModelCard(
        name="looker", accepts=("report",), produces=("pulmonary_nodule",),
        arguments=("pulmonary_nodule",),
    )  # fmt: skip
    monkeypatch.setattr(experts_run, "find_tool", lambda _: Tool(card, pass_on, "somebody"))
    run_expert(RunRequest("looker", case, classes=("pulmonary_nodule",), json=True))
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert result["findings"][0]["source"] == "user"


def test_json_is_a_result_object(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_expert(RunRequest("looker", case, phrases=("spleen",), json=True))
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (result["id"], result["status"]) == ("c-7", "answered")
    assert result["tools"][0]["arguments"] == {"phrases": ["spleen"]}
    assert result["findings"][0]["measurement"]["value"] == 8


def test_a_call_that_the_card_does_not_take_says_so(
    case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_expert(RunRequest("looker", case, everything=True)) is ExitStatus.CASE_FAILED
    assert "it takes points or boxes or phrases" in capsys.readouterr().out
    assert SEEN == []


@pytest.mark.parametrize(
    ("field", "text", "message"),
    [
        ("points", "1;2", "--point 1;2: expected slice,row,column or row,column"),
        ("points", "1", "expected (slice, row, column) or (row, column), got (1,)"),
        ("points", "1,2,in", "--point 1,2,in: expected slice,row,column"),
        ("points", "-1,2", "--point -1,2: expected slice,row,column or row,column, counted from 0"),
        ("points", "", "--point : expected"),
        ("boxes", "1,2", "--box 1,2: expected"),
        ("boxes", "5,5:1,9", "expected low <= high"),
        ("boxes", "1,2:3,4:5,6", "--box 1,2:3,4:5,6: expected"),
    ],
)
def test_what_is_no_point_or_box_is_refused(
    case: Path, field: str, text: str, message: str
) -> None:
    with pytest.raises(UsageError) as refused:
        run_expert(RunRequest("looker", case, **{field: (text,)}))
    assert message in str(refused.value)


@pytest.mark.parametrize("kept", [True, False])
def test_masks_that_are_not_kept_are_said(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, kept: bool,
) -> None:  # fmt: skip
    card = ModelCard(name="marker", accepts=("report",), marks=("region",))
    monkeypatch.setattr(experts_run, "find_tool", lambda _: Tool(card, list_nothing, "somebody"))
    run_expert(RunRequest("marker", case, out=tmp_path / "out" if kept else None))
    assert ("kept with --out DIR only" in capsys.readouterr().out) is not kept


def test_a_case_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        run_expert(RunRequest("looker", tmp_path / "nothing"))
