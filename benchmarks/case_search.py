"""How well similar cases are found, judged by the human coding of the Indiana reports.

Queries are the reports whose number is divisible by 5, the collection the others. How relevant a
case is, is the overlap of the two codings (MeSH headings with their qualifiers), from 0 to 1: two
codes of one heading count half for the heading and half for the qualifiers that they share
(Jaccard), codes are paired off one to one, and the sum is divided by the mean number of codes
(Dice). The index never sees the coding. Reports without any coding ("No Indexing") cannot be judged
and are left out. A text identical to the query's is in neither the ranking nor the best possible
one.

    python benchmarks/case_search.py [--part development] [--folder INDEX]

Development (choosing weights): queries whose number leaves 1 when divided by 5, the rest of the
collection searched. Everything is printed in one run; ``BM25`` alone is given twice, by SQLite's
index, which the case index uses, and by ``bm25s``, and the better one counts.
"""

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from dxtrace.clinical import Finding
from dxtrace.intake.indiana import IndianaReport, read_indiana
from dxtrace.knowledge import load_knowledge
from dxtrace.retrieval.cases import CaseIndex, CaseRecord
from dxtrace.retrieval.cases.index import SHARES
from dxtrace.retrieval.cases.vectors import TEXT
from dxtrace.retrieval.lexical import LexicalIndex
from tools.embedder import configured_embedder
from tools.report_reader import ReportReader

TOP = 10
HELD_BACK, DEVELOPMENT = 0, 1
ALONE = {"BM25 (FTS5)": {"words": 1.0}, "dense": {TEXT: 1.0}, "findings": {"findings": 1.0}}
NOT_CODED = "no indexing"
WANTED_GAIN = 1.10
_TOGETHER = 64
Code = tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """A report with its codes."""

    report: IndianaReport
    codes: tuple[Code, ...]
    record: CaseRecord

    @property
    def is_normal(self) -> bool:
        """Whether it is coded as normal and nothing else."""
        return self.codes == (("normal",),)

    @property
    def plain(self) -> str:
        """Its words, however they are set."""
        return " ".join(self.report.text.lower().split())


def codes_of(report: IndianaReport) -> tuple[Code, ...]:
    """Headings with their qualifiers."""
    split = (tuple(part.strip().lower() for part in m.split("/")) for m in report.mesh)
    return tuple(code for code in split if code[0] and code[0] != NOT_CODED)


def code_overlap(one: Code, other: Code) -> float:
    """Half for the heading, half for the qualifiers."""
    if one[0] != other[0]:
        return 0.0
    mine, theirs = set(one[1:]), set(other[1:])
    return 0.5 + 0.5 * (len(mine & theirs) / len(mine | theirs) if mine | theirs else 1.0)


def relevance(one: Sequence[Code], other: Sequence[Code]) -> float:
    """Overlap of two codings, 0 to 1; codes are paired off, the most alike first."""
    pairs = sorted(
        ((code_overlap(a, b), i, j) for i, a in enumerate(one) for j, b in enumerate(other)),
        reverse=True,
    )
    total, mine, theirs = 0.0, set[int](), set[int]()
    for overlap, i, j in pairs:
        if overlap and i not in mine and j not in theirs:
            total += overlap
            mine.add(i)
            theirs.add(j)
    return 2 * total / (len(one) + len(other))


def ndcg(gains: Sequence[float], possible: Sequence[float]) -> float | None:
    """Discounted gain over the best possible one; None if nothing is relevant."""
    best = _dcg(sorted(possible, reverse=True)[:TOP])
    return _dcg(gains[:TOP]) / best if best else None


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))


def judge(reports: Sequence[IndianaReport]) -> list[Judged]:
    """Read the reports; those without codes are left out."""
    reader = ReportReader(load_knowledge())
    return [
        Judged(report, codes, _record(report, reader.read(report.text).findings))
        for report in reports
        if (codes := codes_of(report))
    ]


def _record(report: IndianaReport, findings: Sequence[Finding]) -> CaseRecord:
    return CaseRecord(
        id=str(report.number), source=f"indiana#{report.number}", report=report.text,
        findings=tuple(findings),
    )  # fmt: skip


def build(folder: Path, collection: Sequence[CaseRecord]) -> CaseIndex:
    """Index the collection; what is there already is not embedded again."""
    index = CaseIndex(folder, load_knowledge().vocabulary, embedder=configured_embedder())
    begin = time.perf_counter()
    for start in range(0, len(collection), _TOGETHER):
        index.add(collection[start : start + _TOGETHER])
    print(f"{len(index)} reports indexed in {time.perf_counter() - begin:.0f} s\n", flush=True)
    return index


