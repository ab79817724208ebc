"""Stored values to meaning: Hounsfield units, inversion, windows, frames, colours."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence

from dxtrace.clinical.volume import Volume
from dxtrace.intake.imaging import describe_images, load_volume
from tests.unit.intake.imaging.samples import AXIAL, CR, make_dicom, save


def load(dataset: Dataset, folder: Path) -> Volume:
    (series,) = describe_images(save(dataset, folder / "a.dcm")).series
    return load_volume(series)


def projection(pixels: np.ndarray[Any, Any], **attributes: Any) -> Dataset:
    given: dict[str, Any] = {
        "SOPClassUID": CR, "Modality": "CR", "ImagePositionPatient": None,
        "ImageOrientationPatient": None, "RescaleSlope": None, "RescaleIntercept": None,
    }  # fmt: skip
    return make_dicom(pixels, **{**given, **attributes})


def test_a_ct_is_in_hounsfield_units(tmp_path: Path) -> None:
    volume = load(make_dicom(np.array([[0, 1024, 2048]], np.int16)), tmp_path)
    assert volume.voxels.ravel().tolist() == [-1024, 0, 1024]
    assert (volume.unit, volume.voxels.dtype) == ("HU", np.int16)


def test_fractional_slopes_are_not_rounded(tmp_path: Path) -> None:
    dataset = make_dicom(np.array([[1, 2, 3]], np.int16), Modality="MR", RescaleSlope="0.25")
    volume = load(dataset, tmp_path)
    assert volume.voxels.ravel().tolist() == [-1023.75, -1023.5, -1023.25]
    assert volume.unit == "stored"


def test_a_ct_that_states_no_hounsfield_units_has_none(tmp_path: Path) -> None:
    volume = load(make_dicom(RescaleType="MGML"), tmp_path)
    assert volume.unit == "stored"
    assert any("not stated to be Hounsfield" in note for note in volume.notes)


def test_monochrome1_is_inverted_with_its_windows(tmp_path: Path) -> None:
    dataset = projection(
        np.array([[0, 100, 4095]], np.uint16), PhotometricInterpretation="MONOCHROME1",
        BitsStored=12, HighBit=11, WindowCenter=[1000, 2000], WindowWidth=[500, 0],
    )  # fmt: skip
    volume = load(dataset, tmp_path)
    assert volume.voxels.ravel().tolist() == [4095, 3995, 0]
    assert volume.windows == ((3095, 500),)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_beside_a_radiograph_is_dark(tmp_path: Path, photometric: str) -> None:
    padding = {"MONOCHROME1": 0, "MONOCHROME2": 4095}[photometric]
    dataset = projection(
        np.array([[padding, 100, 3000]], np.uint16), PhotometricInterpretation=photometric,
        BitsStored=12, HighBit=11, PixelPaddingValue=padding,
    )  # fmt: skip
    volume = load(dataset, tmp_path)
    darkest = {"MONOCHROME1": 1095, "MONOCHROME2": 100}[photometric]
    assert volume.voxels.min() == volume.voxels[0, 0] == darkest


def test_all_windows_are_kept_and_the_first_is_the_default(tmp_path: Path) -> None:
    volume = load(make_dicom(WindowCenter=[40, -600], WindowWidth=[400, 1500]), tmp_path)
    assert volume.windows == ((40, 400), (-600, 1500))


def test_overlays_in_unused_bits_are_no_part_of_the_value(tmp_path: Path) -> None:
    stored = np.array([[5, 5 | 0x8000, 4095 | 0x4000]], np.uint16)
    volume = load(projection(stored, BitsStored=12, HighBit=11), tmp_path)
    assert volume.voxels.ravel().tolist() == [5, 5, 4095]
    signed = np.array([[-3, 7, 0x0FFF]], np.int16)
    volume = load(projection(signed, BitsStored=12, HighBit=11), tmp_path)
    assert volume.voxels.ravel().tolist() == [-3, 7, -1]


def test_a_modality_table_is_applied(tmp_path: Path) -> None:
    table = Dataset()
    table.LUTDescriptor = [4, 0, 16]
    table.ModalityLUTType = "US"
    table.LUTData = np.array([10, 20, 40, 80], np.uint16).tobytes()
    table["LUTData"].VR = "OW"
    dataset = projection(np.array([[0, 1, 3]], np.uint16), ModalityLUTSequence=Sequence([table]))
    assert load(dataset, tmp_path).voxels.ravel().tolist() == [10, 20, 80]


def test_colours_keep_their_order(tmp_path: Path) -> None:
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[..., 0] = 200
    volume = load(projection(pixels, Modality="US"), tmp_path)
    assert volume.is_colour
    assert volume.spatial_shape == (4, 6)
    assert volume.voxels[0, 0].tolist() == [200, 0, 0]


def enhanced(heights: list[float], **attributes: Any) -> Dataset:
    """A multi-frame CT with a position and a rescale for each frame."""
    pixels = np.stack([np.full((4, 6), n, np.int16) for n in range(len(heights))])
    dataset = make_dicom(
        pixels, ImagePositionPatient=None, ImageOrientationPatient=None, PixelSpacing=None,
        RescaleSlope=None, RescaleIntercept=None, SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1",
        **attributes,
    )  # fmt: skip
    measures, orientation = Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.5, 0.7], 2
    orientation.ImageOrientationPatient = AXIAL
    shared = Dataset()
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PlaneOrientationSequence = Sequence([orientation])
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    groups = []
    for number, height in enumerate(heights):
        place, rescale, window = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = [0, 0, height]
        rescale.RescaleSlope, rescale.RescaleIntercept = 1 + number, -1000
        rescale.RescaleType = "HU"
        window.WindowCenter, window.WindowWidth = 40, 400
        group = Dataset()
        group.PlanePositionSequence = Sequence([place])
        group.PixelValueTransformationSequence = Sequence([rescale])
        group.FrameVOILUTSequence = Sequence([window])
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(groups)
    return dataset


def test_frames_are_sorted_and_rescaled_each_by_its_own_group(tmp_path: Path) -> None:
    volume = load(enhanced([4, 0, 2]), tmp_path)
    assert volume.voxels[:, 0, 0].tolist() == [-998, -994, -1000]
    assert volume.geometry.voxel_spacing_mm == (2, 0.5, 0.7)
    assert volume.unit == "HU"
    assert volume.windows == ((40, 400),)


def test_frames_of_several_times_keep_their_order_and_have_no_place(tmp_path: Path) -> None:
    volume = load(enhanced([0, 2, 0, 2]), tmp_path)
    assert volume.voxels.shape == (4, 4, 6)
    assert volume.geometry.affine is None
    assert any("several volumes" in note for note in volume.notes)


def test_a_film_loop_has_no_spacing_between_frames(tmp_path: Path) -> None:
    pixels = np.zeros((3, 4, 6), np.uint8)
    dataset = make_dicom(
        pixels, Modality="US", ImagePositionPatient=None, ImageOrientationPatient=None
    )
    volume = load(dataset, tmp_path)
    assert volume.voxels.shape == (3, 4, 6)
    assert volume.geometry.voxel_spacing_mm is None


@pytest.mark.parametrize(
    ("attributes", "age", "sex"),
    [
        ({}, 63, "F"),
        ({"PatientAge": "018M", "PatientSex": "M"}, 1.5, "M"),
        ({"PatientAge": None, "StudyDate": "20240101"}, 62, "F"),
        ({"PatientAge": None, "StudyDate": "20240203"}, 63, "F"),
        ({"PatientAge": None}, None, "F"),
        ({"PatientAge": "000Y", "PatientSex": "X"}, None, None),
        ({"PatientAge": "999Y", "PatientSex": "O"}, None, "O"),
        ({"PatientAge": None, "StudyDate": "19610203"}, None, "F"),
    ],
)
def test_age_and_sex_come_from_the_header(
    tmp_path: Path, attributes: dict[str, Any], age: float | None, sex: str | None
) -> None:
    patient = describe_images(save(make_dicom(**attributes), tmp_path / "a.dcm")).patient
    assert patient.age == (age and pytest.approx(age))
    assert patient.sex == sex


@pytest.mark.parametrize(
    ("attributes", "part"),
    [
        ({"BodyPartExamined": "CHEST"}, "chest"),
        ({"BodyPartExamined": "PARTIALBODY", "SeriesDescription": "Thorax 1.5 B70f"}, "chest"),
        ({"BodyPartExamined": "PARTIALBODY", "SeriesDescription": "x"}, None),
        ({"BodyPartExamined": "SMITHSON", "SeriesDescription": "head and neck"}, None),
    ],
)
def test_body_parts_are_words_of_our_own_or_unknown(
    tmp_path: Path, attributes: dict[str, str], part: str | None
) -> None:
    dataset = make_dicom(**{"StudyDescription": None, **attributes})
    (series,) = describe_images(save(dataset, tmp_path / "a.dcm")).series
    assert series.images[0].body_part == part
