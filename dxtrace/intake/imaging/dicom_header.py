"""The facts of a DICOM header that intake lets in: an allow-list, each value checked.

Everything else stays in the file. What the Basic Profile of DICOM PS3.15 Annex E would remove never
comes in at all, but for age and sex, which decide clinically (its "Retain Patient Characteristics"
option), and for values that are hashed at once: to tell series and patients apart, and to notice a
patient's name in a file name.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from pydicom import Dataset

from dxtrace.clinical import Patient
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.imaging.body_region import read_body_part, read_view
from dxtrace.intake.imaging.dicom_age import read_age
from dxtrace.intake.imaging.dicom_dataset import read_header
from dxtrace.intake.imaging.dicom_fields import numbers_of, text_of, whole_of, words_of
from dxtrace.intake.imaging.dicom_frames import Plane, read_planes
from dxtrace.intake.imaging.lengths import is_length
from dxtrace.intake.imaging.mr_sequence import MrSequence, read_mr_sequence
from dxtrace.intake.imaging.reading import ImageReading
from dxtrace.intake.known_names import hash_words
from dxtrace.intake.limits import IntakeLimits

# PS3.3 C.7.3.1.1.1, those that name a way to make images.
MODALITIES = frozenset((
    "AR", "BI", "BMD", "CR", "CT", "DG", "DX", "ECG", "ES", "FID", "GM", "IO", "IVOCT", "IVUS",
    "LEN", "LS", "MG", "MR", "NM", "OAM", "OCT", "OP", "OPM", "OPT", "OPV", "OSS", "OT", "PA",
    "POS", "PT", "PX", "REG", "RF", "RG", "RTDOSE", "RTIMAGE", "SEG", "SM", "TG", "US", "VA", "XA",
    "XC",
))  # fmt: skip
"""DICOM modalities that name a way to make images."""
PROJECTIONS = frozenset(("CR", "DX", "MG", "RG", "RF", "XA", "IO", "PX", "RTIMAGE"))
_STORED = "MediaStorageSOPClassUID"
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_OFTEN_WITH_TEXT = frozenset(("US", "IVUS", "ES", "OT"))
_PATIENT = (
    "PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "OtherPatientIDs",
)  # fmt: skip
_KEYWORDS = (
    *_PATIENT, "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID",
    "SeriesNumber", "Modality", "ImageType", "BodyPartExamined", "ViewPosition",
    "StudyDescription", "SeriesDescription", "ProtocolName", "PatientAge", "PatientSex",
    "StudyDate", "AcquisitionDate", "ContrastBolusAgent", "BurnedInAnnotation", "Rows", "Columns",
    "NumberOfFrames", "SamplesPerPixel", "BitsAllocated", "PhotometricInterpretation",
    "PixelSpacing", "ImagerPixelSpacing", "PixelSpacingCalibrationType",
    "EstimatedRadiographicMagnificationFactor", "SliceThickness", "SpacingBetweenSlices",
    "GantryDetectorTilt", "ImagePositionPatient", "ImageOrientationPatient", "PatientOrientation",
    "InstanceNumber", "AcquisitionNumber", "EchoNumbers", "TemporalPositionIdentifier",
    "SliceLocation", "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DicomHeader:
    """One DICOM image object, as far as intake may know it.

    Attributes:
        path: the file.
        modality: a defined term of PS3.3 C.7.3.1.1.1, or None.
        body_part: one of our words, or None.
        view: one of our words, or None.
        rows: rows of a frame.
        columns: columns of a frame.
        frames: number of frames, at least 1.
        samples: values per pixel.
        bits: bits allocated for a value.
        is_projection: whether it is a projection radiograph.
        is_localizer: whether it is a scout view, whose values and place are no volume's.
        is_multi_frame_object: whether frames have functional groups of their own.
        planes: where each frame lies, where that is stated and valid; empty otherwise.
        pixel_spacing: spacing in the patient (row, column) in mm, or None.
        detector_spacing: spacing on the detector where that is all that is stated.
        slice_thickness: in mm, or None.
        spacing_between: of slices, as stated, in mm, or None.
        tilt_deg: gantry tilt as stated, in degrees.
        patient_axes: PatientOrientation of rows and columns, such as ``("L", "F")``.
        order: instance number, for want of a position.
        slice_location: for want of a position, in mm.
        volume_key: tells volumes of one series apart (acquisition, echo, time).
        series_key: hash of what makes a series.
        study_key: hash of the study.
        patient_key: hash of who the patient is, or None if nobody is named.
        object_key: hash of the object's own UID, or None.
        patient: age and sex.
        has_contrast: whether a contrast agent is named.
        sequence: what an MR image is weighted by, or None.
        may_have_text: why text may be burned into the pixels, or None.
        notes: what was wrong with it.
        identifying: hashes of words that identify.
    """

    path: Path
    modality: str | None
    body_part: str | None
    view: str | None
    rows: int
    columns: int
    frames: int
    samples: int
    bits: int
    is_projection: bool
    is_localizer: bool
    is_multi_frame_object: bool
    planes: tuple[Plane, ...]
    pixel_spacing: tuple[float, float] | None
    detector_spacing: tuple[float, float] | None
    slice_thickness: float | None
    spacing_between: float | None
    tilt_deg: float
    patient_axes: tuple[str, ...]
    order: int | None
    slice_location: float | None
    volume_key: tuple[str, ...]
    series_key: str
    study_key: str
    patient_key: str | None
    object_key: str | None
    patient: Patient
    has_contrast: bool
    sequence: MrSequence | None
    may_have_text: str | None
    notes: tuple[str, ...] = ()
    identifying: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def decoded_bytes(self) -> int:
        """Bytes of the pixels once decoded."""
        size = max((self.bits + 7) // 8, 1)
        return self.rows * self.columns * self.frames * self.samples * size


def read_dicom_header(path: Path, limits: IntakeLimits) -> DicomHeader | None:
    """Read a header, refusing from it what could not be decoded within the limits.

    Returns:
        None for a DICOM object without pixels, such as a report or a directory.

    Raises:
        IntakeError: if the file is damaged or beyond the limits.
    """
    dataset = read_header(path, limits, _KEYWORDS)
    if "Rows" not in dataset and "Columns" not in dataset:
        stated = getattr(dataset, "file_meta", None) or ()
        if not {"SOPClassUID", "Modality"} & set(dataset.dir()) and _STORED not in stated:
            raise IntakeError("expected a DICOM file, got something else or a damaged one")
        return None
    rows, columns = whole_of(dataset, "Rows") or 0, whole_of(dataset, "Columns") or 0
    frames = whole_of(dataset, "NumberOfFrames")
    frames = 1 if frames is None else frames
    samples = whole_of(dataset, "SamplesPerPixel") or 1
    bits = whole_of(dataset, "BitsAllocated") or 16
    _refuse_sizes(rows, columns, frames, samples, bits, limits)
    return _header_of(dataset, path, (rows, columns, frames, samples, bits))


def _refuse_sizes(
    rows: int, columns: int, frames: int, samples: int, bits: int, limits: IntakeLimits
) -> None:
    if rows < 1 or columns < 1 or frames < 1:
        raise IntakeError(f"expected an image, got {rows} x {columns} pixels, {frames} frame(s)")
    if samples not in (1, 3, 4) or bits not in (1, 8, 16, 32, 64):
        raise IntakeError(
            f"expected 1 or 3 values of 1 to 64 bits a pixel, got {samples} of {bits}"
        )
    if rows * columns > limits.max_frame_pixels:
        raise IntakeError(
            f"expected a frame of at most {limits.max_frame_pixels:,} pixels, "
            f"got {rows} x {columns}"
        )
    if frames > limits.max_frames:
        raise IntakeError(f"expected at most {limits.max_frames:,} frames, got {frames:,}")
    size = rows * columns * frames * samples * ((bits + 7) // 8)
    if size > limits.max_image_bytes:
        raise IntakeError(
            f"expected at most {limits.max_image_bytes:,} bytes of pixels, got {size:,}"
        )


def _header_of(dataset: Dataset, path: Path, shape: tuple[int, int, int, int, int]) -> DicomHeader:
    rows, columns, frames, samples, bits = shape
    modality = text_of(dataset, "Modality").upper()
    modality_known = modality if modality in MODALITIES else None
    planes, plane_notes = read_planes(dataset, frames)
    is_projection = modality_known in PROJECTIONS and not planes
    spacing, detector, spacing_notes = _in_plane_spacing(dataset, planes, is_projection)
    image_type = words_of(dataset, "ImageType")
    has_contrast = text_of(dataset, "ContrastBolusAgent").upper() not in ("", "NONE", "NO")
    return DicomHeader(
        path=path,
        modality=modality_known,
        body_part=read_body_part(
            *(
                text_of(dataset, keyword)
                for keyword in (
                    "BodyPartExamined", "SeriesDescription", "ProtocolName", "StudyDescription",
                )
            )
        ),
        view=_view_of(dataset) if is_projection else None,
        rows=rows, columns=columns, frames=frames, samples=samples, bits=bits,
        is_projection=is_projection,
        is_localizer="LOCALIZER" in image_type,
        is_multi_frame_object="PerFrameFunctionalGroupsSequence" in dataset,
        planes=planes,
        pixel_spacing=spacing,
        detector_spacing=detector,
        slice_thickness=_positive(dataset, "SliceThickness"),
        spacing_between=_positive(dataset, "SpacingBetweenSlices"),
        tilt_deg=(numbers_of(dataset, "GantryDetectorTilt", 1) or (0.0,))[0],
        patient_axes=words_of(dataset, "PatientOrientation"),
        order=whole_of(dataset, "InstanceNumber"),
        slice_location=(numbers_of(dataset, "SliceLocation", 1) or (None,))[0],
        volume_key=tuple(
            text_of(dataset, k)
            for k in ("AcquisitionNumber", "EchoNumbers", "TemporalPositionIdentifier")
        ),
        series_key=_series_key(dataset, path),
        study_key=study_key_of(dataset),
        patient_key=patient_key_of(dataset),
        object_key=_digest(text_of(dataset, "SOPInstanceUID")) or None,
        patient=Patient(age=read_age(dataset), sex=_sex_of(dataset)),
        has_contrast=has_contrast,
        sequence=_sequence_of(dataset, modality_known, has_contrast=has_contrast),
        may_have_text=_text_reason(dataset, modality_known),
        notes=(*plane_notes, *spacing_notes),
        identifying=_identifying(dataset),
    )  # fmt: skip


def _view_of(dataset: Dataset) -> str | None:
    return read_view(text_of(dataset, "ViewPosition"), text_of(dataset, "SeriesDescription"))


def _sequence_of(
    dataset: Dataset, modality: str | None, *, has_contrast: bool
) -> MrSequence | None:
    if modality != "MR":
        return None
    texts = (text_of(dataset, k) for k in ("SeriesDescription", "ProtocolName"))
    return read_mr_sequence(*texts, has_contrast=has_contrast)


def _positive(dataset: Dataset, keyword: str) -> float | None:
    found = numbers_of(dataset, keyword, 1)
    return found[0] if found and is_length(found[0]) else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() if text else ""


def _series_key(dataset: Dataset, path: Path) -> str:
    """A series by its UID; without one, by its folder and what is written about it."""
    uid = text_of(dataset, "SeriesInstanceUID")
    if uid:
        return _digest(uid)
    parts = [str(path.parent), *(text_of(dataset, k) for k in ("SeriesNumber", "Modality"))]
    return _digest("\0".join(parts))


def patient_reading_of(dataset: Dataset) -> ImageReading:
    """Whose an object is, and of which study; whether it is an image or not."""
    patient, study = patient_key_of(dataset), study_key_of(dataset)
    return ImageReading(
        (), (), Patient(age=read_age(dataset), sex=_sex_of(dataset)), _identifying(dataset),
        frozenset({patient} if patient else ()), frozenset({study} if study else ()),
    )  # fmt: skip


def _identifying(dataset: Dataset) -> frozenset[str]:
    return frozenset[str]().union(*(hash_words(text_of(dataset, k)) for k in _PATIENT))


def study_key_of(dataset: Dataset) -> str:
    """Hash of the study; empty if none is named."""
    return _digest(text_of(dataset, "StudyInstanceUID"))


def patient_key_of(dataset: Dataset) -> str | None:
    """Hash of who the patient is; None if nobody is named."""
    texts = [text_of(dataset, k) for k in ("PatientID", "PatientName", "PatientBirthDate")]
    return _digest("\0".join(texts)) if any(texts[:2]) else None


def _sex_of(dataset: Dataset) -> Literal["M", "F", "O"] | None:
    sex = text_of(dataset, "PatientSex").upper()
    return cast('Literal["M", "F", "O"]', sex) if sex in ("M", "F", "O") else None


def _text_reason(dataset: Dataset, modality: str | None) -> str | None:
    """Whether the header lets one expect text in the pixels (PS3.3 C.7.6.1.1.7, PS3.15 E.3.1)."""
    stated = text_of(dataset, "BurnedInAnnotation").upper()
    if stated == "YES":
        return "the header says so"
    if stated == "NO":
        return None
    if text_of(dataset, "SOPClassUID").startswith(_SECONDARY_CAPTURE):
        return "it is a secondary capture"
    return f"images of modality {modality} often have it" if modality in _OFTEN_WITH_TEXT else None


def _in_plane_spacing(
    dataset: Dataset, planes: tuple[Plane, ...], is_projection: bool
) -> tuple[tuple[float, float] | None, tuple[float, float] | None, tuple[str, ...]]:
    """Spacing in the patient, or only on the detector (PS3.3 10.7.1.3)."""
    stated = _pair(dataset, "PixelSpacing")
    if not is_projection:
        if planes and planes[0].spacing:
            return planes[0].spacing, None, ()
        invalid = stated is None and text_of(dataset, "PixelSpacing") != ""
        return stated, None, ("the pixel spacing is not valid: it is unknown",) if invalid else ()
    imager = _pair(dataset, "ImagerPixelSpacing")
    calibrated = text_of(dataset, "PixelSpacingCalibrationType").upper() in ("GEOMETRY", "FIDUCIAL")
    if stated and (calibrated or (imager and stated != imager)):
        return stated, None, ()
    detector = imager or stated
    factor = _positive(dataset, "EstimatedRadiographicMagnificationFactor")
    if detector and factor and factor >= 1:
        true = (detector[0] / factor, detector[1] / factor)
        return true, detector, (
            "the pixel spacing is that of the detector divided by an estimated magnification",
        )  # fmt: skip
    if detector:
        return None, detector, (
            "a projection radiograph: only the spacing on the detector is known, the magnification "
            "is not, so nothing is measured in millimetres",
        )  # fmt: skip
    return None, None, ()


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    found = numbers_of(dataset, keyword, 2)
    return (found[0], found[1]) if found and all(map(is_length, found)) else None
