"""Denials of one side, findings at several places, summaries against particulars."""

from dxtrace.clinical import Laterality, Presence, VerdictKind
from dxtrace.knowledge import Knowledge
from dxtrace.reasoning import Checker
from tests.unit.reasoning.cases import found, stated

LEFT, RIGHT, BOTH = Laterality.LEFT, Laterality.RIGHT, Laterality.BILATERAL


def verdict(knowledge: Knowledge, claim_presence: str, *denied: Laterality) -> VerdictKind:
    findings = [
        found("pleural_effusion", "absent", id=f"f{n}", laterality=side)
        for n, side in enumerate(denied)
    ]
    return Checker(knowledge, findings).check(stated("pleural_effusion", claim_presence)).kind


def test_one_denied_side_leaves_the_other_open(shipped: Knowledge) -> None:
    assert verdict(shipped, "absent", LEFT) is VerdictKind.CONSISTENT
    assert verdict(shipped, "present", LEFT) is VerdictKind.CONSISTENT


def test_both_sides_denied_is_absent(shipped: Knowledge) -> None:
    assert verdict(shipped, "absent", LEFT, RIGHT) is VerdictKind.ENTAILED
    assert verdict(shipped, "absent", BOTH) is VerdictKind.ENTAILED


def test_a_lesion_denied_in_both_eyes_is_absent(shipped: Knowledge) -> None:
    findings = [
        found("intraretinal_hemorrhages", "absent", id="a", laterality=LEFT),
        found("intraretinal_hemorrhages", "absent", id="b", laterality=RIGHT),
    ]
    claim = stated("intraretinal_hemorrhages", "absent")
    assert Checker(shipped, findings).check(claim).kind is VerdictKind.ENTAILED


def test_small_on_the_left_and_large_on_the_right_agree(shipped: Knowledge) -> None:
    findings = [
        found("pleural_effusion", id="a", laterality=LEFT, attributes={"severity": "mild"}),
        found("pleural_effusion", id="b", laterality=RIGHT, attributes={"severity": "severe"}),
    ]
    assert not Checker(shipped, findings).conflicts


def test_a_particular_outweighs_a_summary(shipped: Knowledge) -> None:
    findings = [found("lungs_clear", id="summary"), found("consolidation", id="particular")]
    checker = Checker(shipped, findings)
    (conflict,) = checker.conflicts
    assert conflict.preferred == ("particular",)
    assert checker.check(stated("consolidation")).kind is VerdictKind.ENTAILED


def test_what_has_resolved_is_absent(shipped: Knowledge) -> None:
    gone = found("pleural_effusion", "absent", attributes={"change": "resolved"})
    claim = stated("pleural_effusion", Presence.PRESENT)
    assert Checker(shipped, [gone]).check(claim).kind is VerdictKind.CONTRADICTED


def test_one_stated_size_may_be_the_longest(shipped: Knowledge) -> None:
    nodule = found("pulmonary_nodule", lesion="n1", mm={"long_axis": 21, "short_axis": 15})
    claim = stated("pulmonary_nodule", mm={"diameter": 21})
    assert Checker(shipped, [nodule]).check(claim).kind is not VerdictKind.CONTRADICTED
    other = stated("pulmonary_nodule", mm={"diameter": 30})
    assert Checker(shipped, [nodule]).check(other).kind is VerdictKind.CONTRADICTED
