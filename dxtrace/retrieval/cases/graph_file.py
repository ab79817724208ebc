"""The file of a graph over vectors: written beside the old one, then put in its place.

HNSW: Malkov and Yashunin, IEEE TPAMI 2020;42(4):824-836, DOI 10.1109/TPAMI.2018.2889473. The
library is usearch; a search reads the file where it lies.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dxtrace.file_hash import read_sha256
from dxtrace.retrieval.cases.database import REMEDY, Database
from dxtrace.retrieval.cases.graph_library import graph_class
from dxtrace.retrieval.errors import DamagedIndex

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

CONNECTIVITY, EXPANSION_ADD, EXPANSION_SEARCH = 16, 128, 1024
"""Edges of a node, and how widely is searched; measured by ``benchmarks/vector_index.py``."""
ENTRIES = "i8"
"""How the graph holds a number; its candidates are compared again at full precision."""
SUFFIX = ".usearch"


@dataclass(frozen=True, slots=True)
class GraphRecord:
    """What the database knows of a graph's file.

    Attributes:
        space: the space of its vectors.
        file: its name.
        upto: it holds the rows up to this number.
        count: how many rows it holds.
        size: bytes of the file.
        mtime_ns: when it was written.
        sha256: its hash.
    """

    space: str
    file: str
    upto: int
    count: int
    size: int
    mtime_ns: int
    sha256: str


def recorded(database: Database, space: str) -> GraphRecord | None:
    """The record of a space's graph; None if it has none yet."""
    rows = database.rows("SELECT * FROM graphs WHERE space = ?", space)
    return GraphRecord(*rows[0]) if rows else None


class Graph:
    """An open graph.

    Args:
        index: the library's index.
        record: its record.
    """

    def __init__(self, index: Any, record: GraphRecord) -> None:
        self._index, self.record = index, record

    def candidates(self, query: Vectors, count: int) -> list[int]:
        """Row numbers of about the nearest, nearest first.

        Args:
            query: (dimension,), of unit norm.
            count: how many.
        """
        self._index.expansion_search = max(EXPANSION_SEARCH, 2 * count)
        return [int(key) for key in self._index.search(query, count, threads=1).keys]


def open_graph(database: Database, record: GraphRecord) -> Graph:
    """Open a graph's file where it lies.

    A file that is not as it was written is hashed first: a damaged graph would lead anywhere.

    Raises:
        DamagedIndex: if the file is missing or damaged.
    """
    path = database.folder / record.file
    try:
        state = path.stat()
        if (state.st_size, state.st_mtime_ns) != (record.size, record.mtime_ns):
            _verify(path, record)
        return Graph(graph_class().restore(path, view=True), record)
    except (OSError, RuntimeError, ValueError) as error:
        raise DamagedIndex(f"{path} is missing or damaged ({error}): {REMEDY}") from error


def _verify(path: Path, record: GraphRecord) -> None:
    if read_sha256(path) != record.sha256:
        raise ValueError("it is not what was written")


def write_graph(
    database: Database,
    space: str,
    dimension: int,
    batches: Iterable[tuple[list[int], Vectors]],
    *,
    onto: GraphRecord | None,
    threads: int,
) -> None:
    """Write a graph that holds what an earlier one holds and further rows.

    Args:
        database: the new file is recorded there.
        space: the space.
        dimension: length of a vector.
        batches: row numbers and vectors, in the order of the numbers.
        onto: the graph to go on from; None for a new one.
        threads: how many processors to use.
    """
    folder = database.folder
    index = graph_class()(
        ndim=dimension, metric="ip", dtype=ENTRIES, connectivity=CONNECTIVITY,
        expansion_add=EXPANSION_ADD,
    )  # fmt: skip
    if onto is not None:
        open_graph(database, onto)
        index.load(folder / onto.file)
    upto = onto.upto if onto else 0
    for seqs, vectors in batches:
        index.add(seqs, vectors, threads=threads)
        upto = seqs[-1]
    path = folder / f"{space}-{secrets.token_hex(4)}{SUFFIX}"
    index.save(path)
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
    state = path.stat()
    values = (
        space, path.name, upto, len(index), state.st_size, state.st_mtime_ns, read_sha256(path),
    )  # fmt: skip
    with database.writing() as connection:
        connection.execute("INSERT OR REPLACE INTO graphs VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    for other in folder.glob(f"{space}-*{SUFFIX}"):
        if other.name != path.name:  # who has it open keeps it
            other.unlink(missing_ok=True)


@contextmanager
def only_writer(database: Database) -> Iterator[bool]:
    """Whether this process alone may write graphs; one that may not leaves it to the other."""
    with (database.folder / ".graphs.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
