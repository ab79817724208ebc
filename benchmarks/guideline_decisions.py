"""Guideline decisions from free text and structured input, against our own cases.

Run: ``python benchmarks/guideline_decisions.py [--pack fleischner] [--show]``
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.decision_cases import Judgement, judge_case, read_cases
from graphs import review


def main() -> int:
    """Print the table; with ``--show``, every case that is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", help="one guideline only")
    parser.add_argument("--case", help="one case only, in full")
    parser.add_argument("--show", action="store_true", help="show what is wrong")
    options = parser.parse_args()
    cases = [c for c in read_cases(options.pack) if options.case in (None, c.id)]
    judged = [judge_case(c, review(c.case)) for c in cases]
    for item in judged:
        if options.show and (item.wrong or item.missed or item.invented):
            _show(item)
        if options.case:
            print(item.result.model_dump_json(indent=1, exclude_defaults=True))
    _print_table(judged)
    return 0


def _show(item: Judgement) -> None:
    print(f"\n{item.case.id} {'(structured)' if item.case.structured else ''}")
    print(f"  {item.case.text}")
    for problem in item.wrong:
        print(f"  WRONG {problem}")
    if item.missed:
        print("  MISSED a planted contradiction")
    if item.invented:
        for contradiction in item.result.contradictions:
            print(f"  INVENTED {contradiction.claim!r}: {contradiction.explanation}")


def _print_table(judged: list[Judgement]) -> None:
    groups: dict[str, list[Judgement]] = defaultdict(list)
    for item in judged:
        groups[item.case.pack].append(item)
    groups["all"] = judged
    head = ("guideline", "cases", "text right", "structured right", "planted flagged", "invented")
    print(f"\n{head[0]:18}{head[1]:>7}{head[2]:>22}{head[3]:>22}{head[4]:>18}{head[5]:>10}")
    for name, items in groups.items():
        text = [i for i in items if not i.case.structured]
        structured = [i for i in items if i.case.structured]
        planted = [i for i in items if i.case.contradictions]
        flagged = sum(not i.missed for i in planted)
        invented = sum(i.invented for i in items)
        print(
            f"{name:18}{len(items):>7}{_share(text):>22}{_share(structured):>22}"
            f"{f'{flagged}/{len(planted)}':>18}{invented:>10}"
        )


def _share(items: list[Judgement]) -> str:
    decisions = sum(i.decisions for i in items)
    right = decisions - sum(len(i.wrong) for i in items)
    return f"{right}/{decisions} {100 * right / decisions:.1f} %" if decisions else "-"


if __name__ == "__main__":
    raise SystemExit(main())
