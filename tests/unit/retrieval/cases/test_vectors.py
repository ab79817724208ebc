"""Nearest vectors: the graph, what came after it, and what is gone."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dxtrace.retrieval.cases import vectors as module
from dxtrace.retrieval.cases.database import Database
from dxtrace.retrieval.cases.vectors import VectorSpace
from dxtrace.retrieval.errors import DamagedIndex

DIMENSION, SEED = 32, 5


@pytest.fixture(autouse=True)
def _graphs_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEW", 200)


def draw(count: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(SEED).standard_normal((count, DIMENSION), dtype=np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def filled(folder: Path, rows: NDArray[np.float32], first: int = 1) -> VectorSpace:
    space = VectorSpace(Database(folder), "text", DIMENSION)
    with space.database.writing():
        for number, row in enumerate(rows, start=first):
            space.put(number, row)
    return space


def exact(rows: NDArray[np.float32], query: NDArray[np.float32], count: int) -> list[int]:
    return [int(i) + 1 for i in np.argsort(-(rows @ query))[:count]]


def graphs(folder: Path) -> list[Path]:
    return list(folder.glob("*.usearch"))


def test_a_graph_finds_what_comparing_all_finds(tmp_path: Path) -> None:
    rows = draw(600)
    space = filled(tmp_path, rows)
    before = [n.seq for n in space.nearest(rows[7], 10)]
    space.tidy()
    assert len(graphs(tmp_path)) == 1
    assert before == exact(rows, rows[7], 10)
    assert len(set(before) & {n.seq for n in space.nearest(rows[7], 10)}) >= 9


def test_what_is_added_after_the_graph_is_found_at_once_by_another_process_too(
    tmp_path: Path,
) -> None:
    rows = draw(400)
    reader = filled(tmp_path, rows[:300])
    reader.tidy()
    assert reader.nearest(rows[350], 1)[0].seq != 351
    filled(tmp_path, rows[300:], first=301)
    assert reader.nearest(rows[350], 1)[0].seq == 351


def test_tidying_goes_on_from_the_graph_and_leaves_one_file(tmp_path: Path) -> None:
    rows = draw(700)
    space = filled(tmp_path, rows[:300])
    space.tidy()
    (first,) = graphs(tmp_path)
    filled(tmp_path, rows[300:], first=301).tidy()
    (second,) = graphs(tmp_path)
    assert first != second
    assert space.nearest(rows[650], 1)[0].seq == 651


def test_few_rows_need_no_graph(tmp_path: Path) -> None:
    space = filled(tmp_path, draw(50))
    space.tidy()
    assert not graphs(tmp_path)


def test_rows_that_are_gone_are_not_found(tmp_path: Path) -> None:
    rows = draw(300)
    space = filled(tmp_path, rows)
    space.tidy()
    with space.database.writing() as connection:
        connection.execute("DELETE FROM vectors WHERE seq = 5")
    assert 5 not in [n.seq for n in space.nearest(rows[4], 20)]


def test_a_narrow_wish_is_fulfilled_from_far_away(tmp_path: Path) -> None:
    rows = draw(600)
    space = filled(tmp_path, rows)
    space.tidy()
    far = exact(rows, rows[0], 600)[-3:]
    found = space.nearest(rows[0], 3, lambda seqs: set(seqs) & set(far))
    assert [n.seq for n in found] == far


@pytest.mark.parametrize("harm", ["cut", "flipped", "gone"])
def test_a_damaged_graph_is_noticed_and_made_anew(tmp_path: Path, harm: str) -> None:
    rows = draw(300)
    filled(tmp_path, rows).tidy()
    (graph,) = graphs(tmp_path)
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 0xFF
    if harm == "gone":
        graph.unlink()
    else:
        graph.write_bytes(content if harm == "flipped" else content[: len(content) // 3])
    space = VectorSpace(Database(tmp_path), "text", DIMENSION)
    with pytest.raises(DamagedIndex, match="dxtrace cases rebuild"):
        space.nearest(rows[0], 1)
    space.tidy(anew=True)
    assert space.nearest(rows[0], 1)[0].seq == 1


def test_a_copied_graph_with_another_time_is_trusted_after_its_hash(tmp_path: Path) -> None:
    rows = draw(300)
    filled(tmp_path, rows).tidy()
    (graph,) = graphs(tmp_path)
    graph.write_bytes(graph.read_bytes())
    assert VectorSpace(Database(tmp_path), "text", DIMENSION).nearest(rows[3], 1)[0].seq == 4
