import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dxtrace.knowledge import Knowledge, load_knowledge
from dxtrace.retrieval.errors import DamagedIndex, EmbedderMismatch
from dxtrace.retrieval.guidelines import GuidelineDocument, GuidelineLibrary, GuidelinePassage
from dxtrace.retrieval.guidelines.library import Entry
from tests.unit.retrieval.plain_embedder import PlainEmbedder


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


def library(folder: Path, knowledge: Knowledge, fingerprint: str = "plain-1") -> GuidelineLibrary:
    return GuidelineLibrary(folder, knowledge, PlainEmbedder(fingerprint), lambda _: ())


def document(number: int) -> GuidelineDocument:
    passage = GuidelinePassage(key="p", text=f"Statement {number} of our own guideline.")
    return GuidelineDocument(key=f"own-{number}", title="Own", passages=(passage,))


def vectors_of(entries: tuple[Entry, ...]) -> set[str]:
    return {embedded.id for entry in entries for embedded in entry.embedded()}


def test_every_passage_of_every_pack_is_there(tmp_path: Path, knowledge: Knowledge) -> None:
    entries, store = library(tmp_path, knowledge).open()
    wanted = {(p.id, q.passage) for p in knowledge.packs.values() for q in p.passages}
    assert {(e.document.key, e.passage.key) for e in entries} == wanted
    assert store.ids() == vectors_of(entries)
    assert all(e.document.licence and e.document.source for e in entries)


def test_passages_are_embedded_once_for_all_libraries(tmp_path: Path, knowledge: Knowledge) -> None:
    for name, expected in (("one", True), ("two", False)):
        embedder = PlainEmbedder()
        GuidelineLibrary(
            tmp_path / name, knowledge, embedder, lambda _: (), tmp_path / "v.sqlite"
        ).open()
        assert bool(embedder.embedded) is expected


def test_a_second_opening_embeds_nothing(tmp_path: Path, knowledge: Knowledge) -> None:
    library(tmp_path, knowledge).open()
    again = library(tmp_path, knowledge)
    again.open()
    assert again.embedder.embedded == []  # type: ignore[attr-defined]


def test_another_embedder_is_refused_until_it_is_rebuilt(
    tmp_path: Path, knowledge: Knowledge
) -> None:
    library(tmp_path, knowledge).open()
    other = library(tmp_path, knowledge, "plain-2")
    with pytest.raises(EmbedderMismatch, match=r"plain-1.*plain-2.*knowledge rebuild"):
        other.open()
    assert other.rebuild() is None
    assert len(other.open()[0]) > 100


def test_vectors_that_a_killed_process_left_out_are_completed(
    tmp_path: Path, knowledge: Knowledge
) -> None:
    first = library(tmp_path, knowledge)
    entries, store = first.open()
    store.drop([e.reference for e in entries[5:40]])
    first.record.remember(in_step="")
    again, completed = library(tmp_path, knowledge).open()
    assert completed.ids() == vectors_of(again)


def test_lost_vectors_are_noticed_without_a_note(tmp_path: Path, knowledge: Knowledge) -> None:
    entries, store = library(tmp_path, knowledge).open()
    store.drop([entries[0].reference])
    assert entries[0].reference in library(tmp_path, knowledge).open()[1].ids()


def test_a_new_document_is_indexed_and_an_old_one_leaves(
    tmp_path: Path, knowledge: Knowledge
) -> None:
    shelf = library(tmp_path, knowledge)
    shelf.open()
    shelf.record.add(document(1))
    entries, store = shelf.open()
    assert document(1).reference(document(1).passages[0]) in store.ids()
    shelf.record.retire("own-1")
    assert len(shelf.open()[0]) == len(entries) - 1


