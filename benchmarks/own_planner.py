"""How well a planner model does on prompts that it never saw: wordings, orders and names held out.

Run: ``python benchmarks/own_planner.py transformers:FOLDER [--prompts 500]``

Any model that can be named as a planner can be examined. Of the prompts half want a call of an
expert, three in ten want none (the findings tell already, or no expert fits), two in ten an
answer after results or after a verdict of the checker. The prompts are those of
``benchmarks/planner_training`` with names and wordings that training leaves out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from agents.planner_words import said_by_planner
from agents.vlm.claims import Known, statement_of
from agents.vlm.dialects import dialect_named
from agents.vlm.models import open_chat_model, resolve_planner
from agents.vlm.moves import Move
from agents.vlm.wording import CompactWording
from benchmarks.planner_training.lessons import DIALECT, Lesson, School, question_reader
from benchmarks.planner_training.subjects import readable_subjects
from dxtrace.clinical import CheckedSentence, PlannerPart, Result
from graphs.checking import CaseCheck
from graphs.statements import check_statement
from graphs.workbench import Workbench, default_workbench

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

WANTED = 0.95
_SHARES = {"call": 0.5, "none": 0.3, "answer": 0.2}
_FIRST = 2 * 10**9  # no number of training

Say = Callable[["list[BaseMessage]"], "AIMessage"]


@dataclass(frozen=True)
class Answered:
    """A prompt and what a model did.

    Attributes:
        lesson: the prompt.
        move: what the model did, as the planner reads it.
        sentences: what it said, with the checker's marks.
    """

    lesson: Lesson
    move: Move
    sentences: tuple[CheckedSentence, ...]

    @property
    def is_right(self) -> bool:
        """Whether it called what was to be called, with these arguments; or rightly nothing."""
        if self.move.problems:
            return False
        if self.lesson.calls:
            return set(self.move.calls) == set(self.lesson.calls)
        return not self.move.calls and bool(self.move.sentences)

    @property
    def is_shown_with_marks(self) -> bool:
        """Whether a review's answer shows every sentence, each behind its mark."""
        part = PlannerPart(name="model", sentences=self.sentences)
        said = list(said_by_planner(Result(id="prompt", status="answered", planner=part)))
        lines = said[0].splitlines()[1:] if said else []
        return len(lines) == len(self.move.sentences) and all(x.startswith("[") for x in lines)


def held_out_lessons(school: School, prompts: int) -> Iterator[Lesson]:
    """Prompts of each kind, as many as there are to be."""
    left = {kind: round(share * prompts) for kind, share in _SHARES.items()}
    for number in count(_FIRST):
        if not any(left.values()):
            return
        lesson = school.lesson(number)
        if left.get(lesson.kind):
            left[lesson.kind] -= 1
            yield lesson


def answered(say: Say, lesson: Lesson, bench: Workbench) -> Answered:
    """Ask a model, and check what it says."""
    situation = lesson.situation
    if situation is None:
        raise ValueError("lesson: expected one about a case, got one about a picture alone")
    move = dialect_named(DIALECT).read(say(lesson.messages), lesson.offer)
    statement, _ = statement_of(move.sentences, bench.knowledge, Known())
    checker = CaseCheck(bench.knowledge, situation.findings).body
    _, sentences = check_statement(bench.statement_reader, checker, statement, situation.case)
    return Answered(lesson, move, sentences)


def figures(done: Iterable[Answered]) -> Iterator[str]:
    """The lines to print, those that are wanted first."""
    found = list(done)
    calls = [a for a in found if a.lesson.kind == "call"]
    none = [a for a in found if a.lesson.kind == "none"]
    final = [a for a in found if a.move.sentences]
    yield f"right expert and right arguments: {_share([a.is_right for a in calls], WANTED)}"
    yield f"right 'no expert needed': {_share([a.is_right for a in none], WANTED)}"
    yield f"final answers entailed or marked: {_share([a.is_shown_with_marks for a in final], 1.0)}"
    hinted = [_is_hinted(a.lesson) for a in calls]
    for name, wanted in (("with", True), ("without", False)):
        part = [a.is_right for a, h in zip(calls, hinted, strict=True) if h is wanted]
        yield f"  calls, question {name} what it was read to ask for: {_share(part)}"
    several = [a.is_right for a in calls if len(a.lesson.calls) > 1]
    yield f"  calls of two experts: {_share(several)}"
    after = [a for a in found if a.lesson.kind == "answer"]
    yield f"  no further call after results or a verdict: {_share([a.is_right for a in after])}"
    marks = [s.mark for a in final for s in a.sentences]
    named = ", ".join(f"{m} {marks.count(m)}" for m in sorted(set(marks))) or "none"
    yield f"  marks of {len(marks)} sentences: {named}"
    exact = [_as_wanted(a) for a in found if not a.lesson.calls]
    yield f"  answers word by word as wanted: {_share(exact)}"


def _is_hinted(lesson: Lesson) -> bool:
    """Whether the last question came with what it was read to ask for."""
    last = lesson.messages[-1].content
    words = last if isinstance(last, str) else " ".join(str(p) for p in last)
    return "Asked for:" in words


def _as_wanted(done: Answered) -> bool:
    return " ".join(s.text for s in done.move.sentences) == done.lesson.answer.replace("\n", " ")


def _share(right: list[bool], wanted: float | None = None) -> str:
    if not right:
        return "none asked"
    of = f"{sum(right) / len(right):.1%} ({sum(right)} of {len(right)})"
    return of if wanted is None else f"{of}, wanted {wanted:.0%}"


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("planner", help="such as transformers:FOLDER")
    parser.add_argument("--prompts", type=int, default=500)
    options = parser.parse_args()

    bench = default_workbench()
    asked = question_reader(bench)
    subjects = tuple(readable_subjects(bench, CompactWording(bench.knowledge, asked).names))
    school = School(bench, subjects, asked, held_out=True)
    model = open_chat_model(resolve_planner(options.planner))
    started = perf_counter()
    done = [answered(model.invoke, x, bench) for x in held_out_lessons(school, options.prompts)]
    seconds = perf_counter() - started
    print("\n".join(figures(done)))
    print(f"{len(done)} prompts, {seconds / len(done):.2f} s each")
    return 0


if __name__ == "__main__":
    sys.exit(main())
