"""Guideline search on clinicians' questions: is the deciding passage among the first three?

    python -m benchmarks.guideline_search              # both parts, each by itself
    python -m benchmarks.guideline_search --calibrate  # fit score and bound on the development part

The questions are in ``guideline_questions/``. Calibration writes ``calibration.yaml`` and
``pack_vectors.npz`` beside the search; it uses the development part only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import beta

sys.path.insert(0, str(Path(__file__).parents[1]))

from dxtrace.knowledge import load_knowledge
from dxtrace.retrieval.guidelines import (
    Found,
    GuidelineIndex,
    GuidelineLibrary,
    QuotationError,
    Route,
    verify_quotation,
)
from dxtrace.retrieval.guidelines.index import Candidate
from dxtrace.retrieval.guidelines.pack_vectors import VECTORS, write_vectors
from dxtrace.retrieval.guidelines.relevance import CALIBRATION, Calibration, Signals
from dxtrace.retrieval.vector_cache import CachedEmbedder
from dxtrace.user_folders import cache_folder
from tools.embedder import configured_embedder
from tools.guideline_route import RouteReader
from tools.report_reader import ReportReader

QUESTIONS = Path(__file__).with_name("guideline_questions")
PARTS = ("development", "held_back")
FIRST = 3
RIDGE = 0.003
WRONG_AT_MOST = 0.05  # share of uncovered questions that the fit may answer
LOST_AT_MOST = 0.0  # share of deciding passages that the gap may cut off
SIGNALS = tuple(Signals.__dataclass_fields__)


@dataclass(frozen=True)
class Question:
    """A question, its route, and the passage that decides it (empty if no pack covers it)."""

    text: str
    decides: str
    route: Route


def read_questions(part: str, routes: RouteReader) -> list[Question]:
    """The questions of a part."""
    entries = yaml.safe_load((QUESTIONS / f"{part}.yaml").read_text(encoding="utf-8"))
    return [Question(e["ask"], e.get("decides", ""), routes.read(e["ask"])) for e in entries]


# -- calibration ---------------------------------------------------------------------------------


def calibrate(index: GuidelineIndex, questions: Sequence[Question]) -> Calibration:
    """Fit the weights by logistic regression, then bound and gap."""
    found = [_each_text_once(index.candidates(q.text, q.route)) for q in questions]
    rows = [_row(c) for candidates in found for c in candidates]
    right = [
        float(c.entry.passage.key == q.decides)
        for q, candidates in zip(questions, found, strict=True)
        for c in candidates
    ]
    weights = _fit(np.array(rows), np.array(right), len(questions))
    fitted = Calibration(
        embedder=index.embedder.fingerprint, fitted=datetime.now(UTC).date().isoformat(),
        covered=sum(bool(q.decides) for q in questions),
        uncovered=sum(not q.decides for q in questions),
        weights=weights, bound=0.0, gap=0.0, answered_wrongly=0, risk_at_most=1.0,
    )  # fmt: skip
    return _with_bounds(fitted, questions, found)


def _row(candidate: Candidate) -> list[float]:
    return [getattr(candidate.signals, name) for name in SIGNALS]


def _each_text_once(candidates: list[Candidate]) -> list[Candidate]:
    return list({c.entry.passage.text: c for c in candidates}.values())


def _fit(x: NDArray[np.float64], y: NDArray[np.float64], count: int) -> dict[str, float]:
    """Logistic regression with a small ridge.

    Args:
        x: signals of every candidate of every question, (candidates, signals).
        y: 1 for the passage that decides.
        count: number of questions.
    """

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = x @ w[:-1] + w[-1]
        error = 1 / (1 + np.exp(-z)) - y
        value = float((np.logaddexp(0, z) - y * z).sum() / count + RIDGE * (w[:-1] ** 2).sum())
        return value, np.append(x.T @ error / count + 2 * RIDGE * w[:-1], error.sum() / count)

    best = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return {n: round(float(v), 3) for n, v in zip((*SIGNALS, "constant"), best, strict=True)}


def _with_bounds(
    fitted: Calibration, questions: Sequence[Question], found: Sequence[list[Candidate]]
) -> Calibration:
    scores = [sorted((fitted.score(c.signals) for c in cs), reverse=True) for cs in found]
    outside = sorted(
        (s[0] for q, s in zip(questions, scores, strict=True) if not q.decides and s), reverse=True
    )
    inside = sorted(s[0] for q, s in zip(questions, scores, strict=True) if q.decides and s)
    wrong = int(WRONG_AT_MOST * fitted.uncovered)
    above = outside[wrong]
    bound = (above + next((s for s in inside if s > above), above)) / 2
    gaps = sorted(
        _gap_before(fitted, q, cs) for q, cs in zip(questions, found, strict=True) if q.decides
    )
    gap = gaps[-1 - int(LOST_AT_MOST * len(gaps))]
    upper = float(beta.ppf(0.95, wrong + 1, fitted.uncovered - wrong))
    return fitted.model_copy(
        update={
            "bound": round(bound, 2), "gap": round(gap + 0.01, 2), "answered_wrongly": wrong,
            "risk_at_most": round(upper, 3),
        }
    )  # fmt: skip


def _gap_before(fitted: Calibration, question: Question, candidates: list[Candidate]) -> float:
    """The largest step between scores before the deciding passage, if it is among the first."""
    ordered = sorted(candidates, key=lambda c: -fitted.score(c.signals))[:FIRST]
    place = next((n for n, c in enumerate(ordered) if c.entry.passage.key == question.decides), 0)
    scores = [fitted.score(c.signals) for c in ordered[: place + 1]]
    return max((a - b for a, b in pairwise(scores)), default=0.0)


# -- figures -------------------------------------------------------------------------------------


def print_figures(index: GuidelineIndex, questions: Sequence[Question], *, errors: bool) -> None:
    """What the search does with questions, and what either list alone would do."""
    covered = [q for q in questions if q.decides]
    uncovered = [q for q in questions if not q.decides]
    keys = {e.reference: e.passage.key for e in index.library.open()[0]}

    def alone(search: Callable[[str, Route], dict[str, float]]) -> list[bool]:
        ranked = [list(search(q.text, q.route)) for q in covered]
        firsts = [list(dict.fromkeys(keys[r] for r in rs))[:FIRST] for rs in ranked]
        return [q.decides in first for q, first in zip(covered, firsts, strict=True)]

    def fused(question: str, route: Route) -> dict[str, float]:
        return {c.entry.reference: 0.0 for c in index.candidates(question, route)}

    def ordered(question: str, route: Route) -> dict[str, float]:
        by_score = sorted(
            index.candidates(question, route), key=lambda c: -index.calibration.score(c.signals)
        )
        return {c.entry.reference: 0.0 for c in by_score}

    found = {q.text: index.search(q.text, q.route) for q in questions}
    given = {t: [h.passage.key for h in f.hits] for t, f in found.items()}
    print(f"{len(covered)} covered questions: deciding passage among the first {FIRST}")
    _print_share("  dense alone, nothing left out", alone(index.dense))
    _print_share("  BM25 alone, nothing left out", alone(index.lexical))
    _print_share("  fused by rank, nothing left out", alone(fused))
    _print_share("  ordered by the score, nothing left out", alone(ordered))
    _print_share(
        "  the search, with its bound", [q.decides in given[q.text][:FIRST] for q in covered]
    )
    _print_share("  the search: first", [q.decides in given[q.text][:1] for q in covered])
    print(f"  passages given: {np.mean([len(given[q.text]) for q in covered]):.2f} on average")
    print(f"{len(uncovered)} questions that no pack covers")
    _print_share("  nothing relevant", [not given[q.text] for q in uncovered])
    print(f"citations that fail verification: {_failures(found.values())}")
    for q in questions if errors else ():
        if (q.decides not in given[q.text][:FIRST]) if q.decides else given[q.text]:
            print(f"    {q.decides or 'nothing'} | {q.text} | {given[q.text]}")


def _failures(found: Iterable[Found]) -> int:
    failed = 0
    for hit in (h for f in found for h in f.hits):
        try:
            verify_quotation(hit.passage.text, hit.quotation, hit.span)
        except QuotationError:
            failed += 1
    return failed


def _print_share(label: str, right: Sequence[bool]) -> None:
    print(f"{label}: {sum(right)} of {len(right)} ({100 * np.mean(right):.1f} %)")


def main() -> None:
    """Calibrate, or print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calibrate", action="store_true")
    parser.add_argument("--errors", action="store_true", help="list what went wrong")
    parser.add_argument("--part", choices=PARTS, action="append")
    options = parser.parse_args()
    knowledge = load_knowledge()
    # These questions are about nobody: their vectors are kept, so that a second run is fast.
    embedder = CachedEmbedder(configured_embedder(), cache_folder() / "benchmark_vectors.sqlite")
    routes = RouteReader(knowledge, ReportReader(knowledge))
    with tempfile.TemporaryDirectory() as folder:
        library = GuidelineLibrary(Path(folder), knowledge, embedder, routes.concepts_in)
        index = GuidelineIndex(library)
        if options.calibrate:
            fitted = calibrate(index, read_questions("development", routes))
            CALIBRATION.write_text(_HEADER + yaml.safe_dump(fitted.model_dump(), sort_keys=False))
            write_vectors(VECTORS, embedder, library.record.current())
            index = GuidelineIndex(library, fitted)
        for part in options.part or PARTS:
            print(f"\n{part.replace('_', ' ')}")
            print_figures(index, read_questions(part, routes), errors=options.errors)


_HEADER = (
    "# Written by benchmarks/guideline_search.py --calibrate from the development questions.\n"
)

if __name__ == "__main__":
    main()
