"""How long a search among many cases takes: findings, words and vectors, fused.

    python benchmarks/case_scale.py --count 100000

No such number of reports is at hand. A made-up case is a report of the Indiana collection with
words left out at random and sentences of a second report behind it; its findings are those of
both. Its vector is drawn about one that stands for its first report. The first reports only are
read (``--reports``). Queries are made alike and are not in the index. Times are of one process,
search by search, as the wall sees them and as the processor counts them.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from dxtrace.intake.indiana import read_indiana
from dxtrace.knowledge import load_knowledge
from dxtrace.retrieval.cases import CaseIndex, CaseRecord
from tools.report_reader import ReportReader

DIMENSION = 384
_KEPT_WORDS = 0.9
_TOGETHER = 1000
_MIB = 1024 * 1024


class DrawnVectors:
    """An embedder whose vectors are drawn: about the same place for texts that begin alike."""

    name, dimension, fingerprint = "drawn", DIMENSION, "drawn-1"

    def __init__(self) -> None:
        self.next = np.zeros(DIMENSION, np.float32)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vector that was set for the one text."""
        return np.repeat(self.next[None], len(texts), axis=0)


class MadeUpCases:
    """Cases without end.

    Args:
        reports: how many reports they are made of.
        seed: the same cases for the same seed.
    """

    def __init__(self, reports: int, seed: int) -> None:
        reader = ReportReader(load_knowledge())
        self.generator = np.random.default_rng(seed)
        texts = [report.text for report in islice(read_indiana(), reports)]
        self.read = [(text, reader.read(text).findings) for text in texts]
        scale = np.arange(1, DIMENSION + 1, dtype=np.float32) ** -0.5
        self.scale = scale
        self.places = np.random.default_rng(0).standard_normal((reports, DIMENSION)) * scale

    def draw(self, count: int, name: str) -> Iterator[tuple[CaseRecord, NDArray[np.float32]]]:
        """Cases with their vectors."""
        for number in range(count):
            first, second = self.generator.integers(0, len(self.read), 2)
            (text, findings), (more, others) = self.read[first], self.read[second]
            words = [w for w in text.split() if self.generator.random() < _KEPT_WORDS]
            report = f"{' '.join(words)} {more.partition('. ')[2]}"
            vector = self.places[first] + self.generator.standard_normal(DIMENSION) * self.scale
            yield (
                CaseRecord(
                    id=f"{name}-{number}", source=f"{name}#{number}", report=report,
                    findings=(*findings, *others),
                ),
                (vector / np.linalg.norm(vector)).astype(np.float32),
            )  # fmt: skip


def fill(index: CaseIndex, cases: MadeUpCases, count: int) -> None:
    """Add cases, many in one transaction."""
    for begin in range(0, count, _TOGETHER):
        drawn = list(cases.draw(min(_TOGETHER, count - begin), f"made-up-{begin}"))
        index.add([r for r, _ in drawn], texts={r.source: vector for r, vector in drawn})
    index.tidy()


def main() -> None:
    """Build, search, add."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--reports", type=int, default=400)
    parser.add_argument("--queries", type=int, default=50)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        embedder = DrawnVectors()
        index = CaseIndex(Path(folder), load_knowledge().vocabulary, embedder=embedder)
        cases = MadeUpCases(given.reports, seed=1)
        begin, used = time.perf_counter(), time.process_time()
        fill(index, cases, given.count)
        print(f"{len(index)} cases in {time.perf_counter() - begin:.0f} s, processor "
              f"{time.process_time() - used:.0f} s")  # fmt: skip
        size = sum(f.stat().st_size for f in Path(folder).iterdir())
        print(f"on disk {size / _MIB:.0f} MiB", flush=True)
        _print_times("a search", _searched(index, embedder, cases, given.queries))
        _print_times("adding one", _added(index, embedder, cases, 20))


def _searched(
    index: CaseIndex, embedder: DrawnVectors, cases: MadeUpCases, count: int
) -> list[tuple[float, float]]:
    taken = []
    for record, vector in cases.draw(count, "query"):
        embedder.next = vector
        begin, used = time.perf_counter(), time.process_time()
        index.search(record, top=5)
        taken.append((time.perf_counter() - begin, time.process_time() - used))
    return taken[1:]  # the first opens the graph


def _added(
    index: CaseIndex, embedder: DrawnVectors, cases: MadeUpCases, count: int
) -> list[tuple[float, float]]:
    taken = []
    for record, vector in cases.draw(count, "added"):
        embedder.next = vector
        begin, used = time.perf_counter(), time.process_time()
        index.add([record])
        taken.append((time.perf_counter() - begin, time.process_time() - used))
    return taken


def _print_times(what: str, taken: Sequence[tuple[float, float]]) -> None:
    wall, processor = (np.percentile(t, [50, 95, 100]) * 1000 for t in zip(*taken, strict=True))
    print(f"{what}: wall p50 {wall[0]:.0f} p95 {wall[1]:.0f} longest {wall[2]:.0f} ms, "
          f"processor p50 {processor[0]:.0f} p95 {processor[1]:.0f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
