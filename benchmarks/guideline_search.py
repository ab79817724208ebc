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
from contextlib import ExitStack
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize
from scipy.stats import beta

sys.path.insert(0, str(Path(__file__).parents[1]))

from dxtrace.knowledge import Knowledge, load_knowledge
from dxtrace.retrieval.guidelines import (
    Found,
    GuidelineIndex,
    GuidelineLibrary,
    QuotationError,
    Route,
    verify_quotation,
)
from dxtrace.retrieval.guidelines.index import (
    MOST_PASSAGES,
    Candidate,
    each_text_once,
    question_signals,
)
from dxtrace.retrieval.guidelines.pack_vectors import VECTORS, write_vectors
from dxtrace.retrieval.guidelines.relevance import (
    CALIBRATION,
    Calibration,
    QuestionSignals,
    Signals,
    probability,
)
from dxtrace.retrieval.vector_cache import CachedEmbedder
from dxtrace.user_folders import cache_folder
from tools.embedder import configured_embedder
from tools.guideline_route import RouteReader
from tools.report_reader import ReportReader

QUESTIONS = Path(__file__).with_name("guideline_questions")
PARTS = ("development", "held_back", "fresh", "last", "second_writer")
FIRST = 3
RIDGE = 0.001
STRONG, FAIR = 1 / 2, 1 / 5  # share of passages that decide, among those given with a word
LOST_AT_MOST = 0.005  # share of deciding passages that the gap may cut off
SIGNALS = (*Signals.__dataclass_fields__, "constant")
QUESTION_SIGNALS = (*QuestionSignals.__dataclass_fields__, "constant")
Scored = list[tuple[float, Candidate]]


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


def calibrate(indexes: Sequence[GuidelineIndex], questions: Sequence[Question]) -> Calibration:
    """Fit the weights by logistic regression, then bound and gap.

    Args:
        indexes: the packs as they are, then without what is asked of their passages: a document of
            the user's own is found by the same weights.
        questions: with known answers.
    """
    found = [[i.candidates(q.text, q.route) for q in questions] for i in indexes]
    pairs = [pair for each in found for pair in zip(questions, each, strict=True)]
    rows = [(q, c) for q, cs in pairs for c in {c.entry.passage.text: c for c in cs}.values()]
    weights = _fit(
        np.array([astuple(c.signals) for _, c in rows]),
        np.array([float(c.entry.passage.key == q.decides) for q, c in rows]), len(pairs), SIGNALS,
    )  # fmt: skip
    fitted = Calibration(
        embedder=indexes[0].embedder.fingerprint, fitted=datetime.now(UTC).date().isoformat(),
        covered=sum(bool(q.decides) for q in questions),
        uncovered=sum(not q.decides for q in questions),
        weights=weights, question_weights={}, bound=0.0, gap=0.0, strong_from=1.0,
        fair_from=1.0, answered_wrongly=0, risk_at_most=1.0,
    )  # fmt: skip
    best = [(q, _scored(fitted, candidates)) for q, candidates in pairs if candidates]
    question_weights = _fit(
        np.array([astuple(question_signals(q.text, *scored[0])) for q, scored in best]),
        np.array([float(bool(q.decides)) for q, _ in best]), len(best), QUESTION_SIGNALS,
    )  # fmt: skip
    fitted = fitted.model_copy(update={"question_weights": question_weights})
    scored = [_scored(fitted, candidates) for candidates in found[0]]
    return _with_strengths(_with_bounds(fitted, questions, scored), questions, scored)


def _scored(fitted: Calibration, candidates: Sequence[Candidate]) -> Scored:
    return each_text_once([(fitted.score(c.signals), c) for c in candidates])


def _fit(
    x: NDArray[np.float64], y: NDArray[np.float64], count: int, names: Sequence[str]
) -> dict[str, float]:
    """Logistic regression with a small ridge.

    Args:
        x: signals, (examples, signals).
        y: 1 for what answers or is answered, (examples,).
        count: number of questions.
        names: of the signals, and of the constant.
    """

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = x @ w[:-1] + w[-1]
        error = 1 / (1 + np.exp(-z)) - y
        value = float((np.logaddexp(0, z) - y * z).sum() / count + RIDGE * (w[:-1] ** 2).sum())
        return value, np.append(x.T @ error / count + 2 * RIDGE * w[:-1], error.sum() / count)

    best = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return {n: round(float(v), 3) for n, v in zip(names, best, strict=True)}


def _with_bounds(
    fitted: Calibration, questions: Sequence[Question], found: Sequence[Scored]
) -> Calibration:
    """The bound that makes the larger of two shares least: covered lost, uncovered answered."""
    pairs = [(q, scored) for q, scored in zip(questions, found, strict=True) if scored]
    scores = [(q, fitted.question_score(question_signals(q.text, *s[0]))) for q, s in pairs]
    answered = np.array([s for q, s in scores if q.decides])
    others = np.array([s for q, s in scores if not q.decides])
    bounds = (np.sort(others)[1:] + np.sort(others)[:-1]) / 2
    lost = np.array([(answered < b).mean() for b in bounds])
    wrong = np.array([(others >= b).sum() for b in bounds])
    best = int(np.argmin(np.maximum(lost, wrong / fitted.uncovered)))
    gaps = sorted(_gap_before(q, scored) for q, scored in pairs if q.decides)
    gap = gaps[-1 - int(LOST_AT_MOST * len(gaps))]
    return fitted.model_copy(
        update={
            "bound": round(float(bounds[best]), 2), "gap": round(gap + 0.01, 2),
            "answered_wrongly": int(wrong[best]),
            "risk_at_most": round(_upper(int(wrong[best]), fitted.uncovered), 3),
        }
    )  # fmt: skip


