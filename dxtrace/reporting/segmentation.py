"""Masks as DICOM Segmentation objects that lie exactly on their source.

Source: DICOM PS3.3 A.51 and C.8.20 (Segmentation IOD), written with highdicom. Every frame refers
to the source frame that it was drawn on and has its position, so viewers show both together.

Of the source's identity only what ties the two together is copied: its UIDs. Name, number, dates
and the like stay empty, unless the user asks for them: an archive files an object by them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from dxtrace import __version__
from dxtrace.clinical import Concept
from dxtrace.clinical.volume import Mask
from dxtrace.reporting.segment_codes import property_codes
from dxtrace.reporting.source_frames import SegmentationError, SourceFrames, states_uids

if TYPE_CHECKING:
    from highdicom.seg import SegmentDescription
    from pydicom import Dataset

__all__ = ["Algorithm", "SegmentationError", "encode_segmentation", "states_uids"]

_SERIES_NUMBER = 900
"""Behind the numbers that scanners give."""
_LABEL_LENGTH = 64  # value representation LO, PS3.5 6.2


@dataclass(frozen=True)
class Algorithm:
    """Who drew the masks.

    Attributes:
        name: the tool.
        version: its version.
        learned: whether it has weights; otherwise it is image processing by rules.
    """

    name: str
    version: str
    learned: bool = False


def encode_segmentation(
    mask: Mask,
    sources: Sequence[Dataset],
    *,
    algorithm: Algorithm,
    concepts: Mapping[str, Concept] | None = None,
    identified: bool = False,
) -> bytes:
    """Write a mask as a DICOM SEG object of one segment.

    It holds every slice from the first to the last that is marked, empty ones between them too, so
    that readers that only know stacks of equal steps (ITK) put each slice at its place.

    Args:
        mask: on the grid of the source, axes (slice, row, column) or (row, column); not empty.
        sources: the data sets of the source in slice order (pixels are not needed), or the one
            multi-frame data set.
        algorithm: who drew it.
        concepts: the vocabulary, for the codes of what is marked.
        identified: copy the patient's name and number and the study's date, too.

    Raises:
        SegmentationError: if the mask is empty or does not lie on the source, or the source lacks
            what DICOM asks for.
    """
    from highdicom.seg import Segmentation, SegmentationTypeValues

    if not mask.voxels.any():
        raise SegmentationError("the mask is empty")
    frames = SourceFrames.of(sources, mask, identified=identified)
    pixels, used = frames.marked_part(mask.voxels)
    try:
        encoded = Segmentation(
            source_images=list(used),
            pixel_array=pixels,
            segmentation_type=SegmentationTypeValues.BINARY,
            segment_descriptions=[_describe(mask, algorithm, concepts or {})],
            series_instance_uid=_uid(used, algorithm, mask.name),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=_uid(used, algorithm, hashlib.sha256(pixels.tobytes()).hexdigest()),
            instance_number=1,
            manufacturer="DxTrace",
            manufacturer_model_name=algorithm.name[:_LABEL_LENGTH],
            software_versions=__version__,
            device_serial_number="0",
            content_label="DXTRACE",
            content_description="For research use only",
            omit_empty_frames=False,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SegmentationError(f"the source does not allow a DICOM SEG: {error}") from error
    if not identified:
        # PS3.15 E.3: the options that the profile is used with, in words.
        encoded.PatientIdentityRemoved = "YES"
        encoded.DeidentificationMethod = "Names, numbers and dates left out; UIDs and sex kept"
        encoded.LongitudinalTemporalInformationModified = "REMOVED"
    encoded.SeriesDescription = f"DxTrace {algorithm.name}: {_title(mask)}"[:_LABEL_LENGTH]
    stream = BytesIO()
    encoded.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _title(mask: Mask) -> str:
    return mask.title or mask.name.replace("_", " ")


def _uid(sources: Sequence[Dataset], algorithm: Algorithm, part: str) -> str:
    """The same masks on the same source get the same UIDs."""
    from pydicom.uid import generate_uid

    source = [str(s.SOPInstanceUID) for s in sources]
    return str(generate_uid(entropy_srcs=[algorithm.name, algorithm.version, part, *source]))


def _describe(
    mask: Mask, algorithm: Algorithm, concepts: Mapping[str, Concept]
) -> SegmentDescription:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import SegmentAlgorithmTypeValues, SegmentDescription
    from pydicom.sr.codedict import codes

    family: Any = (
        codes.cid7162.ArtificialIntelligence
        if algorithm.learned
        else codes.cid7162.MorphologicalOperations
    )
    property_ = property_codes(mask, concepts)
    description = SegmentDescription(
        segment_number=1,
        segment_label=_title(mask)[:_LABEL_LENGTH],
        segmented_property_category=property_.category,
        segmented_property_type=property_.type,
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=AlgorithmIdentificationSequence(
            name=algorithm.name[:_LABEL_LENGTH],
            version=(algorithm.version or "0")[:_LABEL_LENGTH],
            family=family,
        ),
        tracking_id=mask.name if mask.finding else None,
        tracking_uid=_tracking_uid(mask) if mask.finding else None,
    )
    if property_.side is not None:
        item = description.SegmentedPropertyTypeCodeSequence[0]
        item.SegmentedPropertyTypeModifierCodeSequence = [property_.side]
    return description


def _tracking_uid(mask: Mask) -> str:
    from pydicom.uid import generate_uid

    return str(generate_uid(entropy_srcs=[mask.series, mask.name, str(mask.finding)]))