def rankings(
    index: CaseIndex, collection: Sequence[Judged]
) -> dict[str, Callable[[Judged], list[int]]]:
    """Ways to rank, each giving positions in the collection."""
    numbers = dict(index.database.rows("SELECT seq, source FROM cases"))
    place = {j.record.source: n for n, j in enumerate(collection)}
    lexical = LexicalIndex([j.report.text for j in collection])

    def by(shares: dict[str, float]) -> Callable[[Judged], list[int]]:
        def rank(query: Judged) -> list[int]:
            listed = index.rank(query.record, top=TOP, shares=shares)
            return [place[numbers[each.seq]] for each in listed]

        return rank

    def by_bm25s(query: Judged) -> list[int]:
        order = np.argsort(-lexical.scores(query.report.text), kind="stable")
        return [int(n) for n in order if collection[n].plain != query.plain][:TOP]

    ways = {name: by(shares) for name, shares in ALONE.items()}
    return {"BM25 (bm25s)": by_bm25s, **ways, "fused": by(SHARES)}


@dataclass(frozen=True)
class Parts:
    """What is asked with, and what is searched.

    Attributes:
        name: the part of the reports that is asked with.
        folder: where to keep the index; None for a temporary one.
        reports: number of reports.
        queries: asked with.
        collection: searched.
    """

    name: str
    folder: Path | None
    reports: int
    queries: list[Judged]
    collection: list[Judged]


def chosen_parts(description: str) -> Parts:
    """The parts that the command line asks for."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--part", choices=("held-back", "development"), default="held-back")
    parser.add_argument("--folder", type=Path, help="keep the index here (default: temporary)")
    given = parser.parse_args()
    held_back = given.part == "held-back"
    part = HELD_BACK if held_back else DEVELOPMENT
    reports = [r for r in read_indiana() if held_back or r.number % 5 != HELD_BACK]
    judged = judge(reports)
    return Parts(
        name=given.part, folder=given.folder, reports=len(reports),
        queries=[j for j in judged if j.report.number % 5 == part],
        collection=[j for j in judged if j.report.number % 5 != part],
    )  # fmt: skip


def main() -> int:
    """Build, search, compare."""
    parts = chosen_parts(__doc__.splitlines()[0])
    queries, collection = parts.queries, parts.collection
    coded = len(queries) + len(collection)
    print(f"{parts.name} part: {coded} of {parts.reports} reports are coded")
    with tempfile.TemporaryDirectory() as temporary:
        index = build(parts.folder or Path(temporary), [j.record for j in collection])
        figures = compare(queries, collection, rankings(index, collection))
    baseline = max(v for name, v in figures.items() if name.startswith(("BM25", "dense")))
    gain = figures["fused"] / baseline
    print(f"\nfused is {gain:.3f} x the better of BM25 and dense (wanted: {WANTED_GAIN:.2f})")
    return 0 if gain >= WANTED_GAIN else 1


def compare(
    queries: Sequence[Judged],
    collection: Sequence[Judged],
    ways: dict[str, Callable[[Judged], list[int]]],
) -> dict[str, float]:
    """Print nDCG@10 of each way over all queries, and apart for those coded normal.

    Returns:
        The mean over all queries, by way.
    """
    scores: dict[str, list[float]] = {name: [] for name in ways}
    seconds = dict.fromkeys(ways, 0.0)
    normal: list[bool] = []
    for query in queries:
        gains = [
            0.0 if j.plain == query.plain else relevance(query.codes, j.codes) for j in collection
        ]
        if ndcg([], gains) is None:
            continue
        normal.append(query.is_normal)
        for name, rank in ways.items():
            begin = time.process_time()
            found = rank(query)
            seconds[name] += time.process_time() - begin
            same = [n for n in found if collection[n].plain == query.plain]
            if same:
                raise AssertionError(f"{name} ranks the query's own text")
            scores[name].append(ndcg([gains[n] for n in found], gains) or 0.0)
    flags = np.array(normal)
    print(f"{len(flags)} queries ({int(flags.sum())} coded normal), {len(collection)} cases")
    print(f"{'nDCG@10':16}{'all':>9}{'abnormal':>10}{'normal':>9}{'ms a query':>12}")
    for name, values in scores.items():
        v = np.array(values)
        print(f"{name:16}{v.mean():9.4f}{v[~flags].mean():10.4f}{v[flags].mean():9.4f}"
              f"{1000 * seconds[name] / len(v):12.1f}")  # fmt: skip
    return {name: float(np.mean(values)) for name, values in scores.items()}


if __name__ == "__main__":
    sys.exit(main())
