"""Which approximate index suits a million case vectors: recall, time, memory, size; and ours.

The vectors are drawn, since no million of reports is at hand: ``--vectors falling`` has variances
that fall as 1/rank, as those of MiniLM vectors of the Indiana reports do (slope of the logarithms
-1.05 from rank 5 to 100); ``clustered`` are groups of such vectors about centres drawn alike, as
reports of one kind lie together; ``isotropic`` has no structure at all, which no text has and no
graph likes. Times of a search are of one query on one thread, as the wall sees it and as the
processor counts it (on a machine that is shared these differ).

    python benchmarks/vector_index.py --count 100000 --engine usearch-i8 --engine hnswlib
    python benchmarks/vector_index.py --count 1000000 --engine dxtrace

``dxtrace`` is the index as cases use it: rows in SQLite, candidates of a graph compared again.
hnswlib and faiss-cpu are not needed by DxTrace; each is measured where it is installed.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from dxtrace.retrieval.cases.database import Database
from dxtrace.retrieval.cases.graph_file import EXPANSION_ADD
from dxtrace.retrieval.cases.vectors import VectorSpace

Vectors = NDArray[np.float32]
Parts = Iterator[tuple[int, Vectors]]
CONNECTIVITY = 16
TOP = 10
CLUSTERS = 2000
_PART = 50_000
_MIB = 1024 * 1024


class Engine(Protocol):
    """An index under test."""

    def build(self, parts: Parts, threads: int) -> None:
        """Add all vectors; the number of a part is that of its first vector."""

    def search(self, query: Vectors, breadth: int) -> list[int]:
        """Numbers of the ten nearest."""

    def size(self, folder: Path) -> int:
        """Bytes on disk, once saved."""


class Usearch:
    """HNSW of usearch."""

    def __init__(self, dimension: int, _folder: Path, entries: str) -> None:
        from dxtrace.retrieval.cases.graph_library import graph_class

        self.index = graph_class()(
            ndim=dimension, metric="ip", dtype=entries, connectivity=CONNECTIVITY,
            expansion_add=EXPANSION_ADD,
        )  # fmt: skip

    def build(self, parts: Parts, threads: int) -> None:
        """Add all vectors."""
        for first, part in parts:
            self.index.add(np.arange(first, first + len(part)), part, threads=threads)

    def search(self, query: Vectors, breadth: int) -> list[int]:
        """Numbers of the ten nearest."""
        self.index.expansion_search = breadth
        return [int(k) for k in self.index.search(query, TOP, threads=1).keys]

    def size(self, folder: Path) -> int:
        """Bytes on disk."""
        self.index.save(folder / "usearch")
        return (folder / "usearch").stat().st_size


class Hnswlib:
    """HNSW of hnswlib."""

    def __init__(self, dimension: int, _folder: Path, count: int) -> None:
        import hnswlib

        self.index = hnswlib.Index(space="ip", dim=dimension)
        self.index.init_index(count, M=CONNECTIVITY, ef_construction=EXPANSION_ADD)

    def build(self, parts: Parts, threads: int) -> None:
        """Add all vectors."""
        for first, part in parts:
            self.index.add_items(part, np.arange(first, first + len(part)), num_threads=threads)

    def search(self, query: Vectors, breadth: int) -> list[int]:
        """Numbers of the ten nearest."""
        self.index.set_ef(breadth)
        return [int(k) for k in self.index.knn_query(query, TOP, num_threads=1)[0][0]]

    def size(self, folder: Path) -> int:
        """Bytes on disk."""
        self.index.save_index(str(folder / "hnswlib"))
        return (folder / "hnswlib").stat().st_size


class Faiss:
    """HNSW of faiss over numbers of eight bits."""

    def __init__(self, dimension: int, _folder: Path) -> None:
        import faiss

        self.faiss = faiss
        self.index = faiss.IndexHNSWSQ(
            dimension, faiss.ScalarQuantizer.QT_8bit, CONNECTIVITY, faiss.METRIC_INNER_PRODUCT
        )
        self.index.hnsw.efConstruction = EXPANSION_ADD

    def build(self, parts: Parts, threads: int) -> None:
        """Add all vectors."""
        self.faiss.omp_set_num_threads(threads)
        for _, part in parts:
            if not self.index.is_trained:
                self.index.train(part)
            self.index.add(part)
        self.faiss.omp_set_num_threads(1)

    def search(self, query: Vectors, breadth: int) -> list[int]:
        """Numbers of the ten nearest."""
        self.index.hnsw.efSearch = breadth
        return [int(k) for k in self.index.search(query[None], TOP)[1][0]]

    def size(self, folder: Path) -> int:
        """Bytes on disk."""
        self.faiss.write_index(self.index, str(folder / "faiss"))
        return (folder / "faiss").stat().st_size


class Chroma:
    """A collection of Chroma, embedded. Its breadth of search is set when it is made."""

    breadths = (256,)

    def __init__(self, dimension: int, folder: Path) -> None:  # noqa: ARG002 - as the others
        import chromadb
        from chromadb.config import Settings

        settings = Settings(anonymized_telemetry=False)
        self.collection: Any = chromadb.PersistentClient(
            str(folder / "chroma"), settings=settings
        ).create_collection(
            "cases", embedding_function=None,
            configuration={"hnsw": {"space": "ip", "max_neighbors": CONNECTIVITY,
                                    "ef_construction": EXPANSION_ADD, "ef_search": 256}},
        )  # fmt: skip

    def build(self, parts: Parts, threads: int) -> None:  # noqa: ARG002
        """Add all vectors."""
        for first, part in parts:
            for begin in range(0, len(part), 5000):
                some = part[begin : begin + 5000]
                ids = [str(first + begin + i) for i in range(len(some))]
                self.collection.add(ids=ids, embeddings=some)

    def search(self, query: Vectors, breadth: int) -> list[int]:  # noqa: ARG002
        """Numbers of the ten nearest."""
        found = self.collection.query(query_embeddings=[query], n_results=TOP, include=[])
        return [int(i) for i in found["ids"][0]]

    def size(self, folder: Path) -> int:
        """Bytes on disk."""
        return sum(f.stat().st_size for f in (folder / "chroma").rglob("*") if f.is_file())


class Ours:
    """The index as cases use it."""

    breadths = (0,)

    def __init__(self, dimension: int, folder: Path) -> None:
        self.database = Database(folder / "ours")
        self.space = VectorSpace(self.database, "text", dimension)

    def build(self, parts: Parts, threads: int) -> None:
        """Write the rows, then the graph."""
        begin = time.perf_counter()
        for first, part in parts:
            with self.database.writing():
                for number, vector in enumerate(part, start=first):
                    self.space.put(number + 1, vector)
        rows = time.perf_counter() - begin
        print(f"  rows written in {rows:.0f} s (drawing them included)", flush=True)
        self.space.tidy(threads=threads)

    def search(self, query: Vectors, breadth: int) -> list[int]:  # noqa: ARG002
        """Numbers of the ten nearest."""
        return [near.seq - 1 for near in self.space.nearest(query, TOP)]

    def size(self, folder: Path) -> int:
        """Bytes on disk."""
        for file in sorted((folder / "ours").iterdir()):
            print(f"  {file.name}: {file.stat().st_size / _MIB:.0f} MiB")
        return sum(f.stat().st_size for f in (folder / "ours").iterdir())

    def time_adding(self, vectors: Vectors, first: int) -> list[float]:
        """Seconds that each takes until it is on disk and is found."""
        taken = []
        for number, vector in enumerate(vectors, start=first):
            begin = time.perf_counter()
            with self.database.writing():
                self.space.put(number + 1, vector)
            if self.search(vector, 0)[0] != number:
                raise AssertionError("what was added is not found")
            taken.append(time.perf_counter() - begin)
        return taken


ENGINES: dict[str, Callable[[int, Path, int], Any]] = {
    "dxtrace": lambda d, f, _: Ours(d, f),
    "usearch-i8": lambda d, f, _: Usearch(d, f, "i8"),
    "usearch-f16": lambda d, f, _: Usearch(d, f, "f16"),
    "hnswlib": Hnswlib,
    "faiss": lambda d, f, _: Faiss(d, f),
    "chroma": lambda d, f, _: Chroma(d, f),
}


def draw(count: int, dimension: int, *, seed: int, kind: str) -> Parts:
    """Unit vectors in parts, the same for the same seed; the centres of clusters for any seed."""
    ranks = np.arange(1, dimension + 1, dtype=np.float32)
    scale = np.ones_like(ranks) if kind == "isotropic" else ranks**-0.5
    centres = np.random.default_rng(0).standard_normal((CLUSTERS, dimension), dtype=np.float32)
    generator = np.random.default_rng(seed)
    for first in range(0, count, _PART):
        size = min(_PART, count - first)
        part = generator.standard_normal((size, dimension), dtype=np.float32)
        if kind == "clustered":  # half of the variance lies between clusters
            part += centres[generator.integers(0, CLUSTERS, size)]
        part *= scale
        yield first, part / np.linalg.norm(part, axis=1, keepdims=True)


def nearest_exactly(parts: Parts, queries: Vectors) -> list[set[int]]:
    """The ten nearest of each query, by comparing all."""
    scores = np.full((len(queries), TOP), -2.0, np.float32)
    numbers = np.zeros((len(queries), TOP), np.int64)
    for first, part in parts:
        here = queries @ part.T
        best = np.argpartition(-here, TOP, axis=1)[:, :TOP]
        all_scores = np.hstack([scores, np.take_along_axis(here, best, 1)])
        all_numbers = np.hstack([numbers, best + first])
        order = np.argsort(-all_scores, axis=1)[:, :TOP]
        scores = np.take_along_axis(all_scores, order, 1)
        numbers = np.take_along_axis(all_numbers, order, 1)
    return [set(row) for row in numbers.tolist()]


def resident_mib() -> float:
    """Memory of this process now."""
    with Path("/proc/self/statm").open(encoding="ascii") as stream:
        return int(stream.read().split()[1]) * resource.getpagesize() / _MIB


def measure(engine: Engine, queries: Vectors, truth: list[set[int]], breadth: int) -> str:
    """Recall and times of searching one by one."""
    engine.search(queries[0], breadth)
    hits, wall, processor = 0, [], []
    for query, wanted in zip(queries, truth, strict=True):
        begin, begin_cpu = time.perf_counter(), time.process_time()
        found = engine.search(query, breadth)
        processor.append(time.process_time() - begin_cpu)
        wall.append(time.perf_counter() - begin)
        hits += len(wanted & set(found))
    recall = hits / (TOP * len(queries))
    seen, used = (np.percentile(t, [50, 95]) * 1000 for t in (wall, processor))
    return (f"recall@10 {recall:.4f}   wall p50 {seen[0]:.2f} p95 {seen[1]:.2f} ms   "
            f"processor p50 {used[0]:.2f} p95 {used[1]:.2f} ms")  # fmt: skip


def main() -> None:
    """Build and search each index."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2, help="for building")
    parser.add_argument(
        "--vectors", choices=("falling", "clustered", "isotropic"), default="falling"
    )
    parser.add_argument("--engine", action="append", choices=tuple(ENGINES))
    parser.add_argument("--breadth", type=int, action="append", help="of the search")
    parser.add_argument("--folder", type=Path, help="where files go (default: a temporary one)")
    given = parser.parse_args()

    def vectors() -> Parts:
        return draw(given.count, given.dimension, seed=1, kind=given.vectors)

    queries = next(draw(given.queries, given.dimension, seed=2, kind=given.vectors))[1]
    truth = nearest_exactly(vectors(), queries)
    print(f"{given.count} vectors of {given.dimension}, {given.vectors}; {len(queries)} queries")
    for name in given.engine or ["dxtrace"]:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            before = resident_mib()
            try:
                engine = ENGINES[name](given.dimension, Path(folder), given.count)
            except ImportError as error:
                print(f"\n{name}: not installed ({error})")
                continue
            begin, begin_cpu = time.perf_counter(), time.process_time()
            print(f"\n{name}", flush=True)
            engine.build(vectors(), given.threads)
            print(f"  built in {time.perf_counter() - begin:.0f} s, processor "
                  f"{time.process_time() - begin_cpu:.0f} s, {given.threads} threads")  # fmt: skip
            print(f"  on disk {engine.size(Path(folder)) / _MIB:.0f} MiB")
            for breadth in getattr(engine, "breadths", given.breadth or (64, 128, 256, 512)):
                shown = f"  breadth {breadth}: " if breadth else "  "
                print(f"{shown}{measure(engine, queries, truth, breadth)}", flush=True)
            print(f"  memory {resident_mib() - before:.0f} MiB more than before")
            if isinstance(engine, Ours):
                further = next(draw(50, given.dimension, seed=3, kind=given.vectors))[1]
                taken = engine.time_adding(further, given.count)
                print(f"  adding one and finding it: median {np.median(taken) * 1000:.1f} ms, "
                      f"longest {max(taken) * 1000:.1f} ms")  # fmt: skip
            del engine


if __name__ == "__main__":
    sys.exit(main())
