"""Several threads check cases at once, as visitors of a page do."""

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dxtrace.clinical import Case, Report, Result
from graphs import review

EXAMPLES = Path(__file__).parents[3] / "examples"
TEXTS = [(EXAMPLES / f"{name}_report.txt").read_text() for name in ("chest_ct", "chest_radiograph")]
THREADS = 4


def said(result: Result) -> list[tuple[object, ...]]:
    """Every verdict; of several minimal proofs, either may be found."""
    concluded = [(c.concept, c.value, c.verdict, c.possible) for c in result.answer.conclusions]
    return [*concluded, *((k.claim.id, k.verdict.kind) for k in result.claims)]


def test_threads_that_check_at_once_say_what_each_alone_says() -> None:
    cases = [Case(id=f"c-{n}", reports=(Report(text=text),)) for n, text in enumerate(TEXTS)]
    alone = [review(case) for case in cases]
    begin = threading.Barrier(THREADS)

    def checked(number: int) -> list[Result]:
        begin.wait()
        results = [review(cases[(number + turn) % len(cases)]) for turn in range(3)]
        gc.collect()  # drops formulas while other threads solve
        return results

    with ThreadPoolExecutor(THREADS) as pool:
        by_thread = list(pool.map(checked, range(THREADS)))
    for number, results in enumerate(by_thread):
        for turn, result in enumerate(results):
            assert said(result) == said(alone[(number + turn) % len(cases)])
