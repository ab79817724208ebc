"""``dxtrace cases`` from adding to rebuilding."""

import json
from pathlib import Path

import pytest

from apps.commands.cases import (
    SearchRequest,
    add_cases,
    list_cases,
    rebuild_cases,
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
    given |= {"case": case, "top": 5, "json": True, **fields}
    return search_cases(SearchRequest(**given))  # type: ignore[arg-type]


def found(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()]


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
    assert json.loads(line)["link"].endswith("/out/reports/a.html")


def test_a_lost_index_is_made_again_of_its_sources(
    index: Path, manifest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add_cases([manifest], max_report_chars=LONGEST)
    (index / "cases.sqlite3").write_bytes(b"nothing of use" * 500)
    for suffix in ("-wal", "-shm"):
        (index / f"cases.sqlite3{suffix}").unlink(missing_ok=True)
    with pytest.raises(UsageError, match="dxtrace cases rebuild"):
        search("a")
    assert rebuild_cases() is ExitStatus.OK
    assert "the damaged file" in capsys.readouterr().err
    search("a")
    assert found(capsys) == ["b"]


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("fields", [{"sex": "X"}, {"age": "old"}, {"case": "nowhere"}])
def test_what_is_no_case_or_filter_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        search(**{"case": "x", **fields})  # type: ignore[arg-type]
