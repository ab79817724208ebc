"""What nobody stated: which facts are missing, which are assumed, and that both are named."""

from typing import Any

import pytest
import yaml

from dxtrace.clinical import Finding, Source
from dxtrace.knowledge import Knowledge
from dxtrace.reasoning import Checker
from tests.unit.reasoning.cases import category, found, stated
from tests.unit.small_packs import PACK, small_knowledge

ADULT = found("patient", years={"age": 60})


def nodule(**fields: Any) -> Finding:
    attributes = {"composition": "solid", **fields.pop("attributes", {})}
    attributes = {k: v for k, v in attributes.items() if v is not None}
    return found("pulmonary_nodule", lesion="n1", attributes=attributes, **fields)


def missing(knowledge: Knowledge, output: str, *findings: Finding) -> set[str]:
    return {m.concept for m in Checker(knowledge, findings).missing(output)}


RISK = {"smoking.present", "lung_cancer_risk.level", "lung_cancer_risk.no_risk_factors"}


def test_a_7_mm_solid_nodule_turns_on_the_risk_alone(shipped: Knowledge) -> None:
    checker = Checker(shipped, [ADULT, nodule(mm={"mean_diameter": 7})])
    conclusion = checker.conclude("fleischner.recommendation")
    assert set(conclusion.possible or ()) == {
        "CT_6_12M_THEN_CONSIDER_18_24M", "CT_6_12M_THEN_18_24M",
    }  # fmt: skip
    named = {m.concept for m in checker.missing("fleischner.recommendation")}
    assert named
    assert named <= RISK


@pytest.mark.parametrize("risk", ["low", "high"])
def test_with_the_risk_stated_nothing_is_missing(shipped: Knowledge, risk: str) -> None:
    stated_risk = found("lung_cancer_risk", attributes={"level": risk})
    checker = Checker(shipped, [ADULT, stated_risk, nodule(mm={"mean_diameter": 7})])
    assert checker.conclude("fleischner.recommendation").verdict == "entailed"
    assert checker.missing("fleischner.recommendation") == ()


def test_the_risk_does_not_matter_for_a_subsolid_nodule(shipped: Knowledge) -> None:
    ground_glass = nodule(mm={"mean_diameter": 7}, attributes={"composition": "ground_glass"})
    checker = Checker(shipped, [ADULT, ground_glass])
    conclusion = checker.conclude("fleischner.recommendation")
    assert conclusion.value == "CT_6_12M_THEN_EVERY_2Y_5Y"
    assert checker.missing("fleischner.recommendation") == ()


def test_age_and_size_and_composition_are_asked_for(shipped: Knowledge) -> None:
    low = found("lung_cancer_risk", attributes={"level": "low"})
    output = "fleischner.recommendation"
    assert missing(shipped, output, low, nodule(mm={"mean_diameter": 7})) == {"patient.age"}
    size = missing(shipped, output, low, ADULT, nodule())
    assert "pulmonary_nodule.mean_diameter" in size
    words = ("mean_diameter", "stated_size", "tiny")  # all of them say how large it is
    assert size <= {f"pulmonary_nodule.{word}" for word in words}
    bare = nodule(mm={"mean_diameter": 7}, attributes={"composition": None})
    named = missing(shipped, output, low, ADULT, bare)
    assert "pulmonary_nodule.composition" in named
    assert "patient.age" not in named


def test_what_is_missing_would_decide(small: Knowledge) -> None:
    """Stating the missing fact, either way, decides; nothing else is listed."""
    spot = found("spot", lesion="a", mm={"mean_diameter": 7}, attributes={"composition": "solid"})
    checker = Checker(small, [spot])
    (fact,) = checker.missing("spots.action")
    assert fact.concept == "person.risk"
    assert "Action for spots" in fact.why
    values = set()
    for risk in ("low", "high"):
        told = Checker(small, [spot, found("person", attributes={"risk": risk})])
        assert told.missing("spots.action") == ()
        values.add(told.conclude("spots.action").value)
    assert values == {"nothing", "watch"}


def test_an_interval_that_straddles_a_limit_is_open_without_a_missing_fact(
    small: Knowledge,
) -> None:
    high = found("person", attributes={"risk": "high"})
    spot = found("spot", lesion="a", mm={"mean_diameter": ("5", "7")},
                 attributes={"composition": "solid"})  # fmt: skip
    checker = Checker(small, [high, spot])
    assert set(checker.conclude("spots.action").possible or ()) == {"nothing", "watch"}
    assert [m.concept for m in checker.missing("spots.action")] in ([], ["spot.size"])


