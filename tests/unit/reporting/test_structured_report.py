"""DICOM SR: measurements as they were made, nothing uncertain as a fact, nobody's name."""

import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom import Dataset

from dxtrace.clinical import Result
from dxtrace.clinical.volume import Mask
from dxtrace.intake.imaging.structured_report import report_text
from dxtrace.knowledge import load_knowledge
from dxtrace.reporting.segmentation import Algorithm, encode_segmentation
from dxtrace.reporting.structured_report import (
    ReportSources,
    StructuredReportError,
    encode_structured_report,
)
from tests.unit import small_dicom
from tests.unit.reporting import exported

HEAD = "ab" * 32


@pytest.fixture
def slices() -> list[Dataset]:
    return small_dicom.ct_slices()


def segmentation(slices: list[Dataset], voxels: np.ndarray[Any, Any] | None = None) -> Dataset:
    mask = Mask(
        name="nodule_1", voxels=small_dicom.block() > 0 if voxels is None else voxels,
        geometry=small_dicom.GEOMETRY, series="ct", concept="pulmonary_nodule", finding="f1",
    )  # fmt: skip
    content = encode_segmentation(mask, slices, algorithm=Algorithm("finder", "2"))
    return pydicom.dcmread(BytesIO(content))


def written(result: Result, images: list[Dataset], **fields: Any) -> Dataset:
    sources = ReportSources(images, fields.pop("segmentations", {}), **fields)
    content = encode_structured_report(result, sources, knowledge=load_knowledge(), trace_head=HEAD)
    return highdicom.sr.srread(BytesIO(content))


def segment_of(group: Any) -> Dataset:
    """The segment that a group of measurements refers to."""
    named = [i for i in group[0].ContentSequence if i.ValueType == "IMAGE"]
    (segment,) = [i for i in named if "egment" in i.ConceptNameCodeSequence[0].CodeMeaning][:1]
    return segment.ReferencedSOPSequence[0]


def said(document: Dataset) -> list[str]:
    """Every text and every code of a document with its name, on one line each."""
    lines: list[str] = []

    def walk(item: Dataset) -> None:
        for child in item.get("ContentSequence", ()):
            name = child.ConceptNameCodeSequence[0].CodeMeaning
            if child.ValueType == "TEXT":
                lines.append(f"{name}: {child.TextValue}")
            if child.ValueType == "CODE":
                lines.append(f"{name}: {child.ConceptCodeSequence[0].CodeMeaning}")
            walk(child)

    walk(document)
    return lines


def test_a_nodule_is_a_group_with_its_segment_its_sizes_and_their_intervals(
    slices: list[Dataset],
) -> None:
    seg = segmentation(slices)
    document = written(exported.result(), slices, segmentations={exported.MASK: seg})

    (group,) = document.content.get_volumetric_roi_measurement_groups()
    assert group.finding_type.meaning == "pulmonary nodule"
    assert group.finding_type.scheme_designator == "RADLEX"
    assert group.tracking_identifier == "n1"
    assert group.tracking_uid == seg.SegmentSequence[0].TrackingUID
    assert segment_of(group).ReferencedSOPInstanceUID == seg.SOPInstanceUID
    (site,) = group.finding_sites
    assert (site.value.meaning, site.laterality.meaning) == ("right upper lobe", "Right")
    sizes = {
        (m.name.meaning, m.derivation.meaning if m.derivation else ""): (m.value, m.unit.value)
        for m in group.get_measurements()
    }
    assert sizes == {
        ("Long Axis", ""): (10.1, "mm"),
        ("Diameter", "Mean"): (8.0, "mm"),
        ("Attenuation Coefficient", "Mean"): (33.0, "[hnsf'U]"),
    }
    (long_axis,) = [m for m in group.get_measurements() if m.name.meaning == "Long Axis"]
    ends = {
        item.ConceptNameCodeSequence[0].CodeValue: float(item.MeasuredValueSequence[0].NumericValue)
        for item in long_axis[0].ContentSequence
    }
    assert ends == {"interval_low": 9.3, "interval_high": 10.9}
    evaluations = {q.name.meaning: q.value.meaning for q in group.get_qualitative_evaluations()}
    assert evaluations["Presence"] == "Present"
    assert evaluations["Composition"] == "solid"
    # Only a bound is known of the volume: no number stands for it.
    assert "Volume: volume < 500 mm³" in said(document)


def test_it_is_filed_with_its_images_and_says_that_nobody_has_verified_it(
    slices: list[Dataset],
) -> None:
    document = written(exported.result(), slices)

    assert document.StudyInstanceUID == slices[0].StudyInstanceUID
    (study,) = document.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    named = {item.ReferencedSOPInstanceUID for item in series.ReferencedSOPSequence}
    assert named == {image.SOPInstanceUID for image in slices}
    assert document.VerificationFlag == "UNVERIFIED"
    assert document.PreliminaryFlag == "PRELIMINARY"
    lines = said(document)
    assert any(line.startswith("Use: For research use only") for line in lines)
    assert f"Hash of the trace (SHA-256): {HEAD}" in lines


def test_a_decided_category_is_a_code_with_its_verdict_and_an_open_one_is_not(
    slices: list[Dataset],
) -> None:
    lines = said(written(exported.result(), slices))

    assert "Lung-RADS v2022 category: 4A, suspicious" in lines
    assert "Verdict: proved from the findings" in lines
    (still_open,) = [x for x in lines if x.startswith("First step by Fleischner 2017")]
    assert "undetermined; possible: CT at 6 to 12 months" in still_open
    assert "(not decided)" in still_open


