"""A differential counts what similar cases name, and says what would tell."""

from pathlib import Path

import pytest

from dxtrace.clinical import Differential, Finding, Presence, Sign, Source
from dxtrace.knowledge import load_knowledge
from dxtrace.retrieval.cases import CaseRecord, Neighbour, differential
from tests.unit.retrieval.cases.small_cases import finding, open_small, record

VOCABULARY = load_knowledge().vocabulary


def named(concept: str, presence: str = "present") -> Finding:
    return finding(concept, presence, source=Source.REPORT_IMPRESSION)


def neighbours(*records: CaseRecord) -> list[Neighbour]:
    return [Neighbour(record=r, likeness=1.0) for r in records]


def pneumonias(count: int, *further: Finding) -> list[CaseRecord]:
    return [record(f"p{n}", named("pneumonia"), *further) for n in range(count)]


def others(count: int, *further: Finding) -> list[CaseRecord]:
    return [record(f"o{n}", named("cardiomegaly"), *further) for n in range(count)]


def asked(here: list[Finding], *records: CaseRecord) -> Differential:
    return differential(here, neighbours(*records), VOCABULARY)


def signs(found: Differential, concept: str) -> dict[str, Sign]:
    candidate = next(c for c in found.candidates if c.concept == concept)
    return {s.concept: s for s in candidate.signs}


def test_candidates_come_in_the_order_of_their_support_with_their_counts() -> None:
    found = asked([], *pneumonias(5), *others(3), record("n", named("study_normal")))
    assert [(c.concept, c.cases) for c in found.candidates] == [
        ("pneumonia", 5),
        ("cardiomegaly", 3),
    ]
    assert (found.of, found.unremarkable) == (9, 1)
    assert found.candidates[0].support == pytest.approx(5 / 9, abs=1e-3)
    assert found.candidates[0].examples == ("p0", "p1", "p2")


def test_the_share_follows_from_the_likeness_that_is_printed() -> None:
    normal = record("n", named("study_normal"))
    likely = [(*pneumonias(1), 0.9), (*others(1), 0.6), (normal, 0.5), (*pneumonias(1), 0.0)]
    near = [Neighbour(record=r, likeness=likeness) for r, likeness in likely]
    found = differential([], near, VOCABULARY)
    assert found.candidates[0].support == pytest.approx(0.9 / 2.0, abs=1e-4)


def test_what_is_named_as_possible_counts_half_and_is_said() -> None:
    doubted = [record(f"d{n}", named("pneumonia", "indeterminate")) for n in range(4)]
    both = record("b", named("pneumonia"), named("pneumonia", "indeterminate"))
    found = asked([], *doubted, both, *others(3))
    heart, pneumonia = found.candidates
    assert (heart.cases, heart.possible, heart.support) == (3, 0, pytest.approx(3 / 8))
    assert (pneumonia.cases, pneumonia.possible) == (5, 4)
    assert pneumonia.support == pytest.approx(3 / 8)
    assert pneumonia.counted(found.of) == "5 of 8 cases, 4 of them as possible; 38% by likeness"


def test_of_few_cases_there_is_no_percentage() -> None:
    found = asked([], *pneumonias(1))
    assert found.candidates[0].counted(found.of) == "1 of 1 case"


def test_names_that_are_left_out_are_counted() -> None:
    rare = [record("r", named("pneumothorax")), record("s", named("scoliosis"))]
    assert asked([], *pneumonias(3), *rare).further == 2


def test_the_more_alike_count_more() -> None:
    near = Neighbour(record=record("near", named("pneumonia")), likeness=1.0)
    far = [Neighbour(record=r, likeness=0.3) for r in (*others(2), *pneumonias(1))]
    found = differential([], [near, *far], VOCABULARY)
    assert [c.concept for c in found.candidates] == ["pneumonia", "cardiomegaly"]


def test_what_is_denied_past_or_no_impression_is_no_candidate() -> None:
    past = named("pneumothorax").model_copy(update={"context": "history"})
    cases = [
        record(f"c{n}", named("pneumonia", "absent"), past, finding("pleural_effusion"))
        for n in range(4)
    ]
    found = asked([], *cases, record("no impression", finding("pneumonia")))
    assert found == Differential(of=4, unremarkable=4)


