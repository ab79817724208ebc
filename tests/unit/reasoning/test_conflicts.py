"""Sources that disagree: the more reliable wins, equals cancel, and every conflict is reported."""

from itertools import permutations

import pytest

from dxtrace.clinical import Finding, Laterality, Source
from dxtrace.knowledge import Knowledge
from dxtrace.reasoning import Checker
from tests.unit.reasoning.cases import found, stated

RANK = [Source.USER, Source.STRUCTURED, Source.REPORT_FINDINGS, Source.TOOL, Source.PLANNER]


def gas(presence: str, source: Source) -> Finding:
    return found("gas", presence, id=f"{presence}-{source.value}", source=source)


@pytest.mark.parametrize(
    ("better", "worse"),
    [(a, b) for position, a in enumerate(RANK) for b in RANK[position + 1 :]],
)
def test_the_more_reliable_source_wins(small: Knowledge, better: Source, worse: Source) -> None:
    for presence, other in (("present", "absent"), ("absent", "present")):
        pair = [gas(presence, better), gas(other, worse)]
        for findings in (pair, pair[::-1]):
            checker = Checker(small, findings)
            assert checker.check(stated("gas", presence)).kind == "entailed"
            (conflict,) = checker.conflicts
            assert set(conflict.findings) == {f.id for f in findings}
            assert conflict.preferred == (pair[0].id,)


def test_a_finding_that_says_more_is_no_better_for_it(small: Knowledge) -> None:
    better = gas("absent", Source.REPORT_FINDINGS)
    worse = found(
        "gas", id="tool-right", source=Source.TOOL, laterality=Laterality.RIGHT
    )  # presence and side, each of half the weight
    for findings in ([better, worse], [worse, better]) * 3:
        (conflict,) = Checker(small, findings).conflicts
        assert conflict.preferred == (better.id,)


@pytest.mark.parametrize("source", RANK)
def test_of_equal_sources_neither_is_used(small: Knowledge, source: Source) -> None:
    findings = [gas("present", source), gas("absent", source)]
    checker = Checker(small, findings)
    assert checker.check(stated("gas")).kind not in ("entailed", "contradicted")
    (conflict,) = checker.conflicts
    assert conflict.preferred == ()
    assert set(conflict.findings) == {f.id for f in findings}


def test_three_sources_a_correction_ends_the_dispute(small: Knowledge) -> None:
    three = [gas("present", Source.REPORT_FINDINGS), gas("present", Source.TOOL),
             gas("absent", Source.USER)]  # fmt: skip
    for findings in permutations(three):
        checker = Checker(small, findings)
        assert checker.check(stated("gas")).kind == "contradicted"
        assert {c.preferred for c in checker.conflicts} == {("absent-user",)}


def test_a_conflict_through_a_rule_names_the_rule(small: Knowledge) -> None:
    clear = found("all_clear", source=Source.REPORT_FINDINGS)
    tool = found("spot", lesion="s", source=Source.TOOL)
    checker = Checker(small, [clear, tool])
    (conflict,) = checker.conflicts
    assert conflict.rules == ("spots:spots.clear",)
    assert conflict.preferred == ("all_clear-present",)
    assert checker.check(stated("spot")).kind == "contradicted"


def test_a_conflict_over_one_fact_leaves_the_others_alone(small: Knowledge) -> None:
    size = {"mm": {"mean_diameter": 12}}
    one = found("spot", lesion="s", id="f1", attributes={"composition": "solid"}, **size)
    two = found("spot", lesion="s", id="f2", attributes={"composition": "soft"})
    checker = Checker(small, [one, two])
    assert len(checker.conflicts) == 1
    assert checker.holds("spot.all(s, s.size > 10.0)")
    conclusion = checker.conclude("spots.action")
    assert set(conclusion.possible or ()) == {"nothing", "cut"}


def test_sizes_that_cannot_both_be_are_a_conflict(small: Knowledge) -> None:
    one = found("spot", lesion="s", id="f1", mm={"mean_diameter": 12}, source=Source.TOOL)
    two = found("spot", lesion="s", id="f2", mm={"mean_diameter": 4}, source=Source.USER)
    checker = Checker(small, [one, two])
    (conflict,) = checker.conflicts
    assert conflict.preferred == ("f2",)
    assert checker.holds("spot.all(s, s.size < 6.0)")


def test_intervals_that_overlap_are_no_conflict(small: Knowledge) -> None:
    one = found("spot", lesion="s", id="f1", mm={"mean_diameter": ("5", "7")})
    two = found("spot", lesion="s", id="f2", mm={"mean_diameter": ("6", "9")})
    checker = Checker(small, [one, two])
    assert checker.conflicts == ()
    assert checker.holds("spot.all(s, s.size >= 6.0 && s.size <= 7.0)")


def test_a_fact_that_cannot_be_used_is_a_problem_and_nothing_else(small: Knowledge) -> None:
    spot = found("spot", lesion="s", mm3={"mean_diameter": 12},
                 attributes={"composition": "hard", "colour": "red", "count": "many"})  # fmt: skip
    checker = Checker(small, [spot])
    problems = "\n".join(checker.base.problems)
    for words in ("expected a length in mm, got mm3", "no value hard", "no attribute 'colour'",
                  "expected a number, got 'many'"):  # fmt: skip
        assert words in problems
    assert checker.check(stated("spot")).kind == "entailed"
    assert checker.conclude("spots.action").value is None


def test_order_of_findings_does_not_matter(small: Knowledge) -> None:
    findings = [
        found("spot", lesion="a", id="f1", mm={"mean_diameter": 7},
              attributes={"composition": "solid"}),
        found("spot", lesion="b", id="f2", mm={"mean_diameter": 4},
              attributes={"composition": "soft"}),
        found("person", attributes={"risk": "high"}),
        gas("present", Source.TOOL), gas("absent", Source.REPORT_FINDINGS),
    ]  # fmt: skip
    outcomes = set()
    for order in list(permutations(findings))[::17]:
        checker = Checker(small, order)
        conclusion = checker.conclude("spots.action")
        conflicts = frozenset((frozenset(c.findings), c.preferred) for c in checker.conflicts)
        outcomes.add((conclusion.value, frozenset(conclusion.because), conflicts))
    assert len(outcomes) == 1
