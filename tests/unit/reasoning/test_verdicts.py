"""Verdicts on claims, and the minimal cores behind them."""

from typing import Any

import pytest

from dxtrace.clinical import Claim, Finding, Source, Verdict
from dxtrace.knowledge import Knowledge, KnowledgeError
from dxtrace.reasoning import Checker
from tests.unit.reasoning.cases import category, found, stated

REPORT = {"source": Source.REPORT_FINDINGS}


def verdict(knowledge: Knowledge, claim: Claim, *findings: Finding) -> Verdict:
    return Checker(knowledge, findings).check(claim)


def kind(knowledge: Knowledge, claim: Claim, *findings: Finding) -> str:
    return verdict(knowledge, claim, *findings).kind.value


# -- entailed, consistent, contradicted, unsupported ---------------------------------------------


def test_each_of_the_four_verdicts(small: Knowledge) -> None:
    gas, no_gas = found("gas", **REPORT), found("gas", "absent", **REPORT)
    claim = stated("gas")
    assert kind(small, claim, gas) == "entailed"
    assert kind(small, claim, no_gas) == "contradicted"
    assert kind(small, claim, found("shadow", **REPORT)) == "consistent"
    assert kind(small, claim, found("person", years={"age": 60})) == "unsupported"
    assert kind(small, claim) == "unsupported"


@pytest.mark.parametrize(
    ("concept", "presence", "of", "stated_presence", "wanted"),
    [
        ("gas", "present", "shadow", "present", "entailed"),  # gas is a shadow
        ("shadow", "absent", "gas", "present", "contradicted"),  # without shadow no gas
        ("shadow", "absent", "gas", "absent", "entailed"),
        ("gas", "absent", "shadow", "present", "consistent"),  # another shadow may be there
        ("shadow", "present", "gas", "absent", "consistent"),
        ("gas", "present", "fluid", "present", "unsupported"),
    ],
)
def test_presence_goes_up_and_absence_comes_down(
    small: Knowledge, concept: str, presence: str, of: str, stated_presence: str, wanted: str
) -> None:
    finding = found(concept, presence, **REPORT)
    assert kind(small, stated(of, stated_presence), finding) == wanted


def test_a_rule_excludes_and_is_named_with_its_citation(small: Knowledge) -> None:
    result = verdict(small, stated("gas"), found("all_clear", **REPORT))
    assert result.kind == "contradicted"
    reasons = {r.id: r for r in result.because}
    assert {"all_clear-present", "spots:spots.clear"} <= set(reasons)
    rule = reasons["spots:spots.clear"]
    assert rule.citation is not None
    assert rule.citation.passage_id == "spots-clear"
    assert "Clear means clear." in rule.citation.text


@pytest.mark.parametrize("presence", ["indeterminate", "unknown"])
def test_doubt_is_neither_presence_nor_absence(small: Knowledge, presence: str) -> None:
    doubted = found("gas", presence, **REPORT)
    assert kind(small, stated("gas"), doubted) not in ("entailed", "contradicted")
    assert kind(small, stated("gas", "absent"), doubted) not in ("entailed", "contradicted")


@pytest.mark.parametrize("context", ["history", "family", "hypothetical", "prior"])
def test_what_is_not_about_today_proves_nothing_about_today(small: Knowledge, context: str) -> None:
    for concept in ("gas", "spot"):
        old = found(concept, context=context, **REPORT)
        assert kind(small, stated(concept), old) not in ("entailed", "contradicted")
        denied = found(concept, "absent", context=context, **REPORT)
        assert kind(small, stated(concept), denied) not in ("entailed", "contradicted")


@pytest.mark.parametrize(
    "limited",
    [{"mm": {"diameter": 6}}, {"attributes": {"rough": True}}, {"location": "upper part"}],
)
def test_a_limited_denial_does_not_deny_everything(
    small: Knowledge, limited: dict[str, Any]
) -> None:
    """"No spot above 6 mm", "no rough spot", "no spot in the upper part"."""  # fmt: skip
    finding = found("spot", "absent", **limited, **REPORT)
    assert kind(small, stated("spot"), finding) != "contradicted"


# -- sides -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("finding_side", "claimed", "presence", "wanted"),
    [
        ("right", "right", "present", "entailed"),
        ("right", "left", "present", "contradicted"),
        ("right", None, "present", "entailed"),
        ("right", "bilateral", "present", "contradicted"),
        ("bilateral", "left", "present", "entailed"),
        ("bilateral", "bilateral", "present", "entailed"),
        ("right", "left", "absent", "entailed"),
        ("right", "right", "absent", "contradicted"),
        ("right", None, "absent", "contradicted"),
        (None, "left", "present", "consistent"),
    ],
)
def test_sides(
    small: Knowledge, finding_side: str | None, claimed: str | None, presence: str, wanted: str
) -> None:
    finding = found("fluid", laterality=finding_side, **REPORT)
    claim = stated("fluid", presence, laterality=claimed)
    assert kind(small, claim, finding) == wanted


