"""Scans as files: a DICOM series, NIfTI, and the truth beside them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.phantoms.render import Scan

UID_ROOT = "1.2.826.0.1.3680043.8.498."
"""The root that pydicom lends for made-up objects."""

INTERCEPT = -1024
MANUFACTURER = "DxTrace phantom"


@dataclass(frozen=True)
class SeriesWords:
    """What the headers of a series say.

    Attributes:
        name: from which its UIDs follow: the same name gives the same UIDs.
        day: study date as YYYYMMDD.
        age: years.
        sex: M or F.
        description: of the series.
        hu_step: HU per stored unit: a coarser step makes smaller files, and its rounding (a
            standard deviation of 0.29 steps) disappears in the noise.
        is_compressed: whether to store JPEG-LS lossless.
    """

    name: str
    day: str = "20260105"
    age: int = 64
    sex: str = "F"
    description: str = "Chest, synthetic, low dose"
    hu_step: int = 1
    is_compressed: bool = False


def write_dicom(scan: Scan, folder: Path, words: SeriesWords) -> list[Path]:
    """Write a scan as CT images (DICOM PS3.3 A.3), a file per slice.

    The same scan and words give the same bytes. The headers hold no name, and say that the picture
    is synthetic.

    Args:
        scan: what to write; HU are rounded to ``hu_step``.
        folder: made if it is not there.
        words: what the headers say.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for index in range(scan.grid.shape[0]):
        path = folder / f"slice_{index:03d}.dcm"
        _slice(scan, index, words).save_as(path, enforce_file_format=True)
        written.append(path)
    return written


def _slice(scan: Scan, index: int, words: SeriesWords):  # type: ignore[no-untyped-def]
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, JPEGLSLossless, generate_uid

    def uid(*parts: str) -> str:
        return str(generate_uid(UID_ROOT, entropy_srcs=["dxtrace", words.name, *parts]))

    (depth, height, width), (oz, oy, ox) = scan.grid.spacing, scan.grid.origin
    stored = np.rint((scan.volume.voxels[index] - INTERCEPT) / words.hu_step)
    pixels = np.clip(stored, 0, 4095).astype("<u2")
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = CTImageStorage
    ds.file_meta.ImplementationClassUID = uid("implementation")
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid("image", str(index))
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid("study"), uid("series")
    ds.FrameOfReferenceUID = uid("frame of reference")
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = words.day
    ds.StudyTime = ds.ContentTime = "120000"
    ds.Modality, ds.Manufacturer, ds.BodyPartExamined = "CT", MANUFACTURER, "CHEST"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = "Phantom", "PHANTOM", ""
    ds.PatientSex, ds.PatientAge = words.sex, f"{words.age:03d}Y"
    ds.PatientIdentityRemoved, ds.DeidentificationMethod = "YES", "synthetic picture"
    ds.BurnedInAnnotation, ds.QualityControlImage = "NO", "NO"
    ds.AccessionNumber = ds.ReferringPhysicianName = ds.StudyID = ""
    ds.PositionReferenceIndicator = ""
    ds.StudyDescription, ds.SeriesDescription = "CT chest", words.description
    ds.SeriesNumber, ds.AcquisitionNumber, ds.InstanceNumber = 1, 1, index + 1
    ds.PatientPosition, ds.KVP, ds.ConvolutionKernel = "HFS", 120, "SYNTHETIC"
    ds.SliceThickness, ds.SpacingBetweenSlices = depth, depth
    ds.PixelSpacing = [height, width]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.ImagePositionPatient = [round(v, 4) for v in (ox, oy, oz + index * depth)]
    ds.SliceLocation = round(oz + index * depth, 4)
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = INTERCEPT, words.hu_step, "HU"
    ds.WindowCenter, ds.WindowWidth = -600, 1500
    ds.PixelData = pixels.tobytes()
    ds["PixelData"].VR = "OW"
    if words.is_compressed:
        ds.compress(JPEGLSLossless, generate_instance_uid=False)
    return ds


def write_nifti(scan: Scan, path: Path, *, labels: bool = False) -> None:
    """Write a scan, or its labels, as NIfTI (RAS, axes x, y, z).

    Args:
        scan: what to write.
        path: ends in ``.nii.gz``.
        labels: write the label of each voxel instead of its HU.
    """
    import nibabel

    voxels = scan.labels if labels else np.rint(scan.volume.voxels).astype(np.int16)
    (sz, sy, sx), (oz, oy, ox) = scan.grid.spacing, scan.grid.origin
    affine = np.diag([-sx, -sy, sz, 1.0])
    affine[:3, 3] = (-ox, -oy, oz)
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(np.ascontiguousarray(voxels.transpose(2, 1, 0)), affine)
    nibabel.save(image, path)


def truth_of(scan: Scan) -> dict[str, object]:
    """What is in a scan, in mm, mm3 and HU; places are (x, y, z) in LPS."""
    nodules = []
    for nodule in scan.nodules:
        z, y, x = nodule.shape.centre
        entry: dict[str, object] = {
            "name": nodule.name,
            "kind": nodule.kind,
            "lobe": nodule.lobe,
            "centre_mm": [x, y, z],
            "hu": nodule.hu,
            "sizes": _rounded(asdict(nodule.truth)),
        }
        entry["sizes"] |= {"mean_diameter": round(nodule.truth.mean_diameter, 3)}  # type: ignore[operator]
        if nodule.core_truth is not None:
            core = _rounded(asdict(nodule.core_truth))
            core["mean_diameter"] = round(nodule.core_truth.mean_diameter, 3)
            entry["solid_part"] = {"hu": nodule.core_hu, "sizes": core}
        nodules.append(entry)
    labels = dict(enumerate(scan.names))
    return {"spacing_mm": list(scan.grid.spacing), "labels": labels, "nodules": nodules}


def _rounded(sizes: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in sizes.items()}


def write_truth(scan: Scan, path: Path) -> None:
    """Write :func:`truth_of` as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(truth_of(scan), indent=1) + "\n", encoding="utf-8")
