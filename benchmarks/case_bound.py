"""From which likeness on a case is worth calling similar, and what the steps of likeness are worth.

Queries, collection and judgement are those of ``case_search.py``. For each step of likeness: how
many pairs of a query and one of its 100 nearest cases, how relevant they are on average, and how
many of them share a third of the human coding or more. Beside that, made-up reports of other
examinations, to which nothing of the collection is similar, as they are and without the line that
names the examination, which tells the part of the body.

    python benchmarks/case_bound.py [--part development] [--folder INDEX]

The bounds of ``dxtrace/retrieval/cases/bound.py`` were chosen with ``--part development``; without
it the held-back queries are counted.
"""

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.case_search import Judged, build, chosen_parts, relevance
from benchmarks.other_examinations import OTHER_EXAMINATIONS
from dxtrace.clinical import Case, Report
from dxtrace.knowledge import load_knowledge
from dxtrace.retrieval.cases import CaseIndex
from dxtrace.retrieval.cases.bound import LEAST, LEAST_WORDS
from tools.report_reader import ReportReader
from tools.report_tool import ReportTool
from tools.similar_cases import case_record
from tools.similar_cases.collection import Origin

NEAREST, STEP = 100, 0.1
THIRD = 1 / 3
_EXAM = re.compile(r"EXAM: [^.]*\. ")


def pairs_of(
    index: CaseIndex, queries: Sequence[Judged], collection: Sequence[Judged]
) -> dict[str, list[tuple[float, float, bool, bool]]]:
    """For each query its nearest cases: likeness, relevance, whether shown, whether coded normal.

    Queries to which nothing of the collection is relevant are left out.
    """
    numbers = dict(index.database.rows("SELECT seq, source FROM cases"))
    known = {j.record.source: j for j in collection}
    found = {}
    for query in queries:
        near = index.rank(query.record, top=NEAREST)
        found[query.record.id] = [
            (each.score, relevance(query.codes, known[numbers[each.seq]].codes),
             each.bounded >= LEAST, query.is_normal)
            for each in near
        ]  # fmt: skip
    return found


def print_steps(found: dict[str, list[tuple[float, float, bool, bool]]]) -> None:
    """What each step of likeness is worth, over queries that are coded abnormal."""
    pairs = np.array([p for near in found.values() for p in near if not p[3]])
    print(f"{'likeness':14}{'pairs':>8}{'relevance':>11}{'a third or more':>17}")
    for low in np.arange(0, 1, STEP):
        part = pairs[(pairs[:, 0] >= low) & (pairs[:, 0] < low + STEP + (low + STEP >= 1))]
        if len(part):
            print(f"{low:.1f} to {low + STEP:.1f}    {len(part):8}{part[:, 1].mean():11.3f}"
                  f"{np.mean(part[:, 1] >= THIRD):17.2f}")  # fmt: skip
    few_words = pairs[(pairs[:, 0] >= LEAST) & (pairs[:, 2] == 0)]
    print(f"left out for their words alone: {len(few_words)}, a third or more "
          f"{np.mean(few_words[:, 1] >= THIRD) if len(few_words) else 0:.2f}")  # fmt: skip
    for name, normal in (("abnormal", 0), ("normal", 1)):
        asked = [near for near in found.values() if near and near[0][3] == normal]
        none = sum(not any(p[2] for p in near) for near in asked)
        print(f"nothing similar: {none} of {len(asked)} queries coded {name}")


def print_others(index: CaseIndex) -> None:
    """How many reports of other examinations find something similar."""
    tool = ReportTool(ReportReader(load_knowledge()))
    for what, texts in (
        ("as they are", OTHER_EXAMINATIONS),
        ("without the examination", [_EXAM.sub("", t) for t in OTHER_EXAMINATIONS]),
    ):
        found = []
        for number, text in enumerate(texts):
            case = Case(id=f"other-{number}", reports=(Report(text=text),))
            asked = case_record(case, tool.run(case), Origin(source=case.id))
            found += [(near[0], text) for near in [index.search(asked, top=1)] if near]
        print(f"other examinations {what}: {len(found)} of {len(texts)} find something similar")
        for similar, text in found:
            print(f"  {similar.similarity:.2f} {text[:70]}")


def main() -> int:
    """Build, ask, print."""
    parts = chosen_parts(__doc__.splitlines()[0])
    queries, collection = parts.queries, parts.collection
    print(f"{parts.name}: {len(queries)} queries; bounds {LEAST} and {LEAST_WORDS} (words)")
    with tempfile.TemporaryDirectory() as temporary:
        records = [j.record.model_copy(update={"body_part": "chest"}) for j in collection]
        index = build(parts.folder or Path(temporary), records)
        print_steps(pairs_of(index, queries, collection))
        print_others(index)
    return 0


if __name__ == "__main__":
    sys.exit(main())
