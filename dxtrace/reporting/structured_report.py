"""A result as a DICOM Structured Report, for archives and viewers.

Source: DICOM PS3.3 A.35.13 (Comprehensive 3D SR IOD) and PS3.16 TID 1500 (Measurement Report),
written with highdicom. Findings that are present are measurement groups; what is absent, possible
or denied only in part stands among the qualitative evaluations with its value, so that nobody who
reads a list of groups takes it for present. The document is preliminary and unverified.

Of the source's identity only what ties the two together is copied, as for a DICOM SEG.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from dxtrace import RESEARCH_USE, __version__
from dxtrace.clinical import Concept, Result
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.fhir_systems import OWN_ROOT
from dxtrace.reporting.dicom_codes import PRIVATE_SCHEME, coded, concept_code, private_code
from dxtrace.reporting.export_content import (
    ExportContent,
    Standing,
    StatedConclusion,
    StatedFinding,
    export_content,
    finding_in_words,
)
from dxtrace.reporting.names import Names
from dxtrace.reporting.report_groups import GroupWriter, text_item
from dxtrace.reporting.source_frames import reference_to

if TYPE_CHECKING:
    from highdicom.sr import CodedConcept
    from pydicom import Dataset

_SERIES_NUMBER = 901
"""Behind the numbers that scanners give, and that of the segmentations."""
_PROCEDURES = {
    "CT": "CTUnspecifiedBodyRegion", "MR": "MRIUnspecifiedBodyRegion",
    "CR": "XRUnspecifiedBodyRegion", "DX": "XRUnspecifiedBodyRegion",
    "NM": "NMUnspecifiedBodyRegion", "PT": "PETUnspecifiedBodyRegion",
}  # fmt: skip
"""Entries of CID 100, by modality."""


class StructuredReportError(ValueError):
    """A result that cannot be written as a DICOM SR, and why."""


@dataclass(frozen=True)
class ReportSources:
    """What a report refers to.

    Attributes:
        images: headers of the study's images; those of other studies are left out.
        segmentations: path of a mask to the DICOM SEG of it.
        identified: copy the patient's name and number and the study's date, too.
    """

    images: Sequence[Dataset]
    segmentations: Mapping[str, Dataset]
    identified: bool = False


def encode_structured_report(
    result: Result, sources: ReportSources, *, knowledge: Knowledge, trace_head: str
) -> bytes:
    """Write a result as a DICOM SR.

    Args:
        result: what came out.
        sources: what it was found in.
        knowledge: names and codes.
        trace_head: hash of the trace; equal ones give equal UIDs.

    Raises:
        StructuredReportError: if the review failed, there are no DICOM images to file it with, or
            they lack what DICOM asks for.
    """
    from highdicom.sr import Comprehensive3DSR

    if result.status == "failed":
        raise StructuredReportError(f"the review failed: {result.error}")
    images = _one_study(sources)
    if not images:
        raise StructuredReportError("there are no DICOM images whose study it could belong to")
    masks = {
        path: seg
        for path, seg in sources.segmentations.items()
        if seg.StudyInstanceUID == images[0].StudyInstanceUID
    }
    writer = _Writer(result, knowledge, trace_head, images, masks)
    try:
        document = Comprehensive3DSR(
            evidence=[*images, *masks.values()],
            content=writer.content(),
            series_instance_uid=_uid(trace_head, "series"),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=_uid(trace_head, "report"),
            instance_number=1,
            manufacturer="DxTrace",
            is_complete=result.status == "answered",
            is_final=False,
            is_verified=False,
            specific_character_set="ISO_IR 192",
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StructuredReportError(f"the source does not allow a DICOM SR: {error}") from error
    document.CodingSchemeIdentificationSequence = [_own_scheme()]
    document.ManufacturerModelName = "DxTrace"
    document.SoftwareVersions = __version__
    document.SeriesDescription = "DxTrace, for research use only"
    if not sources.identified:
        document.PatientIdentityRemoved = "YES"
        document.DeidentificationMethod = "Names, numbers and dates left out; UIDs and sex kept"
        document.LongitudinalTemporalInformationModified = "REMOVED"
    stream = BytesIO()
    document.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _own_scheme() -> Dataset:
    """Who stands behind the private codes (PS3.3 C.12.1)."""
    from pydicom import Dataset

    scheme = Dataset()
    scheme.CodingSchemeDesignator = PRIVATE_SCHEME
    scheme.CodingSchemeUID = OWN_ROOT
    scheme.CodingSchemeName = "Concepts of DxTrace"
    return scheme


def _one_study(sources: ReportSources) -> list[Dataset]:
    """References to the images of the study that the first one is of."""
    references = [reference_to(s, identified=sources.identified) for s in sources.images]
    study = references[0].StudyInstanceUID if references else None
    return [r for r in references if r.StudyInstanceUID == study]


def _uid(*parts: str) -> str:
    from pydicom.uid import generate_uid

    return str(generate_uid(entropy_srcs=["structured report", *parts]))


@dataclass(frozen=True)
class _Writer:
    """Writes the tree of content items."""

    result: Result
    knowledge: Knowledge
    trace_head: str
    images: Sequence[Dataset]
    segmentations: Mapping[str, Dataset]

    def content(self) -> Any:
        """The root container (TID 1500)."""
        from highdicom.sr import (
            CodeContentItem,
            ContainerContentItem,
            ContentSequence,
            LanguageOfContentItemAndDescendants,
            RelationshipTypeValues,
        )
        from pydicom.sr.codedict import codes

        exported = export_content(self.result, self.knowledge)
        root = ContainerContentItem(name=codes.cid7021.ImagingMeasurementReport, template_id="1500")
        root.ContentSequence = ContentSequence()
        root.ContentSequence.extend(LanguageOfContentItemAndDescendants(_english()))
        root.ContentSequence.extend(self._context())
        root.ContentSequence.append(
            CodeContentItem(
                name=codes.DCM.ProcedureReported, value=self._procedure(),
                relationship_type=RelationshipTypeValues.HAS_CONCEPT_MOD,
            )
        )  # fmt: skip
        groups = list(self._groups(exported))
        if groups:
            root.ContentSequence.append(
                _container(coded(codes.DCM.ImagingMeasurements), [i for g in groups for i in g])
            )
        evaluations = _qualitative_evaluations()
        root.ContentSequence.append(_container(evaluations, list(self._evaluations(exported))))
        return root

    def _context(self) -> Any:
        from highdicom.sr import (
            DeviceObserverIdentifyingAttributes,
            ObservationContext,
            ObserverContext,
        )
        from pydicom.sr.codedict import codes

        device = DeviceObserverIdentifyingAttributes(
            uid=_uid("device", __version__), name="DxTrace", manufacturer_name="DxTrace",
            model_name=f"DxTrace {__version__}",
        )  # fmt: skip
        return ObservationContext(
            observer_device_context=ObserverContext(
                observer_type=codes.DCM.Device, observer_identifying_attributes=device
            )
        )

    def _procedure(self) -> CodedConcept:
        from pydicom.sr.codedict import codes

        modality = str(self.images[0].get("Modality", ""))
        return coded(getattr(codes.cid100, _PROCEDURES.get(modality, "ImagingProcedure")))

    def _groups(self, exported: ExportContent) -> Iterator[Any]:
        writer = GroupWriter(
            Names(self.knowledge), self._concepts, self.segmentations, self.images, self.trace_head
        )
        for stated in self._of_images(exported):
            if stated.standing is Standing.PRESENT:
                yield writer.group(stated)

    @property
    def _concepts(self) -> Mapping[str, Concept]:
        return self.knowledge.vocabulary.concepts

    def _of_images(self, exported: ExportContent) -> Iterator[StatedFinding]:
        """Findings; patient, history and the examination itself are none."""
        names = Names(self.knowledge)
        for stated in exported.findings:
            if names.kind(stated.finding.concept) != "context":
                yield stated

    def _evaluations(self, exported: ExportContent) -> Iterator[Any]:
        names = Names(self.knowledge)
        yield text_item(private_code("use", "Use"), RESEARCH_USE)
        for conclusion in exported.conclusions:
            yield from _conclusion(conclusion)
        for stated in self._of_images(exported):
            if stated.standing is not Standing.PRESENT:
                code = concept_code(
                    self._concepts.get(stated.finding.concept), stated.finding.concept
                )
                yield _not_present(code, stated, finding_in_words(stated, names))
        for text in exported.contradictions:
            name = private_code("contradicted", "Contradicted statement, not a fact")
            yield text_item(name, text)
        for text in exported.not_assessed:
            yield text_item(private_code("not_assessed", "Not assessed"), text)
        if self.result.question:
            yield text_item(private_code("question", "Open question"), self.result.question)
        yield text_item(private_code("trace", "Hash of the trace (SHA-256)"), self.trace_head)


def _conclusion(stated: StatedConclusion) -> Iterator[Any]:
    """A decided conclusion as a code with its words; an open one as text."""
    conclusion = stated.conclusion
    name = private_code(conclusion.concept, stated.title)
    if conclusion.value is not None and stated.is_decided:
        value = private_code(f"{conclusion.concept}={conclusion.value}", stated.value)
        item = _code_item(name, value)
        item.ContentSequence = _properties([
            ("verdict", "Verdict", stated.verdict), ("guideline", "Guideline", stated.guideline),
            ("lesion", "Lesion", conclusion.lesion or ""),
        ])  # fmt: skip
        yield item
    yield text_item(name, str(stated))


def _not_present(code: CodedConcept, stated: StatedFinding, words: str) -> Any:
    """What is absent or doubted: the value is part of what is said."""
    from pydicom.sr.codedict import codes

    values = {Standing.ABSENT: codes.SCT.Absent, Standing.POSSIBLE: codes.cid240.Undetermined}
    value = values.get(stated.standing)
    known = coded(value) if value is not None else private_code(stated.standing, stated.standing)
    item = _code_item(code, known)
    said = stated.finding.text
    item.ContentSequence = _properties([
        ("in_words", "In words", words), ("words", "Words of the source", said),
    ])  # fmt: skip
    return item


def _code_item(name: CodedConcept, value: CodedConcept) -> Any:
    from highdicom.sr import CodeContentItem, RelationshipTypeValues

    return CodeContentItem(
        name=name, value=value, relationship_type=RelationshipTypeValues.CONTAINS
    )


def _properties(texts: Sequence[tuple[str, str, str]]) -> Any:
    from highdicom.sr import ContentSequence, RelationshipTypeValues

    items = [text_item(private_code(key, name), text) for key, name, text in texts if text]
    for item in items:
        item.RelationshipType = RelationshipTypeValues.HAS_PROPERTIES.value
    return ContentSequence(items)


def _container(name: CodedConcept, items: list[Any]) -> Any:
    from highdicom.sr import ContainerContentItem, ContentSequence, RelationshipTypeValues

    container = ContainerContentItem(name=name, relationship_type=RelationshipTypeValues.CONTAINS)
    container.ContentSequence = ContentSequence(items)
    return container


def _qualitative_evaluations() -> CodedConcept:
    from highdicom.sr import CodedConcept

    return CodedConcept("C0034375", "UMLS", "Qualitative Evaluations")


def _english() -> CodedConcept:
    from highdicom.sr import CodedConcept

    return CodedConcept("en", "RFC5646", "English")
