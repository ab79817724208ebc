"""Small images made for the tests, of every format, sound and broken."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

CT = UID("1.2.840.10008.5.1.4.1.1.2")
CR = UID("1.2.840.10008.5.1.4.1.1.1")
AXIAL = [1, 0, 0, 0, 1, 0]
# What no reading, note, error or trace may ever show.
SECRETS = ("Smithson", "Wilhelmina", "MRN4711", "19610203", "ACC99", "Holloway", "1.2.826.0.1.99")


def make_dicom(pixels: NDArray[Any] | None = None, **attributes: Any) -> Dataset:
    """A CT slice with identifying attributes, changed as given; None leaves an attribute out."""
    pixels = np.zeros((4, 6), np.int16) if pixels is None else pixels
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = CT
    dataset.SOPInstanceUID = generate_uid(prefix="1.2.826.0.1.99.")
    dataset.StudyInstanceUID = "1.2.826.0.1.99.1"
    dataset.SeriesInstanceUID = "1.2.826.0.1.99.2"
    dataset.PatientName = "Smithson^Wilhelmina"
    dataset.PatientID = "MRN4711"
    dataset.PatientBirthDate = "19610203"
    dataset.PatientSex = "F"
    dataset.PatientAge = "063Y"
    dataset.AccessionNumber = "ACC99"
    dataset.ReferringPhysicianName = "Holloway^Max"
    dataset.StudyDescription = "CT Smithson Wilhelmina"
    dataset.SeriesDescription = "Smithson chest 1.5"
    dataset.Modality = "CT"
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
    dataset.ImageOrientationPatient = AXIAL
    dataset.ImagePositionPatient = [-10, -20, 30]
    dataset.PixelSpacing = [0.5, 0.7]
    dataset.SliceThickness = 2
    is_colour = pixels.ndim > 2 and pixels.shape[-1] == 3
    dataset.PhotometricInterpretation = "RGB" if is_colour else "MONOCHROME2"
    dataset.SamplesPerPixel = 3 if is_colour else 1
    if dataset.SamplesPerPixel == 3:
        dataset.PlanarConfiguration = 0
    shape = pixels.shape[:-1] if dataset.SamplesPerPixel == 3 else pixels.shape
    if len(shape) == 3:
        dataset.NumberOfFrames = shape[0]
    dataset.Rows, dataset.Columns = shape[-2:]
    dataset.BitsAllocated = dataset.BitsStored = 8 * pixels.dtype.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    for name, value in attributes.items():
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)
    dataset.PixelData = pixels.tobytes()
    return dataset


def save(dataset: Dataset, path: Path) -> Path:
    """Write a DICOM file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_series(
    folder: Path, heights: Sequence[float], *, shift: float = 0.0, **attributes: Any
) -> Path:
    """CT slices at heights in mm, the file names in the opposite order of the heights.

    Every stored value of a slice is its number; ``shift`` moves a slice along y for each mm of
    height, as a tilted gantry does.
    """
    for number, height in enumerate(heights):
        pixels = np.full((4, 6), 1024 + number, np.int16)
        dataset = make_dicom(
            pixels, ImagePositionPatient=[-10, -20 + shift * height, height],
            InstanceNumber=number + 1, **attributes,
        )  # fmt: skip
        save(dataset, folder / f"{len(heights) - number:03}.dcm")
    return folder


def radiograph(rows: int = 320, columns: int = 300) -> NDArray[np.uint8]:
    """A picture with the greys of a radiograph: two dark fields in a bright body, noise."""
    y, x = np.mgrid[0:rows, 0:columns]
    picture = 180.0 + 40 * np.sin(x / columns * np.pi)
    for centre in (0.3, 0.7):
        inside = ((x / columns - centre) / 0.15) ** 2 + ((y / rows - 0.45) / 0.3) ** 2 < 1
        picture[inside] = 60
    noise = np.random.default_rng(0).normal(0, 12, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def write_nifti(path: Path, values: NDArray[Any], affine: NDArray[np.float64]) -> Path:
    """A NIfTI file with axes (i, j, k)."""
    nib.save(nib.Nifti1Image(values, affine), path)
    return path
