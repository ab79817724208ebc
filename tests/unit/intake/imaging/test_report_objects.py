"""Reports among DICOM files: Structured Reports and PDF, in folders, archives and manifests."""

import zipfile
from datetime import date
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import generate_uid

from dxtrace.intake import IntakeError, IntakeLimits, read_case
from dxtrace.intake.case_builder import CaseReading
from dxtrace.knowledge import load_knowledge
from tests.unit.small_dicom import radiograph
from tests.unit.small_reports import encapsulated_pdf, printed, section, structured_report
from tools.report_reader import ReportReader

LETTER = printed(
    "Patient: Doe, Jane\tMRN: MRN-4711", "Born: 2 January 1960\tAddress: 7 Lake Street",
    "CHEST RADIOGRAPH", "FINDINGS", "A solid nodule of 7 mm in the right upper",
    "lobe. No pleural effusion. Jane was told on 04.03.2020.", "IMPRESSION",
    "Pulmonary nodule. 02.01.1960", "Reported by: Gregory House",
)  # fmt: skip


def stored(folder: Path, **objects: Dataset) -> Path:
    folder.mkdir(exist_ok=True)
    for name, dataset in objects.items():
        dataset.save_as(folder / f"{name}.dcm", enforce_file_format=True)
    return folder


def beside(report: Dataset) -> Dataset:
    """A radiograph of the same study."""
    image = radiograph()
    image.StudyInstanceUID = report.StudyInstanceUID
    return image


def texts(reading: CaseReading) -> list[str]:
    return [report.text for report in reading.case.reports]


def test_a_pdf_beside_images_is_the_case_s_report_without_names(tmp_path: Path) -> None:
    report = encapsulated_pdf(LETTER)
    reading = read_case(stored(tmp_path / "case", image=beside(report), report=report))
    (read,) = reading.case.reports
    assert (read.is_prior, read.day) == (False, date(2020, 3, 4))
    assert len(reading.case.studies[0].series) == 1
    for name in ("Doe", "Jane", "4711", "January", "1960", "Lake", "House", "Gregory"):
        assert name not in read.text, read.text
    assert "FINDINGS\nA solid nodule of 7 mm in the right upper\nlobe." in read.text
    assert "04.03.2020" in read.text
    found = ReportReader(load_knowledge()).read(read.text).findings
    assert ("pulmonary_nodule", "report_findings") in {(f.concept, f.source) for f in found}


def test_reports_without_images_are_a_case_the_newest_of_them_current(tmp_path: Path) -> None:
    old = encapsulated_pdf(printed("FINDINGS: No nodule."), day="20180101")
    new = structured_report(section("Findings", "Nodule of 7 mm."), day="20200304")
    reading = read_case(stored(tmp_path / "case", a=old, b=new))
    assert [(r.text, r.is_prior) for r in reading.case.reports] == [
        ("FINDINGS: No nodule.", True), ("FINDINGS:\nNodule of 7 mm.", False),
    ]  # fmt: skip
    assert reading.case.studies == ()
    assert reading.case.patient.sex == "F"
    alone = read_case(stored(tmp_path / "one", a=old) / "a.dcm")
    assert texts(alone) == ["FINDINGS: No nodule."]


def test_a_report_in_an_archive_and_one_of_a_case_file_are_read(tmp_path: Path) -> None:
    report = encapsulated_pdf(printed("FINDINGS: Left pneumothorax."))
    folder = stored(tmp_path / "case", report=report)
    with zipfile.ZipFile(tmp_path / "sent.zip", "w") as archive:
        archive.write(folder / "report.dcm", "study/report.dcm")
    assert texts(read_case(tmp_path / "sent.zip")) == ["FINDINGS: Left pneumothorax."]
    (tmp_path / "case.yaml").write_text(
        "reports: [{text: 'FINDINGS: Clear.'}]\n"
        "priors: [{date: 2019-05-01, images: [{path: case}]}]\n"
    )
    reading = read_case(tmp_path / "case.yaml")
    assert [(r.text, r.is_prior, r.day) for r in reading.case.reports] == [
        ("FINDINGS: Clear.", False, None),
        ("FINDINGS: Left pneumothorax.", True, date(2019, 5, 1)),
    ]


def test_another_examination_is_an_earlier_one_and_another_patient_is_left_out(
    tmp_path: Path,
) -> None:
    report = encapsulated_pdf(printed("FINDINGS: Nodule."))
    earlier = encapsulated_pdf(printed("FINDINGS: Clear."), study=generate_uid(), day="20190101")
    other = encapsulated_pdf(printed("FINDINGS: Mass."), PatientID="X-1", PatientName="Roe^Ann")
    folder = stored(tmp_path / "c", image=beside(report), a=report, b=earlier, c=other)
    reading = read_case(folder)
    assert [(r.text, r.is_prior) for r in reading.case.reports] == [
        ("FINDINGS: Nodule.", False), ("FINDINGS: Clear.", True),
    ]  # fmt: skip
    said = " ".join(reading.notes)
    assert "a report of another examination is taken as an earlier one" in said
    assert "a report names another patient than the images: left out" in said


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (printed(""), "none of its 1 page(s) holds text: expected a PDF with text; a scanned one"),
        (LETTER[:700], "expected a whole PDF, its end is missing"),
        (b"", "holds no document"),
        (b"<html>Jane Doe</html>", "expected a whole PDF"),
        (b"%PDF-1.7 Jane Doe %%EOF", "expected a PDF, it cannot be read: damaged?"),
        (LETTER + b"%" * 60_000, "expected a file of at most 50,000 bytes, got"),
    ],
    ids=["scanned", "truncated", "empty", "no PDF", "damaged", "large"],
)
def test_what_cannot_be_read_is_said_without_its_words(
    tmp_path: Path, document: bytes, said: str
) -> None:
    report = encapsulated_pdf(document)
    folder = stored(tmp_path / "case", image=beside(report), report=report)
    limits = IntakeLimits(max_pdf_bytes=50_000)
    reading = read_case(folder, limits=limits)
    assert reading.case.reports == ()
    notes = " ".join(reading.notes)
    assert said in notes
    assert "Jane" not in notes
    with pytest.raises(IntakeError) as refused:
        read_case(folder / "report.dcm", limits=limits)
    assert said in str(refused.value)


def test_pages_without_text_are_said(tmp_path: Path) -> None:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=10)
    pdf.write(6, "FINDINGS: Nodule.")
    pdf.add_page()
    report = encapsulated_pdf(bytes(pdf.output()))
    reading = read_case(stored(tmp_path / "case", report=report))
    assert texts(reading) == ["FINDINGS: Nodule."]
    assert reading.notes == ("a report kept as PDF: without text (scanned or blank): page 2",)