def test_a_finding_on_one_side_is_taken_as_one_sided(shipped: Knowledge) -> None:
    finding = found("pleural_effusion", laterality="right", **REPORT)
    result = verdict(shipped, stated("pleural_effusion", laterality="left"), finding)
    assert result.kind == "contradicted"
    assert any("right only" in r.text and r.kind == "assumption" for r in result.because)


def test_a_denial_of_one_side_says_nothing_of_the_other(small: Knowledge) -> None:
    no_left = found("fluid", "absent", laterality="left", **REPORT)
    assert kind(small, stated("fluid", laterality="left"), no_left) == "contradicted"
    assert kind(small, stated("fluid", laterality="right"), no_left) == "consistent"
    assert kind(small, stated("fluid"), no_left) == "consistent"
    no_right = found("fluid", "absent", laterality="right", id="r", **REPORT)
    assert kind(small, stated("fluid"), no_left, no_right) == "contradicted"


# -- lesions ---------------------------------------------------------------------------------------


def spot(lesion: str, **fields: Any) -> Finding:
    return found("spot", lesion=lesion, **REPORT, **fields)


def test_a_claim_about_a_lesion_holds_if_one_lesion_is_so(small: Knowledge) -> None:
    spots = (
        spot("a", mm={"diameter": 4}, laterality="left", attributes={"composition": "soft"}),
        spot("b", mm={"diameter": 9}, laterality="right", attributes={"composition": "solid"}),
    )
    entailed = [
        stated("spot"),
        stated("spot", mm={"diameter": 9}),
        stated("spot", cm={"diameter": "0.9"}),
        stated("spot", mm={"diameter": 4}, laterality="left"),
        stated("spot", attributes={"composition": "solid"}, laterality="right"),
    ]
    contradicted = [
        stated("spot", "absent"),
        stated("spot", mm={"diameter": 5}),
        stated("spot", mm={"diameter": 9}, laterality="left"),
        stated("spot", attributes={"composition": "solid"}, mm={"diameter": 4}),
        stated("spot", attributes={"composition": "mixed"}),
    ]
    assert [kind(small, c, *spots) for c in entailed] == ["entailed"] * len(entailed)
    assert [kind(small, c, *spots) for c in contradicted] == ["contradicted"] * len(contradicted)
    assert kind(small, stated("spot", attributes={"rough": True}), *spots) == "consistent"


def test_lobes_tell_lesions_apart(shipped: Knowledge) -> None:
    upper = found("pulmonary_nodule", lesion="n", location="right upper lobe", **REPORT)
    same = stated("pulmonary_nodule", location="right upper lobe")
    other = stated("pulmonary_nodule", location="left lower lobe")
    assert kind(shipped, same, upper) == "entailed"
    assert kind(shipped, other, upper) == "contradicted"


def test_rules_hold_for_each_lesion_by_itself_and_the_highest_counts(small: Knowledge) -> None:
    high = found("person", attributes={"risk": "high"})
    solid = {"composition": "solid"}
    small_spot = spot("a", mm={"mean_diameter": 4}, attributes=solid)
    middle = spot("b", mm={"mean_diameter": 7}, attributes=solid)
    large = spot("c", mm={"mean_diameter": 12}, attributes=solid)
    soft = spot("d", mm={"mean_diameter": 30}, attributes={"composition": "soft"})

    def action(*findings: Finding) -> object:
        return Checker(small, [high, *findings]).conclude("spots.action").value

    assert action(small_spot) == "nothing"
    assert action(small_spot, middle) == "watch"
    assert action(middle, large, small_spot) == "cut"
    assert action(soft, small_spot) == "nothing"
    assert action(found("spot", "absent", **REPORT)) == "nothing"


def test_a_possible_lesion_keeps_the_highest_open(small: Knowledge) -> None:
    high = found("person", attributes={"risk": "high"})
    certain = spot("a", mm={"mean_diameter": 7}, attributes={"composition": "solid"})
    possible = found("spot", "indeterminate", lesion="b", id="f9")
    alone = Checker(small, [high, certain]).conclude("spots.action")
    both = Checker(small, [high, certain, possible]).conclude("spots.action")
    assert alone.value == "watch"
    assert both.value is None
    assert both.possible == ("watch", "cut")


def test_two_findings_of_one_lesion_add_up(small: Knowledge) -> None:
    size = spot("a", mm={"mean_diameter": 12}, id="f1")
    kind_of = spot("a", attributes={"composition": "soft"}, id="f2")
    conclusion = Checker(small, [size, kind_of]).conclude("spots.action")
    assert conclusion.value == "nothing"
    assert "f2" in conclusion.because


