"""The output folder: what stands after a kill, and who may write."""

import json
from pathlib import Path

import pytest

from apps.batch.store import ResultStore
from apps.exit_status import UsageError
from apps.reviewing import CaseOutput, failed_output


def output(id_: str) -> CaseOutput:
    return failed_output("planted", case_id=id_, file_name=id_)


def fill(folder: Path, *ids: str) -> None:
    with ResultStore(folder) as store:
        for id_ in ids:
            store.add(output(id_), input_sha256=f"hash of {id_}")


def standing(folder: Path) -> list[str]:
    with ResultStore(folder) as store:
        return [stored.id for stored in store.clean_up()]


def ids_in_file(folder: Path) -> list[str]:
    return [json.loads(x)["id"] for x in (folder / "results.jsonl").read_text().splitlines()]


def test_results_stand_with_the_hash_of_their_line(tmp_path: Path) -> None:
    fill(tmp_path, "a", "b")
    with ResultStore(tmp_path) as store:
        assert [(s.id, s.input_sha256) for s in store.clean_up()] == [
            ("a", "hash of a"),
            ("b", "hash of b"),
        ]


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_torn_last_line_is_dropped_and_its_case_can_run_again(tmp_path: Path, cut: int) -> None:
    fill(tmp_path, "a", "b")
    results = tmp_path / "results.jsonl"
    results.write_bytes(results.read_bytes()[:-cut])
    assert standing(tmp_path) == ["a"]
    fill(tmp_path, "b")
    assert ids_in_file(tmp_path) == ["a", "b"]


def test_a_result_whose_trace_is_gone_or_empty_does_not_stand(tmp_path: Path) -> None:
    fill(tmp_path, "a", "b", "c")
    (tmp_path / "traces" / "a.json").unlink()
    (tmp_path / "traces" / "c.json").write_text("")
    assert standing(tmp_path) == ["b"]


def test_rubbish_between_results_is_dropped(tmp_path: Path) -> None:
    fill(tmp_path, "a")
    with (tmp_path / "results.jsonl").open("ab") as stream:
        stream.write(b'\xff\x00\n{"id": "x"}\n[]\n')
    fill(tmp_path, "b")
    assert standing(tmp_path) == ["a", "b"]
    assert ids_in_file(tmp_path) == ["a", "b"]


def test_a_second_result_of_a_case_is_dropped(tmp_path: Path) -> None:
    fill(tmp_path, "a", "b", "a")
    assert standing(tmp_path) == ["a", "b"]
    assert ids_in_file(tmp_path) == ["a", "b"]


def test_halves_of_files_are_cleared_away(tmp_path: Path) -> None:
    fill(tmp_path, "a")
    half = tmp_path / "traces" / ".abc.part"
    half.write_text("half")
    standing(tmp_path)
    assert not half.exists()


def test_a_second_writer_is_refused_by_name_until_the_first_is_gone(tmp_path: Path) -> None:
    with ResultStore(tmp_path), pytest.raises(UsageError, match=r"another run \(process \d+\)"):
        ResultStore(tmp_path)
    assert standing(tmp_path) == []


def test_an_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageError, match="cannot write to --out"):
        ResultStore(tmp_path / "out")
