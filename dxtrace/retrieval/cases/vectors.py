"""Nearest vectors: those of a graph in a file, and those that came after it.

A vector is a row in the database first; that is all that adding one costs. The graph is made of the
rows and replaced as a whole, so that a kill leaves the old one. Rows newer than the graph are
compared one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dxtrace.retrieval.cases.database import Database
from dxtrace.retrieval.cases.graph_file import (
    Graph,
    only_writer,
    open_graph,
    recorded,
    write_graph,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Keep = Callable[[list[int]], set[int]]

TEXT, IMAGE = "text", "image"
"""Names of the spaces of vectors."""
FEW = 10_000
"""So many rows are compared one by one in a few milliseconds: no graph is made of fewer."""
_CANDIDATES = 128
_WIDER = 8
_READ = 10_000
_ASKED = 500


@dataclass(frozen=True, slots=True)
class Near:
    """A row and how near it is.

    Attributes:
        seq: number of the row.
        cosine: cosine of the angle between the vectors.
    """

    seq: int
    cosine: float


class VectorSpace:
    """The vectors of one embedder.

    Args:
        database: holds the rows.
        space: name of the space; vectors of different spaces never meet.
        dimension: length of a vector.
    """

    def __init__(self, database: Database, space: str, dimension: int) -> None:
        self.database, self.space, self.dimension = database, space, dimension
        self._graph: Graph | None = None
        self._recent = _Recent([], None)

    def put(self, seq: int, vector: Vectors) -> None:
        """Keep a vector, within the caller's transaction.

        Args:
            seq: number of the row.
            vector: (dimension,), of unit norm.
        """
        import numpy as np

        self.database.connection.execute(
            "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
            (self.space, seq, np.asarray(vector, np.float16).tobytes()),
        )

    # -- search ------------------------------------------------------------------------------

    def nearest(self, query: Vectors, count: int, keep: Keep | None = None) -> list[Near]:
        """The nearest rows, best first.

        Args:
            query: (dimension,), of unit norm.
            count: how many.
            keep: of these rows, those that are wanted; all by default. Where few are, the graph is
                asked for more, and in the end every row is compared.

        Raises:
            DamagedIndex: if the graph's file is missing or damaged.
        """
        graph = self._open()
        recent = self._compare_recent(query, graph.record.upto if graph else 0)
        asked = max(_CANDIDATES, 2 * count)
        while graph is not None and asked <= FEW:
            found = self._compare(query, graph.candidates(query, min(asked, graph.record.count)))
            best = _best([*recent, *found], count, keep)
            if len(best) >= count or asked >= graph.record.count:
                return best
            asked *= _WIDER
        return _best(recent, count, keep) if graph is None else self._of_all(query, count, keep)

    def _open(self) -> Graph | None:
        record = recorded(self.database, self.space)
        if record is None:
            self._graph = None
        elif self._graph is None or self._graph.record.file != record.file:
            self._graph = open_graph(self.database, record)
        return self._graph

    def _compare_recent(self, query: Vectors, upto: int) -> list[Near]:
        import numpy as np

        recent = self._recent if self._recent.begins_after(upto) else _Recent([], None)
        for seqs, vectors in self._batches(recent.seqs[-1] if recent.seqs else upto):
            recent = recent.with_further(seqs, vectors)
        self._recent = recent
        if recent.vectors is None:
            return []
        cosines = recent.vectors @ query
        return [Near(recent.seqs[i], float(cosines[i])) for i in np.argsort(-cosines)]

    def cosines(self, query: Vectors, seqs: list[int]) -> dict[int, float]:
        """How near rows are; those without a vector are left out.

        Args:
            query: (dimension,), of unit norm.
            seqs: numbers of the rows.
        """
        return {near.seq: near.cosine for near in self._compare(query, seqs)}

    def vectors_of(self, seqs: list[int]) -> Vectors:
        """The vectors of rows that have one: (row, dimension), in the order of ``seqs``."""
        marks = ",".join("?" * len(seqs))
        rows = self.database.rows(
            f"SELECT seq, vector FROM vectors WHERE space = ? AND seq IN ({marks})",  # noqa: S608 - question marks only
            self.space, *seqs,
        )  # fmt: skip
        known = dict(rows)
        return self._decode([known[seq] for seq in seqs])

    def _compare(self, query: Vectors, seqs: list[int]) -> list[Near]:
        """Candidates of the graph, at full precision; rows that are gone are none."""
        found: list[Near] = []
        for begin in range(0, len(seqs), _ASKED):
            part = seqs[begin : begin + _ASKED]
            rows = self.database.rows(
                f"SELECT seq, vector FROM vectors WHERE space = ? "  # noqa: S608 - question marks only
                f"AND seq IN ({','.join('?' * len(part))})",
                self.space, *part,
            )  # fmt: skip
            if rows:
                cosines = self._decode([r[1] for r in rows]) @ query
                found += [Near(r[0], float(c)) for r, c in zip(rows, cosines, strict=True)]
        return found

    def _of_all(self, query: Vectors, count: int, keep: Keep | None) -> list[Near]:
        best: list[Near] = []
        for seqs, vectors in self._batches(0):
            here = (Near(s, float(c)) for s, c in zip(seqs, vectors @ query, strict=True))
            best = _best([*best, *here], count, keep)
        return best

    def _batches(self, after: int) -> Iterator[tuple[list[int], Vectors]]:
        """Rows in the order of their numbers."""
        while True:
            rows = self.database.rows(
                "SELECT seq, vector FROM vectors WHERE space = ? AND seq > ? ORDER BY seq LIMIT ?",
                self.space, after, _READ,
            )  # fmt: skip
            if not rows:
                return
            yield [r[0] for r in rows], self._decode([r[1] for r in rows])
            after = rows[-1][0]

    def _decode(self, blobs: list[bytes]) -> Vectors:
        import numpy as np

        joined = np.frombuffer(b"".join(blobs), np.float16)
        return joined.reshape(-1, self.dimension).astype(np.float32)

    # -- the graph ---------------------------------------------------------------------------

    def tidy(self, *, threads: int = 1, anew: bool = False) -> None:
        """Bring the graph up to the rows, if enough have come.

        Another process that is doing so already is left to it.

        Args:
            threads: how many processors to use.
            anew: make the graph of the rows alone, whatever there is.
        """
        with only_writer(self.database) as alone:
            if not alone:
                return
            onto = None if anew else recorded(self.database, self.space)
            upto = onto.upto if onto else 0
            if self._count_after(upto) < FEW and not (anew and self._count_after(0) >= FEW):
                return
            write_graph(
                self.database, self.space, self.dimension, self._batches(upto), onto=onto,
                threads=threads,
            )  # fmt: skip

    def _count_after(self, seq: int) -> int:
        query = "SELECT count(*) FROM vectors WHERE space = ? AND seq > ?"
        return int(self.database.rows(query, self.space, seq)[0][0])


@dataclass(frozen=True, slots=True)
class _Recent:
    """Rows that no graph holds, kept in memory.

    Attributes:
        seqs: their numbers, rising.
        vectors: (row, dimension).
    """

    seqs: list[int]
    vectors: Vectors | None

    def begins_after(self, upto: int) -> bool:
        return not self.seqs or self.seqs[0] > upto

    def with_further(self, seqs: list[int], vectors: Vectors) -> _Recent:
        import numpy as np

        if self.vectors is None:
            return _Recent(seqs, vectors)
        return _Recent([*self.seqs, *seqs], np.concatenate([self.vectors, vectors]))


def _best(found: list[Near], count: int, keep: Keep | None) -> list[Near]:
    """The nearest of those that are wanted; most need not be asked about."""
    ordered = sorted(found, key=lambda near: -near.cosine)
    best: list[Near] = []
    for begin in range(0, len(ordered), _ASKED):
        part = ordered[begin : begin + _ASKED]
        wanted = keep([n.seq for n in part]) if keep else None
        best += [n for n in part if wanted is None or n.seq in wanted]
        if len(best) >= count:
            break
    return best[:count]
