"""Findings that are present as measurement groups of a DICOM Structured Report.

Source: DICOM PS3.16 TID 1410 and 1411 (regions of interest), TID 1501 (without a region), TID 300
(measurements).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dxtrace.clinical import Concept, Finding, Laterality, Measurement
from dxtrace.clinical.finding import AttributeValue
from dxtrace.knowledge.units import UNIT_WORDS, ucum_code
from dxtrace.reporting.dicom_codes import coded, concept_code, private_code
from dxtrace.reporting.export_content import StatedFinding
from dxtrace.reporting.measurement_codes import measurement_codes
from dxtrace.reporting.names import Names

if TYPE_CHECKING:
    from highdicom.sr import (
        CodedConcept,
        FindingSite,
        QualitativeEvaluation,
        TextContentItem,
        TrackingIdentifier,
    )
    from highdicom.sr import Measurement as CodedMeasurement
    from pydicom import Dataset

_LONGEST_TEXT = 1024
_LONGEST_NAME = 64


@dataclass(frozen=True)
class GroupWriter:
    """Writes measurement groups.

    Attributes:
        names: names in words.
        concepts: the vocabulary.
        segmentations: path of a mask to the DICOM SEG that shows it.
        images: the source images of the study.
        root: names the result; equal results give equal tracking UIDs.
    """

    names: Names
    concepts: Mapping[str, Concept]
    segmentations: Mapping[str, Dataset]
    images: Sequence[Dataset]
    root: str

    def group(self, stated: StatedFinding) -> Any:
        """The group of a finding: with its segment if there is a DICOM SEG of it."""
        from highdicom import sr

        finding = stated.finding
        segmentation = self.segmentation_of(finding)
        common: dict[str, Any] = {
            "tracking_identifier": self._tracking(finding, segmentation),
            "finding_type": concept_code(self.concepts.get(finding.concept), finding.concept),
            "algorithm_id": _algorithm(finding),
            "finding_sites": list(_sites(finding)) or None,
            "measurements": [self._measured(m) for m in finding.measurements if m.value is not None]
            or None,
            "qualitative_evaluations": list(self._evaluations(stated)),
        }
        if segmentation is None:
            source = list(_only_image(self.images)) or None
            group: Any = sr.MeasurementsAndQualitativeEvaluations(**common, source_images=source)
        elif int(segmentation.NumberOfFrames) == 1:
            frame = _segment_frame(segmentation)
            group = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
                **common, referenced_segment=frame
            )
        else:
            segment = _segment(segmentation)
            group = sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
                **common, referenced_segment=segment
            )
        group[0].ContentSequence.extend(self._texts(stated))
        return group

    def segmentation_of(self, finding: Finding) -> Dataset | None:
        """The DICOM SEG that a finding rests on, if there is one."""
        masks = (e.artifact for e in finding.evidence if e.artifact)
        return next((self.segmentations[m] for m in masks if m in self.segmentations), None)

    def _tracking(self, finding: Finding, segmentation: Dataset | None) -> TrackingIdentifier:
        """The identity of what is measured: the segment's own, where it has one."""
        from highdicom.sr import TrackingIdentifier
        from pydicom.uid import generate_uid

        segment = segmentation.SegmentSequence[0] if segmentation is not None else None
        uid = getattr(segment, "TrackingUID", None)
        return TrackingIdentifier(
            uid=str(uid or generate_uid(entropy_srcs=[self.root, "tracking", finding.id])),
            identifier=(finding.lesion or finding.id)[:_LONGEST_NAME],
        )

    def _measured(self, measurement: Measurement) -> CodedMeasurement:
        """A measurement, with the ends of its interval as its properties."""
        from highdicom.sr import CodedConcept, NumContentItem, RelationshipTypeValues
        from highdicom.sr import Measurement as CodedMeasurement

        known = measurement_codes().get(measurement.kind)
        derivation = known.derivation if known else None
        unit = unit_code(measurement.unit)
        item = CodedMeasurement(
            name=kind_code(measurement.kind), value=_decimal(measurement.value or Decimal(0)),
            unit=unit,
            derivation=(
                CodedConcept(derivation.code, "SCT", derivation.meaning) if derivation else None
            ),
        )  # fmt: skip
        ends = [
            (END_CODES[name], end)
            for name, end in (("low", measurement.low), ("high", measurement.high))
            if end is not None
        ]
        properties = [
            NumContentItem(
                name=private_code(*code), value=_decimal(end), unit=unit,
                relationship_type=RelationshipTypeValues.HAS_PROPERTIES,
            )
            for code, end in ends
        ]  # fmt: skip
        content = list(getattr(item[0], "ContentSequence", ()))
        item[0].ContentSequence = _sequence([*content, *properties])
        return item

    def _evaluations(self, stated: StatedFinding) -> Iterator[QualitativeEvaluation]:
        from highdicom.sr import QualitativeEvaluation
        from pydicom.sr.codedict import codes

        finding = stated.finding
        yield QualitativeEvaluation(
            name=private_code("presence", "Presence"), value=coded(codes.SCT.Present)
        )
        if finding.laterality is not None and not finding.location:
            yield QualitativeEvaluation(
                name=coded(codes.SCT.Laterality), value=_side(finding.laterality)
            )
        for key, value in finding.attributes.items():
            yield from self._attribute(finding.concept, key, value)

    def _attribute(
        self, concept: str, key: str, value: AttributeValue
    ) -> Iterator[QualitativeEvaluation]:
        from highdicom.sr import QualitativeEvaluation
        from pydicom.sr.codedict import codes

        name = private_code(f"{concept}.{key}", self.names.attribute(concept, key))
        if isinstance(value, bool):
            answer = coded(codes.SCT.Yes if value else codes.SCT.No)
            yield QualitativeEvaluation(name=name, value=answer)
            return
        for part in value if isinstance(value, tuple) else (value,):
            words = self.names.attribute_value(concept, key, part)
            yield QualitativeEvaluation(name=name, value=private_code(f"{key}={part}", words))

    def _texts(self, stated: StatedFinding) -> Iterator[TextContentItem]:
        """What has no code: sizes of which only bounds are known, and the words."""
        for measurement in stated.finding.measurements:
            if measurement.value is None:
                words = self.names.measurement(measurement)
                yield text_item(kind_code(measurement.kind), words)
        if stated.finding.text:
            yield text_item(private_code("words", "Words of the source"), stated.finding.text)