def _with_strengths(
    fitted: Calibration, questions: Sequence[Question], found: Sequence[Scored]
) -> Calibration:
    """From which relevance on one in two, and one in five, of the passages given decide."""
    given = [
        (probability(score), candidate.entry.passage.key == q.decides)
        for q, scored in zip(questions, found, strict=True) if scored
        for score, candidate in scored[: fitted.chosen(
            [s for s, _ in scored],
            fitted.question_score(question_signals(q.text, *scored[0])), MOST_PASSAGES,
        )]
    ]  # fmt: skip
    given.sort()
    shares = isotonic_regression([float(decides) for _, decides in given]).x
    strong, fair = (
        round(min(g[0] for g, s in zip(given, shares, strict=True) if s >= least), 2)
        for least in (STRONG, FAIR)
    )
    return fitted.model_copy(update={"strong_from": strong, "fair_from": fair})


def _upper(wrong: int, of: int) -> float:
    """Upper end of the exact one-sided 95 % interval of a share (Clopper and Pearson 1934)."""
    return float(beta.ppf(0.95, wrong + 1, of - wrong))


def _gap_before(question: Question, scored: Scored) -> float:
    """The largest step between scores before the deciding passage, if it is among the first."""
    keys = [c.entry.passage.key for _, c in scored[:FIRST]]
    place = keys.index(question.decides) if question.decides in keys else 0
    return max((a[0] - b[0] for a, b in pairwise(scored[: place + 1])), default=0.0)


# -- figures -------------------------------------------------------------------------------------


def print_figures(index: GuidelineIndex, questions: Sequence[Question], *, errors: bool) -> None:
    """What the search does with questions, and what either list alone would do."""
    covered = [q for q in questions if q.decides]
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

    print(f"{len(covered)} covered questions: deciding passage among the first {FIRST}")
    _print_share("  dense alone (passages), nothing left out", alone(index.dense))
    _print_share("  BM25 alone, nothing left out", alone(index.lexical))
    _print_share("  fused by rank, nothing left out", alone(fused))
    _print_share("  ordered by the score, nothing left out", alone(ordered))
    given = print_outcome(index, questions)
    for q in questions if errors else ():
        if (q.decides not in given[q.text][:FIRST]) if q.decides else given[q.text]:
            print(f"    {q.decides or 'nothing'} | {q.text} | {given[q.text]}")


def print_outcome(index: GuidelineIndex, questions: Sequence[Question]) -> dict[str, list[str]]:
    """What the user sees: the passages given to each question."""
    found = {q.text: index.search(q.text, q.route) for q in questions}
    given = {t: [h.passage.key for h in f.hits] for t, f in found.items()}
    covered = [q for q in questions if q.decides]
    _print_share(
        "  the search, with its bound", [q.decides in given[q.text][:FIRST] for q in covered]
    )
    _print_share("  the search: first", [q.decides in given[q.text][:1] for q in covered])
    print(f"  passages given: {np.mean([len(given[q.text]) for q in covered]):.2f} on average")
    uncovered = [q for q in questions if not q.decides]
    _print_share(
        f"  nothing relevant, of {len(uncovered)} that no pack covers",
        [not given[q.text] for q in uncovered],
    )
    print(f"  citations that fail verification: {_failures(found.values())}")
    return given


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
    with ExitStack() as stack:

        def library(of: Knowledge) -> GuidelineLibrary:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            return GuidelineLibrary(Path(folder), of, embedder, routes.concepts_in)

        libraries = [library(knowledge), library(_without_asked(knowledge))]
        indexes = [GuidelineIndex(each) for each in libraries]
        if options.calibrate:
            fitted = calibrate(indexes, read_questions("development", routes))
            CALIBRATION.write_text(_HEADER + yaml.safe_dump(fitted.model_dump(), sort_keys=False))
            write_vectors(VECTORS, embedder, libraries[0].record.current())
            indexes = [GuidelineIndex(each, fitted) for each in libraries]
        for part in options.part or PARTS:
            questions = read_questions(part, routes)
            print(f"\n{part.replace('_', ' ')}")
            print_figures(indexes[0], questions, errors=options.errors)
            print("the same without what is asked of passages, as in a document of the user's own")
            print_outcome(indexes[1], questions)


def _without_asked(knowledge: Knowledge) -> Knowledge:
    packs = {
        key: pack.model_copy(
            update={"passages": tuple(p.model_copy(update={"asked": ()}) for p in pack.passages)}
        )
        for key, pack in knowledge.packs.items()
    }
    return replace(knowledge, packs=packs, fingerprint="")


_HEADER = (
    "# Written by benchmarks/guideline_search.py --calibrate from the development questions.\n"
)

if __name__ == "__main__":
    main()
