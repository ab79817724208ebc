"""Real CT, MR and radiographs: values, place and kind come in as they are."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from dxtrace.intake.imaging import describe_images, load_volume


def test_a_ct_series_is_sorted_from_the_feet_up(shared_data: Path) -> None:
    reading = describe_images(shared_data / "ct_abdomen" / "dicom")
    (series,) = reading.series
    volume = load_volume(series)
    assert series.modality == "CT"
    assert volume.voxels.shape == (20, 512, 512)
    assert volume.unit == "HU"
    assert volume.geometry.orientation == "SPL"
    assert volume.geometry.voxel_spacing_mm == pytest.approx((2, 0.9765625, 0.9765625))
    assert series.images[0].geometry == volume.geometry
    assert volume.voxels.min() == -1024


def test_labels_of_another_tool_lie_exactly_on_the_dicom_series(shared_data: Path) -> None:
    folder = shared_data / "ct_abdomen"
    (series,) = describe_images(folder / "dicom").series
    (label_series,) = describe_images(folder / "dicom_reference_segmentation.nii.gz").series
    scan, labels = load_volume(series), load_volume(label_series)
    # The NIfTI's rows run the other way: compare where voxels lie, not where they are stored.
    spleen = np.argwhere(labels.voxels == 5)
    world = np.c_[spleen, np.ones(len(spleen))] @ np.array(labels.geometry.affine).T
    index = np.rint(world @ np.linalg.inv(np.array(scan.geometry.affine)).T)[:, :3].astype(int)
    values = scan.voxels[tuple(index.T)]
    assert 40 < np.median(values) < 180


@pytest.mark.parametrize(
    ("name", "modality", "body_part"),
    [
        ("ct_abdomen/ct.nii.gz", "CT", None),
        ("ct_chest_cropped/ct.nii.gz", "CT", "chest"),
        ("mr_brain/brain1_image.nrrd", None, None),
        ("ct_abdomen/reference_segmentation.nii.gz", None, None),
    ],
)
def test_what_an_image_is_comes_from_its_pixels_or_stays_open(
    shared_data: Path, name: str, modality: str | None, body_part: str | None
) -> None:
    (series,) = describe_images(shared_data / name).series
    assert (series.modality, series.images[0].body_part) == (modality, body_part)
    volume = load_volume(series)
    assert (volume.unit == "HU") == (modality == "CT")


def test_a_nifti_file_keeps_its_voxels_and_their_places(shared_data: Path) -> None:
    path = shared_data / "ct_abdomen" / "ct.nii.gz"
    (series,) = describe_images(path).series
    volume = load_volume(series)
    image = nib.load(path)
    values = np.asarray(image.dataobj)
    assert np.array_equal(volume.voxels, values.T)
    ours = np.array(volume.geometry.affine) @ [30, 20, 10, 1]
    assert ours[:3] == pytest.approx((image.affine @ [10, 20, 30, 1])[:3] * [-1, -1, 1])


def test_a_radiograph_saved_as_a_picture_is_taken_for_one(shared_data: Path) -> None:
    files = sorted((shared_data / "cxr_hannover" / "images").iterdir())[::20]
    taken = [describe_images(path).series[0].modality for path in files]
    assert taken.count("DX") >= 0.9 * len(taken)


def test_blood_smears_are_not_taken_for_radiographs(shared_data: Path) -> None:
    files = sorted((shared_data / "bccd").rglob("*.jpg"))[::60]
    assert files
    for path in files:
        volume = load_volume(describe_images(path).series[0])
        assert volume.modality is None
        assert volume.is_colour
        assert any("indeterminate" in note for note in volume.notes)