END_CODES = {
    "low": ("interval_low", "Lower end of the measured interval"),
    "high": ("interval_high", "Upper end of the measured interval"),
}
"""Private codes of the ends of an interval, which TID 300 has no properties for."""


def text_item(name: CodedConcept, words: str) -> TextContentItem:
    """A contained text, without what no reader can show."""
    from highdicom.sr import RelationshipTypeValues, TextContentItem

    shown = "".join(c if c.isprintable() else " " for c in words).strip() or "-"
    return TextContentItem(
        name=name, value=shown[:_LONGEST_TEXT], relationship_type=RelationshipTypeValues.CONTAINS
    )


def kind_code(kind: str) -> CodedConcept:
    """The code of a kind of measurement."""
    from highdicom.sr import CodedConcept

    known = measurement_codes().get(kind)
    if known is None:
        return private_code(kind, kind.replace("_", " "))
    return CodedConcept(known.code, known.scheme, known.meaning)


def unit_code(unit: str) -> CodedConcept:
    """A unit in UCUM (PS3.16 CID 82)."""
    from highdicom.sr import CodedConcept

    code = ucum_code(unit)
    return CodedConcept(code, "UCUM", UNIT_WORDS.get(unit, unit) or "no units")


def _decimal(value: Decimal) -> float:
    return float(value)


def _sequence(items: list[Any]) -> Any:
    from highdicom.sr import ContentSequence

    return ContentSequence(items)


def _sites(finding: Finding) -> Iterator[FindingSite]:
    from highdicom.sr import FindingSite

    if finding.location:
        side = _side(finding.laterality) if finding.laterality is not None else None
        place = private_code(finding.location, finding.location)
        yield FindingSite(anatomic_location=place, laterality=side)


def _side(side: Laterality) -> CodedConcept:
    """The code of a side (CID 244, and SNOMED CT for the midline)."""
    from pydicom.sr.codedict import codes

    found = {
        Laterality.LEFT: codes.SCT.Left,
        Laterality.RIGHT: codes.SCT.Right,
        Laterality.BILATERAL: codes.SCT.Bilateral,
        Laterality.MIDLINE: codes.SCT.Midline,
    }
    return coded(found[side])


def _algorithm(finding: Finding) -> Any:
    from highdicom.sr import AlgorithmIdentification

    if not finding.evidence:
        return None
    first = finding.evidence[0]
    return AlgorithmIdentification(
        name=first.tool[:_LONGEST_NAME], version=(first.version or "0")[:_LONGEST_NAME]
    )


def _only_image(images: Sequence[Dataset]) -> Iterator[Any]:
    """The image that a finding without a region is about: plain if there is only one."""
    from highdicom.sr import SourceImageForMeasurementGroup

    if len(images) == 1:
        yield SourceImageForMeasurementGroup(images[0].SOPClassUID, images[0].SOPInstanceUID)


def _segment(segmentation: Dataset) -> Any:
    from highdicom.sr import ReferencedSegment, SourceSeriesForSegmentation

    series = segmentation.ReferencedSeriesSequence[0].SeriesInstanceUID
    return ReferencedSegment(
        sop_class_uid=segmentation.SOPClassUID, sop_instance_uid=segmentation.SOPInstanceUID,
        segment_number=1,
        source_series=SourceSeriesForSegmentation(referenced_series_instance_uid=series),
    )  # fmt: skip


def _segment_frame(segmentation: Dataset) -> Any:
    from highdicom.sr import ReferencedSegmentationFrame, SourceImageForSegmentation

    source = segmentation.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0]
    return ReferencedSegmentationFrame(
        sop_class_uid=segmentation.SOPClassUID, sop_instance_uid=segmentation.SOPInstanceUID,
        frame_number=1, segment_number=1,
        source_image=SourceImageForSegmentation(
            source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID
        ),
    )  # fmt: skip
