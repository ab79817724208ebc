"""Every guideline case of ``tests/cases`` through the whole review."""

from functools import cache

import pytest

from benchmarks.decision_cases import DecisionCase, judge_case, read_cases
from graphs import review
from tests.unit.known_wrong_cases import KNOWN_WRONG


@cache
def cases() -> dict[str, DecisionCase]:
    return {c.id: c for c in read_cases()}


def test_case_ids_are_unique() -> None:
    ids = [c.id for c in read_cases()]
    assert sorted(ids) == sorted(set(ids))


def test_each_guideline_has_at_least_30_cases_half_of_them_text() -> None:
    for pack in {c.pack for c in cases().values()}:
        own = [c for c in cases().values() if c.pack == pack]
        assert len(own) >= 30, pack
        assert sum(not c.structured for c in own) * 2 >= len(own), pack


def test_known_wrong_cases_exist() -> None:
    assert set(KNOWN_WRONG) <= set(cases())


@pytest.mark.parametrize("case_id", cases())
def test_the_guideline_decides(case_id: str) -> None:
    case = cases()[case_id]
    judged = judge_case(case, review(case.case))
    problems = list(judged.wrong)
    if judged.missed:
        problems.append("a planted contradiction was not flagged")
    if judged.invented:
        problems += [f"invented: {c.explanation}" for c in judged.result.contradictions]
    if case_id in KNOWN_WRONG and problems:
        pytest.xfail(KNOWN_WRONG[case_id])
    assert problems == [], case.text
