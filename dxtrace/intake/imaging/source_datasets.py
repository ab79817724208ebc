"""The DICOM datasets behind a volume, for exports that must refer to them."""

from collections.abc import Iterable
from pathlib import Path

from pydicom import Dataset

from dxtrace.clinical.volume import Volume
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.imaging.deidentification import deidentify_dataset
from dxtrace.intake.imaging.dicom_dataset import read_header, read_whole
from dxtrace.intake.imaging.file_format import HEAD_BYTES, FileFormat, sniff_format
from dxtrace.intake.imaging.sources import read_source
from dxtrace.intake.limits import IntakeLimits

_REFERRED = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality",
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "AccessionNumber", "StudyID", "ReferringPhysicianName", "SpecificCharacterSet", "Rows",
    "Columns", "InstanceNumber", "ImagePositionPatient", "FrameOfReferenceUID", "NumberOfFrames",
)  # fmt: skip
_DICOM = (FileFormat.DICOM, FileFormat.BARE_DICOM)


def read_source_headers(
    paths: Iterable[Path], limits: IntakeLimits | None = None
) -> tuple[Dataset, ...]:
    """What a report has to say of the images that it refers to, in the order of the files.

    Names, numbers, dates and UIDs are in it: whoever asks decides what goes on
    (:func:`dxtrace.reporting.source_frames.reference_to`).

    Args:
        paths: image files; those that are not DICOM are passed over.
        limits: what is accepted.

    Raises:
        IntakeError: if a file is gone or damaged.
    """
    limits = limits or IntakeLimits()
    return tuple(
        read_header(path, limits, _REFERRED)
        for path in paths
        if sniff_format(read_source(path, limits, first=HEAD_BYTES), path) in _DICOM
    )


def read_source_datasets(
    volume: Volume, limits: IntakeLimits | None = None, *, identified: bool = False
) -> tuple[Dataset, ...]:
    """The datasets of a volume in slice order, for example as sources of a DICOM SEG.

    Args:
        volume: as :func:`load_volume` gives it.
        limits: what is accepted.
        identified: keep names, numbers, dates and UIDs, because the user says so: an export that a
            viewer shall lay on the original needs them. Otherwise they are de-identified.

    Returns:
        Nothing if the source is not DICOM.

    Raises:
        IntakeError: if a file is gone or damaged.
    """
    limits = limits or IntakeLimits()
    datasets: list[Dataset] = []
    for source in volume.sources:
        try:
            dataset, _ = read_whole(Path(source), limits)
        except IntakeError:
            if datasets:
                raise
            return ()
        datasets.append(dataset if identified else deidentify_dataset(dataset))
    return tuple(datasets)
