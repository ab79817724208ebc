"""``dxtrace cases`` from adding to rebuilding."""

import json
import re
from pathlib import Path

import pytest

from apps.commands.case_adding import add_cases
from apps.commands.case_rebuilding import rebuild_cases
from apps.commands.cases import (
    ExemplarRequest,
    SearchRequest,
    list_cases,
    print_exemplars,
    search_cases,
    show_case,
)
from apps.exit_status import ExitStatus, UsageError
from tests.unit.retrieval.cases.small_cases import WordEmbedder
from tools.similar_cases import collection

LONGEST = 100_000
EFFUSION = "FINDINGS: Small left pleural effusion."


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "index"
    monkeypatch.setenv("DXTRACE_CASES", str(place))
    monkeypatch.setattr(collection, "configured_embedder", WordEmbedder)
    return place


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    lines = [
        {"id": "a", "patient": {"age": 60, "sex": "M"}, "reports": [{"text": EFFUSION}]},
        {"id": "b", "patient": {"age": 30, "sex": "F"}, "reports": [{"text": "Lungs are clear."}]},
    ]
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    return str(path)


def search(case: str, **fields: object) -> ExitStatus:
    given = dict.fromkeys(("modality", "body_part", "sex", "age", "data_root"))
    given |= {"case": case, "top": 5, "json": True, "every": True, **fields}
    return search_cases(SearchRequest(**given))  # type: ignore[arg-type]


def owned(capsys: pytest.CaptureFixture[str], number: str) -> str:
    """The id behind a number, as its owner is told."""
    show_case(number)
    (line,) = [li for li in capsys.readouterr().out.splitlines() if li.startswith("id: ")]
    return line.removeprefix("id: ")