# -- categories ------------------------------------------------------------------------------------


def test_category_claims(small: Knowledge) -> None:
    large = spot("a", mm={"mean_diameter": 12}, attributes={"composition": "solid"})
    middle = spot("a", mm={"mean_diameter": 7}, attributes={"composition": "solid"})
    cut, watch = category("spots.action", "cut"), category("spots.action", "watch")
    assert kind(small, cut, large) == "entailed"
    assert kind(small, watch, large) == "contradicted"
    open_verdict = verdict(small, watch, middle)
    assert open_verdict.kind == "consistent"
    assert set(open_verdict.possible or ()) == {"nothing", "watch"}
    assert [m.concept for m in open_verdict.missing] == ["person.risk"]
    assert kind(small, cut, middle) == "contradicted"
    assert kind(small, cut, found("gas", **REPORT)) == "unsupported"


def test_the_row_that_decides_is_cited(small: Knowledge) -> None:
    large = spot("a", mm={"mean_diameter": 12}, attributes={"composition": "solid"})
    conclusion = Checker(small, [large]).conclude("spots.action")
    assert "spots.by_size:large" in conclusion.because
    assert "spot-a" in conclusion.because
    assert [c.passage_id for c in conclusion.citations if c.passage_id] == ["spots-size"]
    row = next(r for r in conclusion.reasons if r.kind == "row")
    assert row.text == "Spots by size, row large: cut"


@pytest.mark.parametrize("value", ["burn", "", None, True])
def test_a_value_that_the_output_has_not_is_refused(small: Knowledge, value: Any) -> None:
    with pytest.raises(ValueError, match=r"spots\.action"):
        Checker(small, []).check(category("spots.action", value))


@pytest.mark.parametrize("value", ["true", None, "4A"])
def test_a_true_or_false_output_takes_no_other_value(shipped: Knowledge, value: Any) -> None:
    with pytest.raises(ValueError, match="true or false"):
        Checker(shipped, []).check(category("lung_rads.s_modifier", value))


def test_unknown_names_in_claims_are_refused(small: Knowledge) -> None:
    with pytest.raises(KnowledgeError, match="did you mean 'gas'"):
        Checker(small, []).check(stated("gass"))
    with pytest.raises(KnowledgeError, match=r"spots\.acton.*did you mean 'spots\.action'"):
        Checker(small, []).check(category("spots.acton", "cut"))


# -- minimal cores ---------------------------------------------------------------------------------


def cases_with_a_proof() -> dict[str, tuple[Claim, list[Finding]]]:
    """Claims that are decided, among findings that do not bear on them."""
    noise = [
        found("person", years={"age": 44}, attributes={"risk": "high"}),
        spot("z", mm={"mean_diameter": 3}, attributes={"composition": "soft"}),
    ]
    gas = found("gas", laterality="right", **REPORT)
    twice = found("gas", id="gas-again", **REPORT)
    large = spot("a", mm={"mean_diameter": 12}, attributes={"composition": "solid"})
    return {
        "entailed directly": (stated("gas"), [gas, *noise]),
        "entailed by the vocabulary": (stated("shadow"), [gas, twice, *noise]),
        "contradicted by a rule": (stated("gas"), [found("all_clear", **REPORT)]),
        "contradicted on the other side": (stated("gas", laterality="left"), [gas, *noise]),
        "category": (category("spots.action", "cut"), [large, gas, *noise]),
        "other category": (category("spots.action", "watch"), [large, gas, *noise]),
    }


@pytest.mark.parametrize("name", cases_with_a_proof())
def test_cores_are_minimal(small: Knowledge, name: str) -> None:
    """Without any one element of the core, the claim is no longer decided."""
    import z3

    from dxtrace.reasoning.claims import claim_formula

    claim, findings = cases_with_a_proof()[name]
    checker = Checker(small, findings)
    result = checker.check(claim)
    assert result.kind in ("entailed", "contradicted")
    evidence = checker._evidence_for(claim.concept if claim.kind == "category" else None)  # noqa: SLF001  # the core itself is not public
    formula = claim_formula(evidence, claim)
    asked = formula if result.kind == "contradicted" else z3.Not(formula)
    core = evidence.core([evidence.literal_for(asked, "asked")])
    assert core
    background = evidence.theory.background({n for i in evidence.items.values() for n in i.names})
    for left_out in (None, *core):
        solver = z3.Solver()
        solver.add(asked, *background, *(i.formula for i in core if i is not left_out))
        assert solver.check() == (z3.unsat if left_out is None else z3.sat), left_out
    named = {r.id for r in result.because}
    assert named == {i.reason.id for i in core}
    assert not named & {"person-present", "spot-z"}
