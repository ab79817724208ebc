"""Small reports as DICOM objects that tests make for themselves: PS3.16 TID 2000, and PDF."""

from fpdf import FPDF
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    BasicTextSRStorage,
    EncapsulatedPDFStorage,
    ExplicitVRLittleEndian,
    generate_uid,
)

from tests.unit.small_dicom import IDENTITY


def code(meaning: str, value: str = "121070") -> Dataset:
    """A coded concept."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item


def content(kind: str, name: str, relation: str = "CONTAINS", **fields: object) -> Dataset:
    """A content item."""
    item = Dataset()
    item.RelationshipType, item.ValueType = relation, kind
    item.ConceptNameCodeSequence = [code(name)]
    for keyword, value in fields.items():
        setattr(item, keyword, value)
    return item


def section(name: str, *texts: str) -> Dataset:
    """A container with texts."""
    said = [content("TEXT", name.rstrip("s"), TextValue=text) for text in texts]
    return content("CONTAINER", name, ContentSequence=said, ContinuityOfContent="SEPARATE")


def structured_report(
    *items: Dataset, study: str | None = None, day: str = "20200304", **identity: str
) -> Dataset:
    """A Basic Text SR.

    Args:
        items: what its root contains.
        study: StudyInstanceUID; a new one by default.
        day: StudyDate.
        identity: attributes of the patient that differ from the usual ones.
    """
    report = Dataset()
    for keyword, value in {**IDENTITY, **identity}.items():
        setattr(report, keyword, value)
    report.SOPClassUID, report.SOPInstanceUID = BasicTextSRStorage, generate_uid()
    report.StudyInstanceUID, report.SeriesInstanceUID = study or generate_uid(), generate_uid()
    report.Modality, report.StudyDate, report.PatientSex = "SR", day, "F"
    report.SeriesNumber, report.InstanceNumber = 9, 1
    report.ContentDate, report.ContentTime = day, "120000"
    report.CompletionFlag, report.VerificationFlag = "COMPLETE", "UNVERIFIED"
    report.ValueType, report.ContinuityOfContent = "CONTAINER", "SEPARATE"
    report.ConceptNameCodeSequence = [code("Radiology Report", "11528-7")]
    report.ContentSequence = list(items)
    report.file_meta = FileMetaDataset()
    report.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    report.file_meta.MediaStorageSOPClassUID = report.SOPClassUID
    report.file_meta.MediaStorageSOPInstanceUID = report.SOPInstanceUID
    return report


def printed(*lines: str) -> bytes:
    """A PDF of one page with these lines, a tabulator in them is a wide gap."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=10)
    for line in lines:
        for number, part in enumerate(line.split("\t")):
            pdf.set_x(20 + 80 * number)
            pdf.write(6, part)
        pdf.ln(6)
    return bytes(pdf.output())


def encapsulated_pdf(document: bytes, *, study: str | None = None, **identity: str) -> Dataset:
    """A report kept as PDF.

    Args:
        document: the PDF.
        study: StudyInstanceUID; a new one by default.
        identity: attributes that differ from the usual ones.
    """
    report = structured_report(study=study, **identity)
    del report.ContentSequence, report.ValueType, report.ContinuityOfContent
    report.SOPClassUID, report.Modality = EncapsulatedPDFStorage, "DOC"
    report.file_meta.MediaStorageSOPClassUID = EncapsulatedPDFStorage
    report.MIMETypeOfEncapsulatedDocument = "application/pdf"
    report.BurnedInAnnotation, report.DocumentTitle = "YES", "Report"
    report.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    return report