def _damage(folder: Path, harm: str) -> None:
    (database,) = folder.glob("vectors-*/chroma.sqlite3")
    content = bytearray(database.read_bytes())
    if harm == "another file":
        content[:] = b"no database" * 1000
    elif harm == "cut":
        del content[len(content) // 3 :]
    else:
        page = int(len(content) * float(harm)) // 4096 * 4096
        content[page : page + 4096] = b"\xa5" * 4096
    database.write_bytes(content)


@pytest.mark.parametrize("harm", ["another file", "cut", "0.0", "0.2", "0.5", "0.8"])
def test_damaged_vectors_are_said_and_rebuilt(
    tmp_path: Path, knowledge: Knowledge, harm: str
) -> None:
    shelf = library(tmp_path, knowledge)
    shelf.record.add(document(1))
    shelf.open()
    other = tmp_path / "other"
    shutil.copytree(tmp_path, other, ignore=shutil.ignore_patterns("other"))
    _damage(other, harm)
    damaged = library(other, knowledge)
    with pytest.raises(DamagedIndex, match="dxtrace knowledge rebuild"):
        damaged.open()
    assert damaged.rebuild() is None
    assert any(e.document.key == "own-1" for e in damaged.open()[0])
    assert len(list(other.glob("vectors-*"))) == 1


def test_a_damaged_record_is_set_aside_and_the_packs_stay(
    tmp_path: Path, knowledge: Knowledge
) -> None:
    shelf = library(tmp_path, knowledge)
    shelf.open()
    shelf.record.path.write_bytes(b"no database" * 1000)
    for rest in ("-wal", "-shm"):
        Path(f"{shelf.record.path}{rest}").unlink(missing_ok=True)
    aside = shelf.rebuild()
    assert aside is not None
    assert aside.read_bytes().startswith(b"no database")
    assert len(shelf.open()[0]) > 100


ADD = """
import sys
from pathlib import Path
from dxtrace.knowledge import load_knowledge
from tests.unit.retrieval.guidelines.test_library import document, library
shelf = library(Path(sys.argv[1]), load_knowledge())
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    shelf.record.add(document(number))
    shelf.open()
"""


def test_two_processes_adding_at_once_lose_nothing(tmp_path: Path, knowledge: Knowledge) -> None:
    root = Path(__file__).parents[4]
    started = [
        subprocess.Popen([sys.executable, "-c", ADD, tmp_path, str(a), str(b)], cwd=root)
        for a, b in ((0, 4), (4, 8))
    ]
    assert [process.wait() for process in started] == [0, 0]
    entries, store = library(tmp_path, knowledge).open()
    assert {f"own-{n}" for n in range(8)} <= {e.document.key for e in entries}
    assert store.ids() == vectors_of(entries)


KILLED = """
import os, signal, sys
from pathlib import Path
from dxtrace.knowledge import load_knowledge
from dxtrace.retrieval.chroma_store import ChromaStore
from dxtrace.retrieval.guidelines import DocumentRecord
from tests.unit.retrieval.guidelines.test_library import document, library
from tests.unit.retrieval.plain_embedder import PlainEmbedder

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def half(self, ids, vectors, metadata, put=ChromaStore.put):
    put(self, ids[:20], vectors[:20], metadata[:20])
    die()

shelf = library(Path(sys.argv[1]), load_knowledge())
shelf.record.add(document(1))
if sys.argv[2] == "embedding":
    PlainEmbedder.embed = die
elif sys.argv[2] == "storing":
    ChromaStore.put = half
else:
    DocumentRecord.remember = lambda self, _do=DocumentRecord.remember, **v: (
        die() if "in_step" in v else _do(self, **v)
    )
shelf.open()
"""


@pytest.mark.parametrize("when", ["embedding", "storing", "before the note"])
def test_a_process_killed_in_the_middle_leaves_a_usable_index(
    tmp_path: Path, knowledge: Knowledge, when: str
) -> None:
    root = Path(__file__).parents[4]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path, when], cwd=root, check=False, capture_output=True
    )
    assert done.returncode == -9, done.stderr
    entries, store = library(tmp_path, knowledge).open()
    assert "own-1" in {e.document.key for e in entries}
    assert store.ids() == vectors_of(entries)
