"""Kills, damage, and several processes at once: what was added is not lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dxtrace.knowledge import load_knowledge
from dxtrace.retrieval.cases import CaseIndex, rebuild
from dxtrace.retrieval.cases.database import FILE
from dxtrace.retrieval.errors import DamagedIndex
from tests.unit.retrieval.cases.small_cases import (
    SOME,
    WordEmbedder,
    finding,
    nearest,
    open_small,
    record,
)

ROOT = Path(__file__).parents[4]
ADDING = """
import sys
from pathlib import Path
from tests.unit.retrieval.cases.small_cases import finding, open_small, record
folder, name = Path(sys.argv[1]), sys.argv[2]
index = open_small(folder)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    index.add([record(f"{name}-{number}", finding("cardiomegaly"))])
    print(number, flush=True)
"""


def adding(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ADDING, str(folder), name, str(count)], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def start(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()


def test_two_processes_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    processes = [adding(tmp_path, name, 20) for name in ("a", "b")]
    for process in processes:
        start(process)
    assert [p.wait() for p in processes] == [0, 0]
    assert {r.id for r in open_small(tmp_path).records()} == {
        f"{name}-{n}" for name in ("a", "b") for n in range(20)
    }


def test_a_killed_ingest_leaves_what_was_added_and_goes_on(tmp_path: Path) -> None:
    process = adding(tmp_path, "a", 1000)
    start(process)
    assert process.stdout is not None
    said = [process.stdout.readline().strip() for _ in range(5)]
    process.kill()
    process.wait()
    index = open_small(tmp_path)
    assert {f"a-{n}" for n in said} <= {r.id for r in index.records()}
    assert nearest(index, record("q", finding("cardiomegaly"), report="x"), top=3)
    assert index.add(SOME).new == len(SOME)


def damage(folder: Path, place: int, what: bytes) -> None:
    """Overwrite a part of a file that nobody has open."""
    with (folder / FILE).open("r+b") as stream:
        stream.seek(place)
        stream.write(what)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    index = open_small(tmp_path)
    index.add(
        [record(f"n{n}", finding("cardiomegaly"), report=f"Case {n}. " * 30) for n in range(60)]
    )
    index.add(SOME)
    index.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    index.close()
    return tmp_path


def made_anew(folder: Path) -> CaseIndex:
    rebuild(folder, load_knowledge().vocabulary, embedder=WordEmbedder())
    return open_small(folder)


def test_a_sound_index_is_rebuilt_without_loss_and_without_embedding(folder: Path) -> None:
    embedder = WordEmbedder()
    done = rebuild(folder, load_knowledge().vocabulary, embedder=embedder)
    assert (done.kept, done.lost, done.damaged, embedder.asked) == (64, 0, None, 0)
    asked = record("q", finding("pleural_effusion", side="left"), report="x")
    assert nearest(open_small(folder), asked, top=1)[0].id == "left"


def test_the_same_patient_is_known_after_a_rebuild(tmp_path: Path) -> None:
    index = open_small(tmp_path)
    whose = frozenset({"patient:1"})
    index.add([record("a", finding("cardiomegaly"), identities=whose)])
    index.close()
    asked = record("q", finding("cardiomegaly"), report="x", identities=whose)
    assert nearest(made_anew(tmp_path), asked) == ()


@pytest.mark.parametrize("part", [0.2, 0.5, 0.8])
def test_a_damaged_file_is_noticed_and_the_rest_is_saved(folder: Path, part: float) -> None:
    size = (folder / FILE).stat().st_size
    damage(folder, int(size * part) // 4096 * 4096, os.urandom(4096))
    with pytest.raises(DamagedIndex, match="dxtrace cases rebuild"):
        open_small(folder)
    index = made_anew(folder)
    assert len(index) > 0
    index.add(SOME)
    asked = record("q", finding("pleural_effusion", side="left"), report="x")
    assert nearest(index, asked, top=1)[0].id == "left"
    assert list(folder.glob(f"{FILE}.damaged-*"))


@pytest.mark.parametrize("content", [b"", b"no database at all" * 300])
def test_a_file_that_is_none_is_set_aside(folder: Path, content: bytes) -> None:
    (folder / FILE).write_bytes(content)
    if content:
        with pytest.raises(DamagedIndex):
            open_small(folder)
    assert len(made_anew(folder)) == 0


def test_a_record_that_was_edited_is_not_shown(folder: Path) -> None:
    index = open_small(folder)
    with index.database.writing() as connection:
        connection.execute("UPDATE cases SET record = replace(record, 'cardiomegaly', 'pneumonia')")
    with pytest.raises(DamagedIndex, match="not as it was written"):
        nearest(index, record("q", finding("cardiomegaly"), report="x"))


def test_who_searches_after_a_rebuild_searches_the_new_file(folder: Path) -> None:
    reader = open_small(folder)
    index = made_anew(folder)
    index.add([record("late", finding("pleural_effusion", side="right"), report="late")])
    asked = record("q", finding("pleural_effusion", side="right"), report="x")
    assert {c.id for c in nearest(reader, asked, top=2)} == {"right", "late"}


def test_who_adds_while_it_is_rebuilt_adds_to_the_new_file(folder: Path) -> None:
    writer = open_small(folder)
    made_anew(folder).close()
    writer.add([record("late")])
    assert "late" in {r.id for r in open_small(folder).records()}