def test_nothing_that_bears_on_it_is_unsupported_and_not_guessed(small: Knowledge) -> None:
    conclusion = Checker(small, [found("gas")]).conclude("spots.action")
    assert (conclusion.value, conclusion.verdict) == (None, "unsupported")


# -- assumptions -----------------------------------------------------------------------------------


def with_assumption(tmp_path_factory: pytest.TempPathFactory, **entries: object) -> Knowledge:
    pack = yaml.safe_load(PACK)
    assumption = {"fact": "person.risk", "value": "low", "because": "nobody spoke of it", **entries}
    pack["assumptions"] = [assumption]
    return small_knowledge(tmp_path_factory.mktemp("assumed"), pack=yaml.safe_dump(pack))


SPOT = found("spot", lesion="a", mm={"mean_diameter": 7}, attributes={"composition": "solid"})


def test_an_assumption_decides_and_is_named_in_the_proof(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    knowledge = with_assumption(tmp_path_factory)
    conclusion = Checker(knowledge, [SPOT]).conclude("spots.action")
    assert conclusion.value == "nothing"
    assumed = [r for r in conclusion.reasons if r.kind == "assumption"]
    assert any("nobody spoke of it" in r.text and "person.risk" in r.text for r in assumed)
    assert "assumption:person.risk" in conclusion.because


def test_an_assumption_that_the_proof_does_not_need_is_not_named(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    knowledge = with_assumption(tmp_path_factory)
    soft = found("spot", lesion="a", attributes={"composition": "soft"})
    conclusion = Checker(knowledge, [soft]).conclude("spots.action")
    assert conclusion.value == "nothing"
    assert "assumption:person.risk" not in conclusion.because


def test_a_stated_fact_ends_the_assumption(tmp_path_factory: pytest.TempPathFactory) -> None:
    knowledge = with_assumption(tmp_path_factory)
    high = found("person", attributes={"risk": "high"})
    conclusion = Checker(knowledge, [SPOT, high]).conclude("spots.action")
    assert conclusion.value == "watch"
    assert not [r for r in conclusion.reasons if "person.risk" in r.id]


def test_a_doubtful_finding_ends_the_assumption_too(shipped: Knowledge) -> None:
    """Possible emphysema is not assumed away: the recommendation stays open."""
    low = found("smoking", "absent")
    doubt = found("emphysema", "indeterminate")
    conclusion = Checker(shipped, [ADULT, low, doubt, nodule(mm={"mean_diameter": 7})]).conclude(
        "fleischner.recommendation"
    )
    assert conclusion.value is None
    assert len(conclusion.possible or ()) == 2


def test_a_condition_limits_an_assumption(tmp_path_factory: pytest.TempPathFactory) -> None:
    knowledge = with_assumption(tmp_path_factory, when="person.age < 50.0")
    for age, value in ((40, "nothing"), (60, None)):
        person = found("person", years={"age": age})
        assert Checker(knowledge, [SPOT, person]).conclude("spots.action").value == value


def test_assumptions_decide_no_claim_about_a_finding(shipped: Knowledge) -> None:
    """The Fleischner pack assumes that there is no emphysema; a report may still say so."""
    findings = [ADULT, nodule(mm={"mean_diameter": 7}), found("smoking", "absent")]
    checker = Checker(shipped, findings)
    conclusion = checker.conclude("fleischner.recommendation")
    assert "assumption:emphysema.present" in conclusion.because
    for presence in ("present", "absent"):
        verdict = checker.check(stated("emphysema", presence))
        assert verdict.kind not in ("entailed", "contradicted")
    spiculated = stated("pulmonary_nodule", attributes={"spiculated": True})
    assert checker.check(spiculated).kind != "contradicted"


def test_a_category_claim_is_judged_with_the_packs_assumptions(shipped: Knowledge) -> None:
    findings = [ADULT, nodule(mm={"mean_diameter": 9})]
    claim = category("fleischner.recommendation", "CT_3M_PET_BIOPSY", source=Source.PLANNER)
    assert Checker(shipped, findings).check(claim).kind == "entailed"


def test_beside_a_possible_lesion_first_of_all_it_is_asked_for(shipped: Knowledge) -> None:
    """What the possible lesion would be like matters only if it is one."""
    screening = found("lung_screening", attributes={"round": "baseline"})
    certain = nodule(mm={"mean_diameter": 9.8}, laterality="right")
    possible = found("pulmonary_nodule", "indeterminate", lesion="n2", id="f9", laterality="left")
    checker = Checker(shipped, [ADULT, screening, certain, possible])
    assert checker.conclude("lung_rads.category").value is None
    first = {m.concept for m in checker.missing("lung_rads.category") if m.decides_alone}
    assert "pulmonary_nodule.present" in first
    assert "pulmonary_nodule.calcification" not in first
