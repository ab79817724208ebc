"""Reviewed cases for the tests of what goes to other systems: one of each hostile kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dxtrace.clinical import (
    Answer,
    Case,
    CheckedClaim,
    Claim,
    Conclusion,
    Contradiction,
    Evidence,
    Finding,
    Image,
    Measurement,
    Patient,
    Result,
    Series,
    Study,
    ToolCall,
    Trace,
    Verdict,
)
from tests.unit import small_dicom

MARKUP = '<script>alert("x")</script> & ünïcode \x07 \u202e ok'
MASK = "masks/c-1/finder/nodule_1.nii.gz"


def finding(id_: str, concept: str, presence: str = "present", **fields: Any) -> Finding:
    return Finding(id=id_, concept=concept, presence=presence, **fields)


def nodule(**fields: Any) -> Finding:
    """A measured nodule that a tool marked."""
    sizes = (
        Measurement(kind="long_axis", value="10.1", low="9.3", high="10.9", unit="mm"),
        Measurement(kind="mean_diameter", value=8, unit="mm"),
        Measurement(kind="volume", high=500, high_open=True, unit="mm3"),
        Measurement(kind="mean_attenuation", value=33, low=24, high=41, unit="HU"),
    )
    given: dict[str, Any] = {
        "id_": "f1",
        "concept": "pulmonary_nodule",
        "laterality": "right",
        "location": "right upper lobe",
        "attributes": {"composition": "solid", "spiculated": False, "count": 1},
        "measurements": sizes,
        "lesion": "n1",
        "source": "tool",
        "evidence": (Evidence(tool="finder", version="2", artifact=MASK),),
    }
    return finding(**{**given, **fields})


def result(*findings: Finding, **fields: Any) -> Result:
    """An answered result with one proved and one open conclusion."""
    conclusions = (
        Conclusion(concept="lung_rads.category", title="Lung-RADS v2022 category", value="4A",
                   verdict="entailed", pack="lung_rads"),
        Conclusion(concept="fleischner.first_step", title="First step by Fleischner 2017",
                   verdict="consistent", possible=("CT_6_12M", "WORK_UP"), pack="fleischner"),
    )  # fmt: skip
    given: dict[str, Any] = {
        "id": "c-1",
        "status": "answered",
        "answer": Answer(text="Lung-RADS 4A.", conclusions=conclusions),
        "findings": findings or (nodule(),),
        "tools": (ToolCall(name="finder", outcome="ok", seconds=1.0),),
    }
    return Result(**{**given, **fields})


def contradicted() -> Result:
    """An impression that its findings exclude, a doubt, a part denial, and a tool that failed."""
    words = Evidence(tool="report_reader", document=0, span=(10, 20))
    denial = Claim(
        id="c1", kind="finding", concept="pleural_effusion", document=0, span=(10, 20),
        source="report_impression", text="Small left pleural effusion",
    )  # fmt: skip
    return result(
        finding("f1", "pleural_effusion", "absent", source="report_findings"),
        finding("f2", "pleural_effusion", source="report_impression", laterality="left",
                evidence=(words,), text="Small left pleural effusion"),
        finding("f3", "pulmonary_edema", "indeterminate"),
        finding("f4", "pneumothorax", "absent", attributes={"size": "large"}),
        finding("f5", "atelectasis", certainty="probable"),
        finding("f6", "rib_fracture", "unknown"),
        finding("f7", "pneumonia", context="prior"),
        claims=(CheckedClaim(claim=denial, verdict=Verdict(kind="contradicted")),),
        contradictions=(
            Contradiction(claim="Small left pleural effusion", source="report", with_=("f1",),
                          explanation="“Small left pleural effusion” is excluded"),
        ),
        tools=(
            ToolCall(name="report_reader", outcome="ok", seconds=0.1),
            ToolCall(name="ct_detector", outcome="failed", seconds=1.0, reason="out of memory"),
        ),
    )  # fmt: skip


def trace() -> Trace:
    made = Trace("c-1")
    made.append("answer", {"text": "Lung-RADS 4A."})
    return made


def case_with_images(folder: Path, **fields: Any) -> Case:
    """A case with the small CT, which carries a name."""
    paths = small_dicom.write(small_dicom.ct_slices(), folder)
    images = tuple(Image(path=Path(p), modality="CT") for p in paths)
    study = Study(id="current", series=(Series(id="ct", images=images),))
    return Case(id="c-1", patient=Patient(age=60, sex="F"), studies=(study,), **fields)
