"""The result object: stable names, plain JSON, and it comes back."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dxtrace.clinical import (
    Answer,
    Case,
    CheckedClaim,
    Citation,
    Claim,
    Conclusion,
    Context,
    Contradiction,
    Evidence,
    Finding,
    Laterality,
    Measurement,
    MissingFact,
    Outcome,
    Presence,
    Reason,
    Result,
    Score,
    Source,
    ToolCall,
    Verdict,
    VerdictKind,
)

WORDS = st.text(max_size=12)
NAMES = st.text(min_size=1, max_size=12)
MEASUREMENTS = st.builds(
    Measurement,
    kind=st.sampled_from(["diameter", "volume", "prior_long_axis"]),
    value=st.decimals(0, 500, places=2),
    low=st.none(),
    high=st.none(),
    unit=st.sampled_from(["mm", "cm", "mm3"]),
)
ATTRIBUTES = st.dictionaries(
    NAMES, st.booleans() | st.integers(0, 50) | WORDS | st.lists(WORDS, max_size=2).map(tuple),
    max_size=3,
)  # fmt: skip
FINDINGS = st.builds(
    Finding,
    id=NAMES,
    concept=NAMES,
    presence=st.sampled_from(Presence),
    laterality=st.none() | st.sampled_from(Laterality),
    location=st.none() | WORDS,
    attributes=ATTRIBUTES,
    measurements=st.lists(MEASUREMENTS, max_size=2).map(tuple),
    source=st.sampled_from(Source),
    context=st.sampled_from(Context),
    evidence=st.just(()),
    text=WORDS,
)
CONCLUSIONS = st.builds(
    Conclusion,
    concept=NAMES,
    value=st.none() | st.booleans() | WORDS,
    verdict=st.sampled_from(VerdictKind),
    possible=st.none() | st.lists(WORDS, max_size=3).map(tuple),
    reasons=st.just(()),
    citations=st.just(()),
)
RESULTS = st.builds(
    Result,
    id=NAMES,
    status=st.sampled_from(["answered", "needs_input", "failed"]),
    answer=st.builds(Answer, text=WORDS, conclusions=st.lists(CONCLUSIONS, max_size=2).map(tuple)),
    findings=st.lists(FINDINGS, max_size=2).map(tuple),
    claims=st.just(()),
    contradictions=st.just(()),
    missing=st.just(()),
    tools=st.just(()),
)


def full_result() -> Result:
    size = Measurement(kind="diameter", value=Decimal("6.5"), unit="mm")
    finding = Finding(
        id="f1", concept="pulmonary_nodule", oifm_id="OIFM_CDE_000195", presence=Presence.PRESENT,
        laterality=Laterality.RIGHT, location="right upper lobe", lesion="n1",
        attributes={"composition": "solid"}, measurements=(size,),
        score=Score(value=1.5, scale="logit", operating_point=0.2), source=Source.TOOL,
        evidence=(Evidence(tool="report_reader", version="1", document=0, span=(3, 9)),),
    )  # fmt: skip
    citation = Citation(source="Somebody 2020", section="Table 1", passage_id="p1")
    reason = Reason(id="t:row", kind="row", text="row", citation=citation)
    conclusion = Conclusion(
        concept="lung_rads.category", value="4A", verdict=VerdictKind.ENTAILED,
        because=("t:row", "f1"), citations=(citation,), reasons=(reason,),
    )  # fmt: skip
    claim = Claim(id="c1", kind="finding", concept="pleural_effusion")
    checked = CheckedClaim(claim=claim, verdict=Verdict(kind=VerdictKind.UNSUPPORTED))
    return Result(
        id="c-001", status="answered",
        answer=Answer(text="Lung-RADS 4A.", conclusions=(conclusion,)), findings=(finding,),
        claims=(checked,),
        contradictions=(
            Contradiction(claim="no nodule", source="report", with_=("f1",), rules=("r",)),
        ),
        missing=(MissingFact(concept="patient.age", why="it decides"),),
        tools=(ToolCall(name="report_reader", outcome=Outcome.OK, seconds=0.1),),
        trace="traces/c-001.json",
    )  # fmt: skip


def test_the_result_object_has_the_stable_names() -> None:
    data = full_result().to_json_object()
    assert set(data) >= {
        "id", "status", "answer", "findings", "contradictions", "missing", "tools", "trace",
    }  # fmt: skip
    assert data["answer"]["text"] == "Lung-RADS 4A."
    (conclusion,) = data["answer"]["conclusions"]
    assert {k: conclusion[k] for k in ("concept", "value", "verdict", "possible", "because")} == {
        "concept": "lung_rads.category", "value": "4A", "verdict": "entailed", "possible": None,
        "because": ["t:row", "f1"],
    }  # fmt: skip
    assert set(conclusion["citations"][0]) >= {"source", "section", "passage_id"}
    (finding,) = data["findings"]
    assert set(finding) >= {
        "id", "concept", "oifm_id", "presence", "laterality", "location", "attributes",
        "measurement", "score", "evidence",
    }  # fmt: skip
    assert finding["measurement"] | {"kind": "diameter"} == finding["measurement"]
    assert {k: finding["measurement"][k] for k in ("value", "low", "high", "unit", "method")} == {
        "value": 6.5, "low": 6.5, "high": 6.5, "unit": "mm", "method": "stated",
    }  # fmt: skip
    assert set(finding["score"]) >= {"value", "scale", "operating_point"}
    assert set(finding["evidence"][0]) >= {
        "tool", "version", "weights_sha256", "span", "artifact",
    }  # fmt: skip
    assert finding["evidence"][0]["span"] == [3, 9]
    assert data["contradictions"][0]["with"] == ["f1"]
    assert "with_" not in data["contradictions"][0]
    missing = {"concept": "patient.age", "why": "it decides", "decides_alone": False}
    assert data["missing"] == [missing]
    call = {"name": "report_reader", "outcome": "ok", "seconds": 0.1, "reason": "", "notes": []}
    (told,) = data["tools"]
    assert told == told | call | {"arguments": {}, "from_cache": False}


def test_a_finding_without_a_size_has_no_measurement() -> None:
    result = full_result()
    bare = result.findings[0].model_copy(update={"measurements": (), "score": None})
    data = result.model_copy(update={"findings": (bare,)}).to_json_object()
    assert data["findings"][0]["measurement"] is None
    assert data["findings"][0]["score"] is None


def test_every_state_has_its_stable_word() -> None:
    assert {p.value for p in Presence} == {"present", "absent", "indeterminate", "unknown"}
    assert {o.value for o in Outcome} == {
        "ok", "not_applicable", "unavailable", "abstained", "failed", "timed_out",
    }  # fmt: skip
    assert {v.value for v in VerdictKind} == {
        "entailed", "consistent", "contradicted", "unsupported",
    }  # fmt: skip


@given(result=RESULTS)
def test_results_are_plain_json_and_come_back(result: Result) -> None:
    line = json.dumps(result.to_json_object(), allow_nan=False)
    assert json.loads(line)["id"] == result.id
    again = Result.model_validate_json(result.model_dump_json())
    assert again.model_dump_json() == result.model_dump_json()
    assert [f.presence for f in again.findings] == [f.presence for f in result.findings]
    assert [c.value for c in again.answer.conclusions] == [
        c.value for c in result.answer.conclusions
    ]


@given(finding=FINDINGS)
def test_findings_keep_every_attribute_through_json(finding: Finding) -> None:
    again = Finding.model_validate_json(finding.model_dump_json())
    assert dict(again.attributes) == dict(finding.attributes)
    assert {k: type(v) for k, v in again.attributes.items()} == {
        k: type(v) for k, v in finding.attributes.items()
    }


@pytest.mark.parametrize(
    "update",
    [
        {"patient": {"age": -1}}, {"patient": {"age": 131}}, {"patient": {"sex": "male"}},
        {"patient": {"name": "Jane Doe"}}, {"id": ""}, {"notes": "x"},
        {"findings": [{"id": "f", "concept": "a", "presence": "present"}] * 2},
        {"findings": [{"id": "f", "concept": "a", "presence": "perhaps"}]},
    ],
)  # fmt: skip
def test_cases_that_cannot_be_are_refused(update: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Case.model_validate({"id": "c", **update})


def test_nobody_asked_and_asked_without_risk_factors_differ() -> None:
    nobody = Case.model_validate({"id": "c", "patient": {"age": 60}})
    asked = Case.model_validate({"id": "c", "patient": {"age": 60, "risk_factors": []}})
    assert nobody.patient.risk_factors is None
    assert asked.patient.risk_factors == ()
    again = Case.model_validate_json(asked.model_dump_json())
    assert again.patient.risk_factors == ()
