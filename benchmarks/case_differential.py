"""Whether a differential by analogy names what the report's own impression names.

Queries are the Indiana reports whose number is divisible by 5, with their impression cut off; the
collection is the others, whole. Right is what the query's own impression names as there or possible
(the most specific concepts, as the report reader reads them); reports whose impression names
nothing abnormal are left out, and so are those without findings or without an impression. A text
identical to the query's, whole or cut, is not in the collection that it searches.

    python benchmarks/case_differential.py [--part development] [--folder INDEX]

Compared with what needs no search: the three that most impressions of the collection name
(*frequency*), and the patient's own findings, those first that most impressions name (*own*), since
an impression mostly repeats findings. *New* counts only what the query's own findings do not state:
there, nothing is to be had by repeating.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.case_search import DEVELOPMENT, HELD_BACK, build
from dxtrace.clinical import Presence
from dxtrace.intake.indiana import IndianaReport, read_indiana
from dxtrace.knowledge import load_knowledge
from dxtrace.retrieval.cases import LEAST_COUNTED, NEIGHBOURS, CaseIndex, CaseRecord, differential
from dxtrace.retrieval.cases.differential import impression_of
from dxtrace.retrieval.cases.features import is_stated
from tools.report_reader import ReportReader

FIRST = 3
_IMPRESSION = "IMPRESSION:"
Ranking = Callable[["Query"], list[str]]


@dataclass(frozen=True)
class Read:
    """A report as the index keeps it."""

    report: IndianaReport
    record: CaseRecord


@dataclass(frozen=True)
class Query:
    """A report without its impression, and what that names.

    Attributes:
        record: findings and words without the impression.
        named: concepts of the impression.
        own: concepts that the findings state as there or possible.
    """

    record: CaseRecord
    named: frozenset[str]
    own: frozenset[str]


def read_reports(reports: Sequence[IndianaReport], reader: ReportReader) -> list[Read]:
    """Reports with their findings."""
    return [
        Read(r, CaseRecord(id=str(r.number), source=f"indiana#{r.number}", report=r.text,
                           identities=frozenset({f"text:{_plain(_cut(r.text))}"}),
                           findings=reader.read(r.text).findings))
        for r in reports
    ]  # fmt: skip


def _cut(text: str) -> str:
    return text.partition(_IMPRESSION)[0].strip()


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def queries_of(read: Sequence[Read], reader: ReportReader) -> list[Query]:
    """Those with findings, and an impression that names something abnormal."""
    vocabulary = load_knowledge().vocabulary
    found = []
    for each in read:
        named = impression_of(each.record.findings, vocabulary)
        body = _cut(each.report.text)
        if not named or "FINDINGS:" not in body:
            continue
        findings = reader.read(body).findings
        own = frozenset(
            f.concept for f in findings
            if is_stated(f) and f.presence is not Presence.ABSENT
            and vocabulary.concepts[f.concept].kind in ("finding", "lesion")
        )  # fmt: skip
        record = each.record.model_copy(update={"report": body, "findings": findings})
        found.append(Query(record, named, own))
    return found


def rankings(index: CaseIndex, collection: Sequence[Read], neighbours: int) -> dict[str, Ranking]:
    """Ways to rank candidates."""
    vocabulary = load_knowledge().vocabulary
    counts = Counter(
        c for r in collection for c in impression_of(r.record.findings, vocabulary)
    )  # fmt: skip
    common = [c for c, _ in counts.most_common()]

    def by_analogy(query: Query) -> list[str]:
        near = index.neighbours(query.record, top=neighbours, least=LEAST_COUNTED)
        found = differential(query.record.findings, near, vocabulary)
        return [c.concept for c in found.candidates]

    def by_own(query: Query) -> list[str]:
        general = frozenset[str]().union(*(vocabulary.ancestors[c] for c in query.own))
        own = sorted(query.own - general, key=lambda c: -counts[c])
        return [*own, *(c for c in common if c not in query.own)]

    return {"frequency": lambda _: common, "own findings": by_own, "analogy": by_analogy}


def compare(queries: Sequence[Query], ways: dict[str, Ranking]) -> None:
    """Print how much of each impression is among the first three, whole and new."""
    total = sum(len(q.named) for q in queries)
    fresh = [q for q in queries if q.named - q.own]
    unstated = sum(len(q.named - q.own) for q in fresh)
    print(f"{len(queries)} queries, {total} concepts in their impressions")
    print(f"{len(fresh)} of them name {unstated} that their findings do not state")
    print(f"{'first ' + str(FIRST):16}{'any':>8}{'all of it':>11}{'new: any':>10}"
          f"{'new: all of it':>16}{'ms a query':>12}")  # fmt: skip
    for name, rank in ways.items():
        begin = time.process_time()
        found = [rank(q) for q in queries]
        spent = (time.process_time() - begin) / len(queries)
        whole = [_hits(f, q.named) for f, q in zip(found, queries, strict=True)]
        new = [
            _hits([c for c in f if c not in q.own], q.named - q.own)
            for f, q in zip(found, queries, strict=True)
            if q.named - q.own
        ]
        any_whole, any_new = (np.mean([h > 0 for h in hits]) for hits in (whole, new))
        print(f"{name:16}{any_whole:8.3f}{np.mean(whole):11.3f}{any_new:10.3f}{np.mean(new):16.3f}"
              f"{1000 * spent:12.1f}")  # fmt: skip


def _hits(found: Sequence[str], named: frozenset[str]) -> float:
    """The share of what is named that is among the first."""
    return len(named.intersection(found[:FIRST])) / len(named)


def main() -> int:
    """Build, ask, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=("held-back", "development"), default="held-back")
    parser.add_argument("--folder", type=Path, help="keep the index here (default: temporary)")
    parser.add_argument("--neighbours", type=int, default=NEIGHBOURS, help="cases that are counted")
    given = parser.parse_args()
    held_back = given.part == "held-back"
    part = HELD_BACK if held_back else DEVELOPMENT
    reader = ReportReader(load_knowledge())
    reports = [r for r in read_indiana() if held_back or r.number % 5 != HELD_BACK]
    read = read_reports(reports, reader)
    collection = [r for r in read if r.report.number % 5 != part]
    queries = queries_of([r for r in read if r.report.number % 5 == part], reader)
    with tempfile.TemporaryDirectory() as temporary:
        index = build(given.folder or Path(temporary), [r.record for r in collection])
        compare(queries, rankings(index, collection, given.neighbours))
    return 0


if __name__ == "__main__":
    sys.exit(main())