def test_of_a_family_the_most_specific_is_named() -> None:
    cases = [record(f"c{n}", named("pneumonia"), named("pulmonary_opacity")) for n in range(3)]
    concepts = {c.concept for c in asked([], *cases).candidates}
    above = VOCABULARY.ancestors["pneumonia"]
    assert "pneumonia" in concepts
    assert concepts.isdisjoint(above)


@pytest.mark.parametrize(
    ("here", "standing"),
    [
        ([finding("pleural_effusion")], "for"),
        ([finding("pleural_effusion", "absent")], "against"),
        ([], "open"),
        ([finding("pleural_effusion", "indeterminate")], "open"),
        ([finding("pleural_effusion", certainty="probable")], "open"),
        ([finding("pleural_effusion", "unknown")], "open"),
        ([finding("pleural_effusion", "absent", attributes={"size": "large"})], "open"),
        ([finding("pleural_effusion"), finding("pleural_effusion", "absent", "left")], "open"),
        ([finding("pleural_effusion", context="history")], "open"),
    ],
)
def test_what_this_case_says_of_a_sign_decides_where_it_stands(
    here: list[Finding], standing: str
) -> None:
    effusion = finding("pleural_effusion")
    found = asked(here, *pneumonias(6, effusion), *others(6))
    sign = signs(found, "pneumonia")["pleural_effusion"]
    assert (sign.standing, sign.stated_with, sign.stated_without) == (standing, 6, 0)


def test_what_others_state_and_this_case_has_speaks_against_a_candidate() -> None:
    effusion = finding("pleural_effusion")
    found = asked([effusion], *pneumonias(6), *others(6, effusion))
    assert signs(found, "pneumonia")["pleural_effusion"].standing == "against"
    assert signs(found, "cardiomegaly")["pleural_effusion"].standing == "for"


def test_more_specific_findings_of_this_case_count_as_the_sign() -> None:
    sign = finding("pulmonary_opacity")
    found = asked([finding("consolidation")], *others(6, sign), *pneumonias(1))
    assert signs(found, "cardiomegaly") == {}
    air = [record(f"a{n}", named("pneumothorax")) for n in range(6)]
    found = asked([finding("consolidation")], *others(6, sign), *air)
    assert signs(found, "cardiomegaly")["pulmonary_opacity"].standing == "for"
    denied = finding("pulmonary_opacity", "absent")
    consolidated = asked([denied], *others(6, finding("consolidation")), *air)
    assert signs(consolidated, "cardiomegaly")["consolidation"].standing == "against"


def test_a_candidate_is_no_sign_of_itself_and_chance_is_none() -> None:
    found = asked([], *pneumonias(6, finding("pneumonia"), finding("scoliosis")),
                  *others(6, finding("scoliosis")))  # fmt: skip
    assert signs(found, "pneumonia") == {}


def test_the_case_that_says_so_itself_is_told_apart() -> None:
    found = asked([finding("pneumonia", side="left")], *pneumonias(3))
    assert found.candidates[0].here == "present: left"
    assert found.candidates[0].verdict is None


@pytest.mark.parametrize("cases", [[], [record("one", named("pneumonia"))]])
def test_few_or_no_similar_cases(cases: list[CaseRecord]) -> None:
    found = asked([], *cases)
    assert found.of == len(cases)
    assert [c.cases for c in found.candidates] == [1] * len(cases)


def test_cases_of_one_patient_count_once(tmp_path: Path) -> None:
    index = open_small(tmp_path)
    same = frozenset({"patient:1"})
    index.add([
        record("first", named("pneumonia"), finding("consolidation"), identities=same),
        record("second", named("pneumonia"), finding("consolidation"), identities=same),
        record("other", named("pneumonia"), finding("pleural_effusion")),
    ])  # fmt: skip
    query = record("q", finding("consolidation"))
    ids = [n.record.id for n in index.neighbours(query, top=10, least=0.0)]
    assert ids == ["first", "other"]
    assert Presence.PRESENT in {f.presence for f in query.findings}
