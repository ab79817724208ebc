"""Small DICOM images that tests make for themselves: a block of tissue in air, and a radiograph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    generate_uid,
)

from dxtrace.clinical import Geometry
from dxtrace.clinical.volume import Volume

SHAPE = (6, 20, 24)
ORIGIN = (-10.0, -20.0, 5.0)
SPACING = (2.5, 0.7, 0.8)
AFFINE = (
    (0.0, 0.0, SPACING[2], ORIGIN[0]),
    (0.0, SPACING[1], 0.0, ORIGIN[1]),
    (SPACING[0], 0.0, 0.0, ORIGIN[2]),
    (0.0, 0.0, 0.0, 1.0),
)
GEOMETRY = Geometry(voxel_spacing_mm=SPACING, affine=AFFINE)
IDENTITY = {
    "PatientName": "Doe^Jane",
    "PatientID": "MRN-4711",
    "PatientBirthDate": "19600102",
    "StudyDate": "20200304",
    "StudyTime": "120500",
    "AccessionNumber": "ACC-99",
    "StudyID": "ST-7",
    "ReferringPhysicianName": "House^Gregory",
    "InstitutionName": "General Hospital",
}


def block() -> np.ndarray[Any, Any]:
    """A block of soft tissue in air, in HU."""
    voxels = np.full(SHAPE, -900, np.int16)
    voxels[1:4, 5:12, 6:16] = 40
    return voxels


def volume(sources: tuple[str, ...] = ()) -> Volume:
    """The block as a volume."""
    return Volume(
        block(), GEOMETRY, modality="CT", body_part="chest", unit="HU", series="ct",
        sources=sources,
    )  # fmt: skip


def ct_slices() -> list[Dataset]:
    """The block as CT images, in slice order, with a patient's name."""
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    slices = []
    for z, pixels in enumerate(block()):
        image = _image(CTImageStorage, "CT", pixels, study, series)
        image.FrameOfReferenceUID = frame
        image.ImagePositionPatient = [ORIGIN[0], ORIGIN[1], ORIGIN[2] + z * SPACING[0]]
        image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        image.SliceThickness = SPACING[0]
        image.InstanceNumber = z + 1
        image.BodyPartExamined = "CHEST"
        image.RescaleIntercept, image.RescaleSlope, image.RescaleType = 0, 1, "HU"
        slices.append(image)
    return slices


def radiograph() -> Dataset:
    """A frontal radiograph without a place in space."""
    pixels = np.arange(20 * 24, dtype=np.int16).reshape(20, 24)
    image = _image(ComputedRadiographyImageStorage, "CR", pixels, generate_uid(), generate_uid())
    image.ViewPosition = "PA"
    image.BodyPartExamined = "CHEST"
    return image


def enhanced_ct(order: tuple[int, ...]) -> Dataset:
    """The block as one multi-frame object, its frames in this order."""
    voxels = block()[list(order)]
    image = _image(EnhancedCTImageStorage, "CT", voxels, generate_uid(), generate_uid())
    image.NumberOfFrames = len(order)
    image.FrameOfReferenceUID = generate_uid()
    shared, measures, orientation = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [SPACING[1], SPACING[2]], SPACING[0]
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PixelMeasuresSequence = [measures]
    shared.PlaneOrientationSequence = [orientation]
    image.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for z in order:
        group, position = Dataset(), Dataset()
        position.ImagePositionPatient = [ORIGIN[0], ORIGIN[1], ORIGIN[2] + z * SPACING[0]]
        group.PlanePositionSequence = [position]
        groups.append(group)
    image.PerFrameFunctionalGroupsSequence = groups
    return image


def write(images: list[Dataset], folder: Path) -> tuple[str, ...]:
    """Save images; their paths in order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number}.dcm" for number in range(len(images))]
    for image, path in zip(images, paths, strict=True):
        image.save_as(path, enforce_file_format=True)
    return tuple(map(str, paths))


def _image(
    kind: str, modality: str, pixels: np.ndarray[Any, Any], study: str, series: str
) -> Dataset:
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID, image.SOPInstanceUID = kind, generate_uid()
    image.StudyInstanceUID, image.SeriesInstanceUID = study, series
    for keyword, value in IDENTITY.items():
        setattr(image, keyword, value)
    image.PatientSex, image.PatientAge = "F", "060Y"
    image.Modality = modality
    image.PixelSpacing = [SPACING[1], SPACING[2]]
    image.Rows, image.Columns = pixels.shape[-2:]
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation, image.SamplesPerPixel = 15, 1, 1
    image.PhotometricInterpretation = "MONOCHROME2"
    image.PixelData = pixels.astype("<i2").tobytes()
    return image
