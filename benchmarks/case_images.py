"""What vectors of images do to the search for similar cases: good ones, and ones that know nothing.

The Indiana reports come here without their images, so the vectors are made: by a tiny DINOv2 of
random weights from pictures of noise (*untrained model*), drawn around one direction as models that
know nothing of medicine give them (*chance*), and from the human coding, which the index never
sees, with as much noise as signal (*informed*). Queries, collection and judgement are those of
``case_search.py``. *as it is* is the index's own order; *cosines added* is what a fixed share of
0.1 of the plain cosine would do, for the images that are nearest.

    python benchmarks/case_images.py [--folder INDEX]
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.case_search import HELD_BACK, Judged, build, judge, ndcg, relevance
from dxtrace.intake.indiana import read_indiana
from dxtrace.knowledge import load_knowledge
from dxtrace.retrieval.cases import IMAGE, CaseIndex
from dxtrace.retrieval.cases.lists import Listed
from tools.embedder import configured_embedder

DIMENSION = 64
FIXED_SHARE, NEAREST = 0.1, 200
TOP, LOOKED_AT = 10, 400
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Sets:
    """Who asks whom.

    Attributes:
        queries: the reports that are asked about.
        collection: those that are searched.
        gains: for each query, how relevant each of the collection is.
    """

    queries: list[Judged]
    collection: list[Judged]
    gains: list[list[float]]


def unit(rows: Vectors) -> Vectors:
    """Rows of length 1."""
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def by_chance(reports: Sequence[Judged]) -> Vectors:
    """Vectors around one direction: any two have a cosine near 0.9."""
    rng = np.random.default_rng(1)
    direction = rng.normal(size=DIMENSION)
    return unit(3 * direction + rng.normal(size=(len(reports), DIMENSION)))


def by_coding(reports: Sequence[Judged]) -> Vectors:
    """Vectors that say what was coded, and as much that was not."""
    rng = np.random.default_rng(2)
    headings = sorted({code[0] for r in reports for code in r.codes})
    meaning = dict(zip(headings, unit(rng.normal(size=(len(headings), DIMENSION))), strict=True))
    said = unit(np.array([sum(meaning[c[0]] for c in r.codes) for r in reports]))
    return unit(said + unit(rng.normal(size=said.shape)))


def by_model(reports: Sequence[Judged]) -> Vectors:
    """Vectors of pictures of noise, by a model of random weights."""
    import torch
    from transformers import Dinov2Config, Dinov2Model

    torch.manual_seed(3)
    config = Dinov2Config(hidden_size=DIMENSION, num_hidden_layers=2, num_attention_heads=2,
                          image_size=28, patch_size=14)  # fmt: skip
    model = Dinov2Model(config).eval()
    rows = []
    with torch.inference_mode():
        for start in range(0, len(reports), 256):
            pictures = torch.rand(len(reports[start : start + 256]), 3, 28, 28)
            rows.append(model(pictures).pooler_output.numpy())
    return unit(np.concatenate(rows))


def score(gains: Sequence[list[float]], rank: Callable[[int], list[int]]) -> float:
    """Mean nDCG@10 of the queries for which anything is relevant."""
    found = (ndcg([each[n] for n in rank(number)], each) for number, each in enumerate(gains))
    return float(np.mean([value for value in found if value is not None]))


def gains_of(query: Judged, collection: Sequence[Judged]) -> list[float]:
    """How relevant each case is; the query's own words count for nothing."""
    return [0.0 if j.plain == query.plain else relevance(query.codes, j.codes) for j in collection]


def compare(folder: Path, sets: Sets, kind: str, vectors: Vectors | None) -> None:
    """Print the figures of one kind of vectors."""
    index = CaseIndex(
        folder, load_knowledge().vocabulary, embedder=configured_embedder(),
        image_embedder="" if vectors is None else kind,
    )  # fmt: skip
    queries, collection = sets.queries, sets.collection
    if vectors is not None:
        given = {j.record.source: v for j, v in zip(collection, vectors, strict=False)}
        index.add([j.record for j in collection], given)
        index.tidy()
    place = {j.record.source: n for n, j in enumerate(collection)}
    numbers = {seq: place[s] for seq, s in index.database.rows("SELECT seq, source FROM cases")}

    def image_of(number: int) -> Vectors | None:
        return None if vectors is None else vectors[len(collection) + number]

    def as_it_is(number: int) -> list[int]:
        found = index.rank(queries[number].record, top=TOP, image=image_of(number))
        return [numbers[each.seq] for each in found]

    def added(number: int) -> list[int]:
        found = index.rank(queries[number].record, top=LOOKED_AT, image=image_of(number))
        return [numbers[s] for s in _with_cosines(index, found, image_of(number))][:TOP]

    plain = score(sets.gains, as_it_is)
    if vectors is None:
        print(f"{'no images':20}{'':12}{plain:12.4f}", flush=True)
        return
    fixed = score(sets.gains, added)
    agreement = index.image_agreement().agreement
    print(f"{kind:20}{agreement:12.3f}{plain:12.4f}{fixed:16.4f}", flush=True)


def _with_cosines(index: CaseIndex, found: list[Listed], image: Any) -> list[int]:
    """The order by a fixed share of the plain cosine, for the nearest images alone."""
    space = index._lists.space(IMAGE, DIMENSION)  # noqa: SLF001 - the other way is not the index's
    near = {n.seq: n.cosine for n in space.nearest(image, NEAREST)}
    scores = {
        each.seq: each.score - each.parts.get(IMAGE, 0.0) + FIXED_SHARE * near.get(each.seq, 0.0)
        for each in found
    }
    return sorted(scores, key=lambda seq: -scores[seq])


def main() -> int:
    """Build once, then each kind of vectors on a copy."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="an index of case_search.py (default: made)")
    parser.add_argument("--every", type=int, default=1, help="take every so-manieth query")
    given = parser.parse_args()
    judged = judge(list(read_indiana()))
    held_back = [j for j in judged if j.report.number % 5 == HELD_BACK]
    queries = held_back[:: given.every]
    collection = [j for j in judged if j.report.number % 5 != HELD_BACK]
    sets = Sets(queries, collection, [gains_of(q, collection) for q in queries])
    everybody = [*collection, *queries]
    with tempfile.TemporaryDirectory() as temporary:
        base = given.folder or Path(temporary) / "index"
        build(base, [j.record for j in collection]).close()
        print(f"{len(queries)} queries, {len(collection)} cases")
        print(f"{'nDCG@10':20}{'agreement':>12}{'as it is':>12}{'cosines added':>16}")
        kinds = {"no images": None, "untrained model": by_model, "chance": by_chance,
                 "informed": by_coding}  # fmt: skip
        for kind, make in kinds.items():
            copy = Path(temporary) / kind.replace(" ", "-")
            shutil.copytree(base, copy)
            compare(copy, sets, kind, make(everybody) if make else None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
