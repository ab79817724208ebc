"""How many answers the teacher scores a second on one core.

Run: ``python benchmarks/teacher_reward.py [--cases 20] [--answers 16] [--workers 1]``

Each of our own cases is reviewed once (not counted) and then gets several answers, as the
completions of a group in reinforcement learning: parts of the review's answer, with a false,
hedged, open or needless sentence, and with filling words, so that no two are alike. Printed are the
first answers to a case, for which its solver is built, and the later ones.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import perf_counter, process_time

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.decision_cases import read_cases
from graphs import review_with_trace
from graphs.teacher import Conversation, Exchange, Teacher
from graphs.teacher.traced import conversation_of, traced_review

ADDED = (
    "", "There may be a pneumothorax.", "There is a pleural effusion.", "No pneumothorax.",
    "This cannot be determined.", "What is the age of the patient?", "There is no nodule.",
    "No follow-up is needed.",
)  # fmt: skip


def answers_to(asked: Conversation, number: int) -> list[Conversation]:
    """Different answers to the question of a conversation."""
    exchange = asked.exchanges[0]
    paragraphs = exchange.answer.split("\n\n")
    made: list[Conversation] = []
    for n in range(number):
        kept = paragraphs[n % len(paragraphs) :]
        words = f"{' '.join(kept)} {ADDED[n % len(ADDED)]} {'Indeed. ' * (n // len(ADDED))}"
        said = Exchange(question=exchange.question, answer=words, calls=exchange.calls)
        made.append(asked.model_copy(update={"exchanges": (said,)}))
    return made


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cases", type=int, default=20, help="number of our own cases")
    parser.add_argument("--answers", type=int, default=16, help="answers a case")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    options = parser.parse_args()

    own = [c.case for c in read_cases()]
    chosen = own[:: max(1, len(own) // options.cases)][: options.cases]
    asked = [conversation_of(traced_review(review_with_trace(c).trace)) for c in chosen]
    groups = [answers_to(a, options.answers) for a in asked]
    characters = sum(len(c.exchanges[0].answer) for g in groups for c in g)
    first = [c for group in groups for c in group[:1]]
    later = [c for group in groups for c in group[1:]]
    with Teacher(workers=options.workers) as teacher:
        teacher.score_batch(first[:1] * options.workers * 2)  # processes and readers are there
        for name, batch in (("first of a case", first), ("later ones", later)):
            wall, core = perf_counter(), process_time()
            rewards = teacher.score_batch(batch)
            wall, core = perf_counter() - wall, process_time() - core
            on_core = (
                f", {len(batch) / core:.1f} per second of a core" if options.workers == 1 else ""
            )
            print(
                f"{name}: {len(batch)} answers in {wall:.1f} s, {len(batch) / wall:.1f} per second"
                f"{on_core}; mean reward {sum(r.total for r in rewards) / len(rewards):+.2f}"
            )
    mean = characters / sum(map(len, groups))
    print(
        f"{len(groups)} cases, {options.answers} answers each, mean length {mean:.0f} characters, "
        f"{options.workers} process(es)"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