def test_nothing_contradicted_doubted_denied_or_unknown_is_a_group(slices: list[Dataset]) -> None:
    document = written(exported.contradicted(), slices)
    lines = said(document)

    assert document.content.get_image_measurement_groups() == []
    assert "Pleural Effusion: Absent" in [x.title() for x in lines]
    assert not any("effusion: present" in x.lower() for x in lines)
    assert "Contradicted statement, not a fact: “Small left pleural effusion” is excluded" in lines
    by_name = {x.split(": ")[0].lower(): x.split(": ")[1] for x in lines}
    assert by_name["pneumothorax"] == "denied only as described"
    assert by_name["atelectasis"] == "probable"
    assert "Not assessed: ct_detector: failed: out of memory" in lines
    assert any(x.startswith("Not assessed: Rib fracture") for x in lines)
    assert not any("pneumonia" in x.lower() for x in lines)


def test_what_only_the_impression_says_is_no_group(slices: list[Dataset]) -> None:
    found = exported.finding("f1", "pneumonia", source="report_impression")
    document = written(exported.result(found), slices)
    assert document.content.get_image_measurement_groups() == []
    assert any("not proved by the findings" in line for line in said(document))


def test_of_the_patient_only_uids_and_sex_are_copied_unless_the_user_says_so(
    slices: list[Dataset],
) -> None:
    names = ("Doe", "MRN-4711", "19600102", "20200304", "ACC-99", "House", "General Hospital")
    plain = written(exported.result(), slices).to_json()
    assert [word for word in names if word in plain] == []
    for image in slices:
        image.SpecificCharacterSet = "ISO_IR 192"
        image.PatientName = "Yamada^Tarou=山田^太郎"
    kept = written(exported.result(), slices, identified=True)
    assert str(kept.PatientName) == "Yamada^Tarou=山田^太郎"
    assert (kept.PatientID, kept.StudyDate) == ("MRN-4711", "20200304")
    assert "PatientIdentityRemoved" not in kept


def test_equal_results_get_equal_uids(slices: list[Dataset]) -> None:
    first, second = (written(exported.result(), slices) for _ in range(2))
    assert first.SOPInstanceUID == second.SOPInstanceUID
    assert first.SeriesInstanceUID == second.SeriesInstanceUID


def test_a_mask_on_one_slice_is_a_planar_region(slices: list[Dataset]) -> None:
    voxels = np.zeros(small_dicom.SHAPE, bool)
    voxels[2, 5:12, 6:16] = True
    seg = segmentation(slices, voxels)
    document = written(exported.result(), slices, segmentations={exported.MASK: seg})
    (group,) = document.content.get_planar_roi_measurement_groups()
    assert segment_of(group).ReferencedFrameNumber == 1


def test_a_finding_on_a_single_radiograph_refers_to_it() -> None:
    image = small_dicom.radiograph()
    found = exported.finding("f1", "pleural_effusion", laterality="left", source="tool")
    document = written(exported.result(found), [image])
    (group,) = document.content.get_image_measurement_groups()
    uids = [i.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for i in group.source_images]
    assert uids == [image.SOPInstanceUID]
    assert "Laterality: Left" in said(document)


def test_sixty_findings_and_words_that_are_markup_stay_text(slices: list[Dataset]) -> None:
    many = [
        exported.nodule(id_=f"f{n}", lesion=f"n{n}", text=exported.MARKUP, location=exported.MARKUP)
        for n in range(60)
    ]
    document = written(exported.result(*many), slices)
    groups = document.content.get_image_measurement_groups()
    assert len({g.tracking_uid for g in groups}) == 60
    words = [x for x in said(document) if x.startswith("Words of the source")]
    assert len(words) == 60
    assert all("<script>" in w and "ünïcode" in w and "\x07" not in w for w in words)


@pytest.mark.parametrize(
    ("result", "images", "why"),
    [
        (Result(id="c-1", status="failed", error="the file is cut short"), True, "cut short"),
        (exported.result(), False, "no DICOM images"),
    ],
)
def test_what_cannot_be_filed_is_refused_with_the_reason(
    result: Result, images: bool, why: str, slices: list[Dataset]
) -> None:
    with pytest.raises(StructuredReportError, match=why):
        written(result, slices if images else [])


def test_it_is_no_report_of_a_person_when_it_comes_back(slices: list[Dataset]) -> None:
    assert report_text(written(exported.result(), slices), 10_000) == ""


def test_images_of_another_study_are_left_out(slices: list[Dataset]) -> None:
    other = small_dicom.ct_slices()[0]
    document = written(exported.result(), [*slices, other])
    assert other.SOPInstanceUID not in document.to_json()


def test_a_validator_of_dicom_finds_no_error(slices: list[Dataset], tmp_path: Path) -> None:
    validator = shutil.which("dciodvfy")
    if validator is None:
        pytest.skip("dciodvfy is not installed (apt-get install dicom3tools)")
    for number, result in enumerate((exported.result(), exported.contradicted())):
        path = tmp_path / f"{number}.dcm"
        sources = ReportSources(slices, {exported.MASK: segmentation(slices)})
        path.write_bytes(
            encode_structured_report(result, sources, knowledge=load_knowledge(), trace_head=HEAD)
        )
        done = subprocess.run([validator, path], capture_output=True, text=True, check=False)
        errors = [x for x in done.stderr.splitlines() if x.startswith("Error")]
        assert errors == []
