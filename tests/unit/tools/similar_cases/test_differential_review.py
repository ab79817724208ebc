"""A differential in a review: asked for, judged by the patient's own findings, never evidence."""

import pytest

from dxtrace.clinical import Outcome, Result, Source, Trace, VerdictKind
from dxtrace.knowledge import load_knowledge
from dxtrace.reporting import render_case_report
from dxtrace.retrieval.cases import CaseRecord
from expert_models import ExpertOutput
from graphs import replay, review_with_trace
from tests.unit.graphs.benches import bench_with, expert, report_case
from tests.unit.retrieval.cases.small_cases import finding, record
from tests.unit.tools.similar_cases.conftest import reviewed
from tools import run_tool
from tools.similar_cases import DIFFERENTIAL, SIMILAR_CASES

REPORT = "FINDINGS: Small left pleural effusion. No pneumothorax. Heart size is normal."
ASKS = "What else could this be?"


def made_cases() -> list[CaseRecord]:
    """Effusions that were thought to be pneumonia, an effusion, or a pneumothorax."""
    effusion = finding("pleural_effusion", side="left")
    thought = {"pneumonia": 5, "pneumothorax": 4, "pleural_effusion": 3}
    return [
        record(
            f"{concept}-{n}", effusion, finding(concept, source=Source.REPORT_IMPRESSION),
            *([finding("consolidation")] if concept == "pneumonia" else []),
            report=f"Small left pleural effusion, case {n} of {concept}.",
        )
        for concept, count in thought.items()
        for n in range(count)
    ]  # fmt: skip


def asked(question: str | None = ASKS) -> tuple[Result, Trace]:
    return reviewed(REPORT, question)


def verdicts(result: Result) -> dict[str, VerdictKind | None]:
    assert result.differential is not None
    return {c.concept: c.verdict for c in result.differential.candidates}


@pytest.mark.usefixtures("folder")
def test_each_candidate_is_judged_by_what_was_found_in_the_patient() -> None:
    result, _ = asked()
    assert verdicts(result) == {
        "pneumonia": VerdictKind.UNSUPPORTED, "pleural_effusion": VerdictKind.ENTAILED,
        "pneumothorax": VerdictKind.CONTRADICTED,
    }  # fmt: skip
    assert list(verdicts(result))[-1] == "pneumothorax"


@pytest.mark.usefixtures("folder")
def test_however_many_similar_cases_name_it_nothing_is_entailed_by_them() -> None:
    plain, _ = asked("Is there pneumonia?")
    result, trace = asked(f"Is there pneumonia? {ASKS}")
    assert result.differential is not None
    assert "pneumonia" in {c.concept for c in result.differential.candidates}
    assert result.findings == plain.findings
    assert result.claims == plain.claims
    assert result.answer.conclusions == plain.answer.conclusions
    assert result.answer.text.startswith("Undetermined")
    known = {f.id for f in result.findings}
    assert {e.data["id"] for e in trace.entries if e.kind == "finding"} == known


@pytest.mark.usefixtures("folder")
def test_the_answer_lists_it_as_an_analogy_with_what_would_tell() -> None:
    result, _ = asked()
    text = result.answer.text
    assert "Differential by analogy (an analogy, not evidence" in text
    assert "1. Pneumonia: 5 of 12 cases; " in text
    assert "this patient's findings say nothing of it" in text
    assert "would tell, and is not known here: consolidation" in text
    assert "contradicted by this patient's findings" in text
    assert "this patient's own findings state: pleural effusion (3 of 12 cases; " in text


@pytest.mark.usefixtures("folder")
def test_tools_that_could_look_for_what_is_open_are_named() -> None:
    bench = bench_with(expert("consolidation_finder", lambda _: (), produces=("consolidation",)))
    run = review_with_trace(report_case(REPORT, ASKS), bench=bench)
    assert "consolidation (by consolidation_finder)" in run.result.answer.text


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "question",
    [
        "What else could this be?", "What is the differential diagnosis?", "Give me a ddx.",
        "Are there other possible diagnoses?", "What could the effusion be?",
    ],
)  # fmt: skip
def test_ways_of_asking(question: str) -> None:
    result, _ = asked(question)
    assert result.differential is not None
    assert result.similar_cases
    assert "not understood" not in result.answer.text


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("question", [None, "Are there similar cases?", "Is there an effusion?"])
def test_only_who_asks_is_given_one(question: str | None) -> None:
    result, _ = asked(question)
    assert result.differential is None
    assert DIFFERENTIAL not in {c.name for c in result.tools}


@pytest.mark.usefixtures("folder")
def test_the_trace_records_it_and_replays() -> None:
    _, trace = asked()
    (entry,) = [e for e in trace.entries if e.kind == "result" and "differential" in e.data]
    assert entry.data["name"] == DIFFERENTIAL
    assert entry.data["differential"]["candidates"][0]["verdict"] is None
    assert replay(Trace.from_json(trace.to_json())).same


@pytest.mark.usefixtures("folder")
def test_the_page_shows_it_beside_the_similar_cases() -> None:
    result, trace = asked()
    case = report_case(REPORT, ASKS)
    page = render_case_report(result, case=case, trace=trace, knowledge=load_knowledge())
    assert "Differential by analogy" in page
    assert "5 of 12" in page
    assert "5 of 5 with it, 0 of 7 without" in page
    assert "image not compared" in page


@pytest.mark.usefixtures("place")
def test_without_an_index_the_answer_says_how_to_make_one() -> None:
    result, _ = asked()
    assert result.differential is None
    assert {c.outcome for c in result.tools if c.name in {DIFFERENTIAL, SIMILAR_CASES}} == {
        Outcome.ABSTAINED
    }
    assert "dxtrace cases add indiana" in result.answer.text


def test_a_tool_that_passes_something_else_off_as_a_differential_fails() -> None:
    strange = expert("odd", lambda _: ExpertOutput(differential=finding("pneumonia")))  # type: ignore[arg-type]
    run = run_tool(strange, report_case(REPORT))
    assert run.call.outcome is Outcome.FAILED
    assert run.findings == ()