def found(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The ids of the cases that were printed, though others are not told them."""
    numbers = [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()]
    return [owned(capsys, number) for number in numbers]


def lose(index: Path) -> None:
    """Damage an index beyond reading."""
    (index / "cases.sqlite3").write_bytes(b"nothing of use" * 500)
    for suffix in ("-wal", "-shm"):
        (index / f"cases.sqlite3{suffix}").unlink(missing_ok=True)


@pytest.mark.usefixtures("index")
def test_a_manifest_is_added_once_and_searched(
    manifest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add_cases([manifest], max_report_chars=LONGEST) is ExitStatus.OK
    add_cases([manifest], max_report_chars=LONGEST)
    assert "0 new, 0 changed, 2 as before" in capsys.readouterr().err
    case = tmp_path / "case.txt"
    case.write_text("FINDINGS: Large left pleural effusion.")
    search(str(case))
    assert found(capsys) == ["a", "b"]
    search(str(case), sex="f")
    assert found(capsys) == ["b"]
    search("b", age="50-70")
    assert found(capsys) == ["a"]


@pytest.mark.usefixtures("index")
def test_a_folder_of_cases_and_what_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "good.txt").write_text(EFFUSION)
    (folder / "bad.json").write_text("{")
    assert add_cases([str(folder)], max_report_chars=LONGEST) is ExitStatus.CASE_FAILED
    assert "left out" in capsys.readouterr().err
    show_case("good")
    assert EFFUSION in capsys.readouterr().out
    list_cases()
    assert "1 cases" in capsys.readouterr().out


@pytest.mark.usefixtures("index")
def test_the_results_of_a_batch(
    manifest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from apps.reviewing import Reviewer
    from dxtrace.intake import IntakeLimits, read_lines, read_manifest, read_manifest_case

    out = tmp_path / "out"
    (out / "traces").mkdir(parents=True)
    with Path(manifest).open("rb") as stream, (out / "results.jsonl").open("w") as results:
        limits = IntakeLimits()
        for line in read_manifest(read_lines(stream, limits), limits):
            read = read_manifest_case(line, base=tmp_path, limits=limits)
            output = Reviewer().review(lambda read=read: read, case_id=line.id, file_name=line.id)
            (out / output.result["trace"]).write_text(output.trace)
            results.write(output.to_json_line())
    assert add_cases([str(out)], max_report_chars=LONGEST) is ExitStatus.OK
    capsys.readouterr()
    search("b")
    (line,) = capsys.readouterr().out.splitlines()
    case = json.loads(line)
    assert case["link"].endswith(f"/reports/{case['id']}.txt")
    show_case(case["id"])
    assert "/out/reports/a.html" in capsys.readouterr().out


def test_a_lost_index_is_made_again_of_its_sources(
    index: Path, manifest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add_cases([manifest], max_report_chars=LONGEST)
    lose(index)
    with pytest.raises(UsageError, match="dxtrace cases rebuild"):
        search("a")
    assert rebuild_cases() is ExitStatus.OK
    assert "the damaged file" in capsys.readouterr().err
    search("a")
    assert found(capsys) == ["b"]


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"sex": "X"}, "expected one of M, F, O, got 'X'"),
        ({"age": "old"}, "expected years as 50-70"),
        ({"age": "70-50"}, "the younger age first"),
        ({"age": "50"}, "expected years as 50-70"),
        ({"age": "-"}, "expected years as 50-70"),
        ({"age": "nan-inf"}, "expected years as 50-70"),
        ({"modality": "FOO"}, "expected one of .*CR, CT, .*got 'FOO'"),
        ({"body_part": "tail"}, "expected one of abdomen, .*got 'tail'"),
        ({"case": "nowhere"}, "neither a case nor the id or number"),
    ],
)
def test_what_is_no_case_or_filter_is_refused(fields: dict[str, object], expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        search(**{"case": "x", **fields})  # type: ignore[arg-type]


NAMED = (
    "EXAM: Chest radiograph.\n\nFINDINGS: Small left pleural effusion. Smith was told.\n\n"
    "IMPRESSION: Effusion, seen by John Smith."
)


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """A manifest and a folder of cases that are called after patients."""
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps({"id": "John Smith 1", "reports": [{"text": NAMED}]}))
    folder = tmp_path / "folder"
    folder.mkdir()
    other = NAMED.replace("John", "Anna").replace("Smith", "Kowalska")
    (folder / "Kowalska_Anna.txt").write_text(other)
    return tmp_path


def add_named(named: Path) -> None:
    add_cases([str(named / "cases.jsonl"), str(named / "folder")], max_report_chars=LONGEST)


@pytest.mark.usefixtures("index")
def test_names_in_ids_are_shown_to_the_owner_alone(
    named: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_named(named)
    asked = named / "asked.txt"
    asked.write_text("EXAM: Chest radiograph.\n\nFINDINGS: Large left pleural effusion.")
    capsys.readouterr()
    for as_json in (True, False):
        search(str(asked), differential=True, json=as_json)
        print_exemplars(ExemplarRequest(str(asked), 4, 4000, json=as_json, data_root=None))
    shown = capsys.readouterr().out
    assert "case-" in shown
    assert "IMPRESSION: Effusion, seen by XXXX XXXXX." in shown
    assert not [name for name in ("Smith", "John", "Kowalska", "Anna") if name in shown]
    (link, *_) = re.findall(r"file://(\S+)\.txt", shown)
    copy = Path(f"{link}.txt").read_text()
    assert "Small left pleural effusion." in copy
    assert "Smith" not in copy
    show_case("John Smith 1")
    told = capsys.readouterr().out
    number = told.partition("\n")[0]
    assert "id: John Smith 1\nfrom: " in told
    show_case(number)
    assert capsys.readouterr().out == told


@pytest.mark.usefixtures("index")
def test_nothing_similar_is_said(manifest: str, capsys: pytest.CaptureFixture[str]) -> None:
    add_cases([manifest], max_report_chars=LONGEST)
    search("a", every=False, json=False)
    assert "no similar case: none of 2 cases of the index" in capsys.readouterr().out


def test_what_a_rebuild_cannot_bring_back_is_said_and_reports_that_were_shown_are_kept(
    index: Path, named: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_named(named)
    with (named / "cases.jsonl").open("a") as lines:
        lines.write("\n" + json.dumps({"id": "Jane", "reports": [{"text": EFFUSION}]}))
    add_named(named)
    search(str(named / "folder" / "Kowalska_Anna.txt"), top=1)
    capsys.readouterr()
    moved = (named / "cases.jsonl").rename(named / "moved.jsonl")
    lose(index)
    assert rebuild_cases() is ExitStatus.CASE_FAILED
    said = capsys.readouterr().err
    assert f"{named / 'cases.jsonl'}: 2 of 2 cases are missing" in said
    assert "1 of these were restored, 1 are lost" in said
    add_cases([str(moved)], max_report_chars=LONGEST)
    assert "2 new" in capsys.readouterr().err
    list_cases()
    assert "3 cases" in capsys.readouterr().out


def test_a_sound_index_loses_nothing_where_a_source_was_moved(
    index: Path, manifest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add_cases([manifest], max_report_chars=LONGEST)
    Path(manifest).unlink()
    assert index.is_dir()
    assert rebuild_cases() is ExitStatus.OK
    assert "2 cases kept, 0 could not be read" in capsys.readouterr().err
    search("a")
    assert found(capsys) == ["b"]
