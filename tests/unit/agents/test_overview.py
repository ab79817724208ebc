"""What the answer says of what reports describe and experts found."""

from typing import Any

import pytest

from agents.overview import overview
from dxtrace.clinical import (
    Answer,
    Evidence,
    Finding,
    Laterality,
    Measurement,
    Outcome,
    Presence,
    Result,
    Score,
    Source,
    ToolCall,
)
from dxtrace.knowledge import Knowledge, load_knowledge


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


def by_expert(concept: str, presence: str, **fields: Any) -> Finding:
    fields.setdefault("id", f"{concept}-{presence}")
    return Finding(
        concept=concept, presence=Presence(presence), source=Source.TOOL,
        evidence=(Evidence(tool="finder", version="1"),), **fields,
    )  # fmt: skip


def said(knowledge: Knowledge, *findings: Finding, tools: tuple[ToolCall, ...] = ()) -> str:
    result = Result(
        id="c", status="answered", answer=Answer(text=""), findings=findings, tools=tools
    )
    return " ".join(overview(knowledge, result))


def test_what_an_expert_found_is_said_with_its_interval(knowledge: Knowledge) -> None:
    size = Measurement(kind="mean_diameter", value=9.8, low=9.5, high=10.1, unit="mm")
    nodule = by_expert(
        "pulmonary_nodule", "present", laterality=Laterality.RIGHT, measurements=(size,)
    )
    text = said(knowledge, nodule)
    assert text == ("Found by experts: right pulmonary nodule, mean diameter 9.5 to 10.1 mm.")


def test_what_an_expert_is_unsure_of_is_said_as_possible(knowledge: Knowledge) -> None:
    text = said(knowledge, by_expert("pulmonary_nodule", "indeterminate"))
    assert "Found by experts: possible pulmonary nodule." in text


def test_counted_cells_are_in_the_answer(knowledge: Knowledge) -> None:
    text = said(knowledge, by_expert("blood_smear", "present", text="Red cells: 27"))
    assert text == "Found by experts: Red cells: 27."


def test_who_looked_and_found_nothing_is_named(knowledge: Knowledge) -> None:
    calls = (
        ToolCall(name="lungs", outcome=Outcome.OK, seconds=1.0),
        ToolCall(name="broken", outcome=Outcome.FAILED, seconds=1.0, reason="it broke"),
    )
    text = said(knowledge, tools=calls)
    assert "Looked at, with nothing to report: lungs." in text
    assert "broken" not in text


def test_a_score_without_a_threshold_is_no_normal_result(knowledge: Knowledge) -> None:
    score = Score(value=0.09, scale="zone_excess")
    text = said(knowledge, by_expert("pulmonary_opacity", "unknown", score=score))
    assert text == (
        "Scored, but no threshold says what it means: pulmonary opacity. "
        "No expert stated a finding; that is not a normal result."
    )


def test_a_score_that_reaches_its_operating_point_is_a_possibility_and_no_other_is(
    knowledge: Knowledge,
) -> None:
    def scored(concept: str, value: float, point: float | None) -> Finding:
        score = Score(value=value, scale="scaled", operating_point=point)
        return by_expert(concept, "indeterminate", score=score)

    text = said(
        knowledge,
        scored("pulmonary_nodule", 0.7, 0.5),
        scored("pneumothorax", 0.1, 0.5),
        scored("cardiomegaly", 0.1, None),
    )
    assert text == (
        "Found by experts: possible pulmonary nodule. "
        "Scored below the operating point, which excludes nothing: pneumothorax. "
        "Scored, but no threshold says what it means: cardiomegaly."
    )


def test_only_a_report_can_describe_nothing_abnormal(knowledge: Knowledge) -> None:
    absent = by_expert("pleural_effusion", "absent", id="f1")
    in_words = absent.model_copy(update={"source": Source.REPORT_FINDINGS})
    assert said(knowledge, in_words) == "No abnormal finding is described as present."
    assert said(knowledge, absent) == "Judged absent by experts: pleural effusion."
