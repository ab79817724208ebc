"""Series of slices: sorted by place, with every irregularity said and never measured across."""

from pathlib import Path

import numpy as np
import pytest

from dxtrace.clinical import Image, Series
from dxtrace.clinical.volume import Volume
from dxtrace.intake import IntakeError, IntakeLimits
from dxtrace.intake.imaging import ImageReading, describe_images, load_volume
from tests.unit.intake.imaging.samples import CR, make_dicom, save, write_series


def only(reading: ImageReading) -> Volume:
    (series,) = reading.series
    return load_volume(series)


def said(reading: ImageReading) -> str:
    return "; ".join(reading.notes)


def test_slices_are_sorted_by_position_not_by_name(tmp_path: Path) -> None:
    volume = only(describe_images(write_series(tmp_path, [0, 2, 4, 6])))
    assert volume.voxels[:, 0, 0].tolist() == [0, 1, 2, 3]
    assert volume.geometry.voxel_spacing_mm == (2, 0.5, 0.7)
    assert volume.geometry.orientation == "SPL"
    affine = np.array(volume.geometry.affine)
    assert (affine @ [3, 2, 1, 1])[:3] == pytest.approx([-10 + 0.7, -20 + 1.0, 6])
    assert [Path(s).name for s in volume.sources] == ["004.dcm", "003.dcm", "002.dcm", "001.dcm"]


def test_each_image_knows_its_own_place(tmp_path: Path) -> None:
    (series,) = describe_images(write_series(tmp_path, [0, 2, 4])).series
    origins = [np.array(image.geometry.affine)[2, 3] for image in series.images]
    assert origins == [0, 2, 4]


def test_a_sagittal_series_is_sorted_along_its_own_normal(tmp_path: Path) -> None:
    for number in range(4):
        dataset = make_dicom(
            np.full((4, 6), number, np.int16), ImagePositionPatient=[number * 3.0, 0, 0],
            ImageOrientationPatient=[0, 1, 0, 0, 0, -1],
        )  # fmt: skip
        save(dataset, tmp_path / f"{number}.dcm")
    volume = only(describe_images(tmp_path))
    assert volume.geometry.orientation == "RIP"
    assert volume.geometry.voxel_spacing_mm == (3, 0.5, 0.7)
    assert volume.voxels[:, 0, 0].tolist() == [-1021, -1022, -1023, -1024]


@pytest.mark.parametrize(
    ("heights", "words"),
    [
        ([0, 2, 4, 8, 10], "1 slice(s) are missing in 1 place(s)"),
        ([0, 2, 8, 10, 12, 18], "4 slice(s) are missing in 2 place(s)"),
        ([0, 2, 4, 7, 9], "unevenly spaced, 2 to 3 mm apart"),
    ],
)
def test_irregular_slices_are_said_and_nothing_is_measured(
    tmp_path: Path, heights: list[float], words: str
) -> None:
    reading = describe_images(write_series(tmp_path, heights))
    volume = only(reading)
    assert words in said(reading)
    assert any(words in note for note in volume.notes)
    assert len(volume.voxels) == len(heights)
    assert volume.geometry.voxel_spacing_mm is None
    assert volume.geometry.affine is None


def test_positions_written_with_few_digits_are_even(tmp_path: Path) -> None:
    heights = [round(n * 1.25, 1) for n in range(12)]
    volume = only(describe_images(write_series(tmp_path, heights)))
    assert volume.geometry.voxel_spacing_mm is not None
    assert volume.geometry.voxel_spacing_mm[0] == pytest.approx(1.25, abs=0.01)


def test_a_tilted_gantry_is_noticed_and_its_shear_is_kept(tmp_path: Path) -> None:
    reading = describe_images(
        write_series(tmp_path, [0, 2, 4, 6], shift=np.tan(np.radians(20)), GantryDetectorTilt=20)
    )
    volume = only(reading)
    assert "tilted gantry" in said(reading)
    assert "20.0 degrees" in said(reading)
    affine = np.array(volume.geometry.affine)
    assert (affine @ [3, 0, 0, 1])[:3] == pytest.approx([-10, -20 + 6 * np.tan(np.radians(20)), 6])
    assert volume.geometry.voxel_spacing_mm is not None
    assert np.prod(volume.geometry.voxel_spacing_mm) == pytest.approx(
        abs(np.linalg.det(affine[:3, :3]))
    )


def test_a_tilt_that_the_positions_do_not_show_is_said(tmp_path: Path) -> None:
    reading = describe_images(write_series(tmp_path, [0, 2, 4], GantryDetectorTilt=-15))
    assert "states a gantry tilt of -15" in said(reading)


def test_the_same_slice_twice_is_used_once(tmp_path: Path) -> None:
    write_series(tmp_path, [0, 2, 4])
    copied = (tmp_path / "002.dcm").read_bytes()
    (tmp_path / "copy.dcm").write_bytes(copied)
    reading = describe_images(tmp_path)
    assert "1 slice(s) came twice" in said(reading)
    assert only(reading).voxels[:, 0, 0].tolist() == [0, 1, 2]


