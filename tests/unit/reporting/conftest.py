"""A small reviewed case with everything that a page can show."""

from dataclasses import dataclass
from typing import Any

import pytest

from dxtrace.clinical import (
    Answer,
    Case,
    CheckedClaim,
    Citation,
    Claim,
    Conclusion,
    Contradiction,
    Evidence,
    Finding,
    Measurement,
    MissingFact,
    Patient,
    Reason,
    Report,
    Result,
    ToolCall,
    Trace,
    Verdict,
)

TEXT = (
    "FINDINGS: 7 mm solid nodule in the right upper lobe. No pleural effusion. Possible edema.\n"
    "IMPRESSION: 1. No nodule. 2. Stable."
)
CITATION = Citation(
    source="Fleischner Society 2017",
    section="Table 1",
    passage_id="t1",
    url="https://doi.org/10.1148/radiol.2017161659",
    text="One solid nodule of 6 to 8 mm: CT at 6 to 12 months.",
)


@dataclass(frozen=True)
class Reviewed:
    case: Case
    result: Result
    trace: Trace


def span(words: str) -> tuple[int, int]:
    return TEXT.index(words), TEXT.index(words) + len(words)


def finding(id_: str, concept: str, presence: str, words: str, **further: Any) -> Finding:
    evidence = Evidence(tool="report_reader", version="1", document=0, span=span(words))
    fields = {"id": id_, "concept": concept, "presence": presence, "text": words, **further}
    return Finding(**fields, evidence=(evidence,))


@pytest.fixture
def reviewed() -> Reviewed:
    reasons = (
        Reason(id="f1", kind="finding", text="solid nodule of 7 mm"),
        Reason(id="assumption:x", kind="assumption", text="assumed false: known cancer"),
        Reason(id="fleischner.solid:a", kind="row", text="6 to 8 mm", citation=CITATION),
    )
    size = Measurement(kind="diameter", value=7, unit="mm")
    findings = (
        finding("f1", "pulmonary_nodule", "present", "7 mm solid nodule in the right upper lobe",
                laterality="right", location="right upper lobe", measurements=(size,)),
        finding("f2", "pleural_effusion", "absent", "No pleural effusion"),
        finding("f3", "pulmonary_edema", "indeterminate", "Possible edema"),
        finding("f4", "pulmonary_nodule", "absent", "No nodule", source="report_impression"),
    )  # fmt: skip
    denial = Claim(
        id="c1", kind="finding", concept="pulmonary_nodule", presence="absent",
        source="report_impression", document=0, span=span("No nodule"), text="No nodule",
    )  # fmt: skip
    result = Result(
        id="c-001",
        status="answered",
        answer=Answer(
            text="CT at 6 to 12 months.",
            conclusions=(
                Conclusion(concept="lung_rads.category", title="Lung-RADS", verdict="consistent",
                           possible=("3", "4A")),
                Conclusion(concept="fleischner.recommendation", title="Fleischner",
                           value="CT_6_12M", verdict="entailed", reasons=reasons,
                           citations=(CITATION,)),
                Conclusion(concept="icdr.grade", title="ICDR grade", verdict="unsupported"),
            ),
        ),
        findings=findings,
        claims=(
            CheckedClaim(claim=denial, verdict=Verdict(kind="contradicted", because=reasons[:1])),
        ),
        contradictions=(
            Contradiction(claim="No nodule", source="report", with_=("f1",),
                          explanation="The findings describe one."),
        ),
        missing=(MissingFact(concept="exam.screening", why="decides between 3 and 4A"),),
        tools=(
            ToolCall(name="report_reader", outcome="ok", seconds=0.01),
            ToolCall(name="ct_detector", outcome="unavailable", seconds=0, reason="no weights"),
        ),
        trace="traces/c-001.json",
    )  # fmt: skip
    trace = Trace("c-001")
    trace.append("versions", {"dxtrace": "0.1.0", "packs": {"fleischner": "2017"}})
    case = Case(
        id="c-001",
        patient=Patient(age=63, sex="F"),
        reports=(Report(text=TEXT),),
        question="What follow-up?",
    )
    return Reviewed(case, result, trace)