def test_another_slice_at_the_same_place_is_left_out_and_said(tmp_path: Path) -> None:
    write_series(tmp_path, [0, 2, 4])
    twin = make_dicom(np.full((4, 6), 99, np.int16), ImagePositionPatient=[-10, -20, 2])
    twin.InstanceNumber = 9
    save(twin, tmp_path / "twin.dcm")
    reading = describe_images(tmp_path)
    assert "1 slice(s) lie where another one does" in said(reading)
    assert only(reading).voxels[:, 0, 0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("attribute", ["AcquisitionNumber", "EchoNumbers"])
def test_phases_in_one_series_are_volumes_of_their_own(tmp_path: Path, attribute: str) -> None:
    for phase in (1, 2):
        write_series(tmp_path / str(phase), [0, 2, 4], **{attribute: phase})
    reading = describe_images(tmp_path)
    assert [len(s.images) for s in reading.series] == [3, 3]
    assert "2 volumes (acquisitions, echoes or times)" in said(reading)
    assert [load_volume(s).voxels.shape for s in reading.series] == [(3, 4, 6)] * 2


@pytest.mark.parametrize("heights", [[0, 2, 4], [0]])
def test_stacks_beside_each_other_in_one_series_are_told_apart(
    tmp_path: Path, heights: list[float]
) -> None:
    for side in (-100, 100):
        for number, height in enumerate(heights):
            at = [side, -20, height]
            image = make_dicom(ImagePositionPatient=at, InstanceNumber=number + 1)
            save(image, tmp_path / f"{number}{side}.dcm")
    reading = describe_images(tmp_path)
    assert "2 volumes that lie beside each other" in said(reading)
    origins = [load_volume(s).geometry.affine[0][3] for s in reading.series]  # type: ignore[index]
    assert sorted(origins) == [-100, 100]


@pytest.mark.parametrize("far", [1e9, 1e200])
def test_a_position_far_outside_the_room_is_not_used(tmp_path: Path, far: float) -> None:
    reading = describe_images(
        save(make_dicom(ImagePositionPatient=[0, 0, far]), tmp_path / "a.dcm")
    )
    assert "nowhere near a patient" in said(reading)
    assert only(reading).geometry.affine is None


def test_a_localizer_is_no_part_of_the_volume(tmp_path: Path) -> None:
    write_series(tmp_path, [0, 2, 4])
    scout = make_dicom(
        np.zeros((8, 8), np.int16), ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
        ImageOrientationPatient=[1, 0, 0, 0, 0, -1],
    )  # fmt: skip
    save(scout, tmp_path / "scout.dcm")
    reading = describe_images(tmp_path)
    assert sorted(len(s.images) for s in reading.series) == [1, 3]
    units = {load_volume(s).unit for s in reading.series}
    assert units == {"HU", "stored"}


def test_series_are_told_apart_by_uid_and_ids_are_neutral(tmp_path: Path) -> None:
    write_series(tmp_path / "Smithson", [0, 2])
    write_series(tmp_path / "b", [0, 2, 4], SeriesInstanceUID="1.2.826.0.1.99.3")
    reading = describe_images(tmp_path)
    assert [(s.id, len(s.images)) for s in reading.series] == [("series-1", 2), ("series-2", 3)]


def test_a_single_slice_stands_in_space_by_its_thickness(tmp_path: Path) -> None:
    reading = describe_images(save(make_dicom(), tmp_path / "a.dcm"))
    volume = only(reading)
    assert volume.voxels.shape == (1, 4, 6)
    assert volume.geometry.voxel_spacing_mm == (2, 0.5, 0.7)
    bare = save(make_dicom(SliceThickness=None), tmp_path / "b.dcm")
    flat = only(describe_images(bare))
    assert flat.voxels.shape == (4, 6)
    assert flat.geometry.voxel_spacing_mm == (0.5, 0.7)


@pytest.mark.parametrize(
    "cosines", [[1, 0, 0, 1, 0, 0], [2, 0, 0, 0, 1, 0], [1, 0, 0, 0.3, 0.95, 0], [0] * 6]
)
def test_an_orientation_that_is_none_is_not_used(tmp_path: Path, cosines: list[float]) -> None:
    reading = describe_images(save(make_dicom(ImageOrientationPatient=cosines), tmp_path / "a.dcm"))
    volume = only(reading)
    assert "two unit vectors" in said(reading)
    assert volume.geometry.affine is None


@pytest.mark.parametrize("spacing", [[0, 0], [-1, 1], [0.5], [1e6, 1e6], [1e-9, 1e-9]])
def test_a_pixel_spacing_that_is_none_stays_unknown(tmp_path: Path, spacing: list[float]) -> None:
    reading = describe_images(save(make_dicom(PixelSpacing=spacing), tmp_path / "a.dcm"))
    assert only(reading).geometry.voxel_spacing_mm is None
    assert "spacing" in said(reading)


def test_slices_without_positions_are_stacked_by_number_and_not_measured(tmp_path: Path) -> None:
    for number in (3, 1, 2):
        dataset = make_dicom(
            np.full((4, 6), number, np.int16), ImagePositionPatient=None, InstanceNumber=number
        )
        save(dataset, tmp_path / f"{9 - number}.dcm")
    reading = describe_images(tmp_path)
    volume = only(reading)
    assert volume.voxels[:, 0, 0].tolist() == [-1023, -1022, -1021]
    assert volume.geometry.voxel_spacing_mm is None
    assert "sorted by instance number" in said(reading)


def radiograph_dataset(**attributes: object) -> object:
    given = {
        "SOPClassUID": CR, "Modality": "CR", "ImagePositionPatient": None,
        "ImageOrientationPatient": None, "SliceThickness": None, "PixelSpacing": None,
        "RescaleSlope": None, "RescaleIntercept": None, "ViewPosition": "PA",
        "BodyPartExamined": "CHEST", "PatientOrientation": ["L", "F"],
    }  # fmt: skip
    return make_dicom(np.arange(24, dtype=np.uint16).reshape(4, 6), **{**given, **attributes})


@pytest.mark.parametrize(
    ("spacings", "expected", "words"),
    [
        ({"ImagerPixelSpacing": [0.2, 0.2]}, None, "magnification is not"),
        ({"PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.2, 0.2]}, None, "magnification"),
        ({"PixelSpacing": [0.2, 0.2]}, None, "only the spacing on the detector"),
        ({"PixelSpacing": [0.18, 0.18], "ImagerPixelSpacing": [0.2, 0.2]}, (0.18, 0.18), ""),
        (
            {"PixelSpacing": [0.2, 0.2], "PixelSpacingCalibrationType": "FIDUCIAL"},
            (0.2, 0.2), "",
        ),
        (
            {"ImagerPixelSpacing": [0.2, 0.2], "EstimatedRadiographicMagnificationFactor": 1.25},
            (0.16, 0.16), "estimated magnification",
        ),
        ({}, None, "the pixel spacing is unknown"),
    ],
)  # fmt: skip
def test_detector_spacing_is_no_size_in_the_patient(
    tmp_path: Path, spacings: dict[str, object], expected: tuple[float, float] | None, words: str
) -> None:
    reading = describe_images(save(radiograph_dataset(**spacings), tmp_path / "a.dcm"))  # type: ignore[arg-type]
    volume = only(reading)
    assert volume.geometry.voxel_spacing_mm == (expected and pytest.approx(expected))
    assert words in said(reading)
    assert (volume.view, volume.body_part, volume.geometry.orientation) == ("pa", "chest", "IL")


def test_a_frontal_and_a_lateral_view_of_one_series_stay_two_images(tmp_path: Path) -> None:
    save(radiograph_dataset(), tmp_path / "1.dcm")  # type: ignore[arg-type]
    save(radiograph_dataset(ViewPosition="LL"), tmp_path / "2.dcm")  # type: ignore[arg-type]
    reading = describe_images(tmp_path)
    assert [s.images[0].view for s in reading.series] == ["pa", "lateral"]


def test_images_of_two_patients_are_noticed(tmp_path: Path) -> None:
    save(make_dicom(), tmp_path / "1.dcm")
    other = make_dicom(PatientID="X1", PatientAge="030Y", SeriesInstanceUID="1.2.826.0.1.99.8")
    save(other, tmp_path / "2.dcm")
    reading = describe_images(tmp_path)
    assert "2 different patients" in said(reading)
    assert reading.patient.age is None


def test_series_of_several_volumes_or_of_nothing_are_refused(tmp_path: Path) -> None:
    first = save(make_dicom(), tmp_path / "1.dcm")
    second = save(make_dicom(SeriesInstanceUID="1.2.826.0.1.99.8"), tmp_path / "2.dcm")
    mixed = Series(id="s", images=(Image(path=first), Image(path=second)))
    with pytest.raises(IntakeError, match="slices of one volume"):
        load_volume(mixed)
    with pytest.raises(IntakeError, match="got none"):
        load_volume(Series(id="s"))
    with pytest.raises(IntakeError, match="no longer there"):
        load_volume(Series(id="s", images=(Image(path=tmp_path / "gone.dcm"),)))


def test_a_volume_is_read_once_until_its_files_change(tmp_path: Path) -> None:
    path = save(make_dicom(np.zeros((4, 6), np.int16)), tmp_path / "a.dcm")
    (series,) = describe_images(path).series
    volume = load_volume(series)
    assert load_volume(series).voxels is volume.voxels
    with pytest.raises(ValueError, match="read-only"):
        volume.voxels[0, 0, 0] = 1
    save(make_dicom(np.full((4, 8), 5, np.int16)), path)
    assert load_volume(series).voxels.shape == (1, 4, 8)
    unkept = IntakeLimits(max_cached_bytes=0)
    assert load_volume(series, unkept).voxels.shape == (1, 4, 8)
