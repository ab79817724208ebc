"""NIfTI, NRRD, MetaImage and pictures: the same axes and the same patient as DICOM."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the library's own name
from numpy.typing import NDArray
from PIL import Image as Pillow

from dxtrace.clinical.volume import Volume
from dxtrace.intake.imaging import ImageReading, describe_images, load_volume
from tests.unit.intake.imaging.samples import make_dicom, radiograph, save, write_nifti

VALUES = np.arange(24, dtype=np.int16).reshape(2, 3, 4)  # i, j, k as NIfTI counts them


def load(path: Path) -> tuple[Volume, ImageReading]:
    reading = describe_images(path)
    (series,) = reading.series
    volume = load_volume(series)
    assert series.images[0].geometry == volume.geometry
    return volume, reading


def oblique() -> NDArray[np.float64]:
    turn = np.radians(30)
    rotation = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    affine = np.eye(4)
    affine[:3, :3] = rotation * [0.5, 0.75, 3]
    affine[:3, 3] = [10, -20, 30]
    return affine


def test_ras_becomes_lps_and_axes_are_reversed(tmp_path: Path) -> None:
    affine = oblique()
    volume, _ = load(write_nifti(tmp_path / "a.nii.gz", VALUES, affine))
    assert volume.voxels.shape == (4, 3, 2)
    assert volume.voxels[3, 2, 1] == VALUES[1, 2, 3]
    ours = np.array(volume.geometry.affine) @ [3, 2, 1, 1]
    assert ours[:3] == pytest.approx((affine @ [1, 2, 3, 1])[:3] * [-1, -1, 1])
    assert volume.geometry.voxel_spacing_mm == pytest.approx((3, 0.75, 0.5))
    assert volume.geometry.orientation == "SAR"


def test_a_nifti_without_a_place_has_spacing_only(tmp_path: Path) -> None:
    import nibabel as nib

    image = nib.Nifti1Image(VALUES, None)
    image.header.set_zooms((0.5, 0.75, 3))
    image.header["qform_code"] = image.header["sform_code"] = 0
    nib.save(image, tmp_path / "a.nii")
    volume, reading = load(tmp_path / "a.nii")
    assert volume.geometry.voxel_spacing_mm == (3, 0.75, 0.5)
    assert volume.geometry.affine is None
    assert any("does not say where" in note for note in reading.notes)


def test_units_of_a_nifti_are_obeyed(tmp_path: Path) -> None:
    import nibabel as nib

    image = nib.Nifti1Image(VALUES, np.diag([0.001, 0.001, 0.002, 1]))
    image.header.set_xyzt_units("meter")
    nib.save(image, tmp_path / "a.nii")
    volume, _ = load(tmp_path / "a.nii")
    assert volume.geometry.voxel_spacing_mm == pytest.approx((2, 1, 1))


def test_a_scaled_nifti_is_rescaled(tmp_path: Path) -> None:
    import nibabel as nib

    image = nib.Nifti1Image(VALUES, np.eye(4))
    image.header.set_slope_inter(2, -1024)
    nib.save(image, tmp_path / "a.nii")
    raw = bytearray((tmp_path / "a.nii").read_bytes())
    raw[112:120] = np.array([2, -1024], "<f4").tobytes()
    (tmp_path / "a.nii").write_bytes(raw)
    volume, _ = load(tmp_path / "a.nii")
    stored = np.frombuffer((tmp_path / "a.nii").read_bytes()[352:], "<i2")
    assert volume.voxels.min() == 2 * stored.min() - 1024


@pytest.mark.parametrize("name", ["a.nrrd", "a.mha"])
def test_itk_formats_are_lps_with_axes_reversed(tmp_path: Path, name: str) -> None:
    image = sitk.GetImageFromArray(VALUES)
    image.SetSpacing((0.5, 0.75, 3))
    image.SetOrigin((1, 2, 3))
    image.SetDirection((0, 1, 0, 1, 0, 0, 0, 0, -1))
    sitk.WriteImage(image, str(tmp_path / name))
    volume, _ = load(tmp_path / name)
    assert np.array_equal(volume.voxels, VALUES)
    world = image.TransformIndexToPhysicalPoint((3, 2, 1))
    ours = np.array(volume.geometry.affine) @ [1, 2, 3, 1]
    assert ours[:3] == pytest.approx(world)
    assert volume.geometry.voxel_spacing_mm == pytest.approx((3, 0.75, 0.5))


def test_a_nrrd_in_ras_and_one_without_spacing(tmp_path: Path) -> None:
    head = "NRRD0004\ntype: int16\ndimension: 3\nsizes: 4 3 2\nendian: little\nencoding: raw\n"
    ras = head + (
        "space: right-anterior-superior\nspace directions: (1,0,0) (0,2,0) (0,0,3)\n"
        "space origin: (10,20,30)\n\n"
    )
    (tmp_path / "ras.nrrd").write_bytes(ras.encode() + VALUES.tobytes())
    volume, _ = load(tmp_path / "ras.nrrd")
    assert (np.array(volume.geometry.affine) @ [0, 0, 0, 1])[:3].tolist() == [-10, -20, 30]
    assert volume.geometry.orientation == "SAR"
    (tmp_path / "bare.nrrd").write_bytes((head + "\n").encode() + VALUES.tobytes())
    volume, reading = load(tmp_path / "bare.nrrd")
    assert np.array_equal(volume.voxels, VALUES)
    assert volume.geometry.voxel_spacing_mm is None
    assert any("no voxel spacing" in note for note in reading.notes)


@pytest.mark.parametrize(
    ("lines", "spacing"),
    [
        ("space: scanner-xyz\nspace directions: (1,0,0) (0,2,0) (0,0,3)", (3, 2, 1)),
        ("space dimension: 3\nspace directions: (1,0,0) (0,2,0) (0,0,3)", (3, 2, 1)),
        ("space: LPS\nspace directions: none (0,2,0) (0,0,3)", None),
        (
            'space: LPS\nspace directions: (1,0,0) (0,2,0) (0,0,3)\nspace units: "cm" "cm" "cm"',
            None,
        ),
    ],
)
def test_a_nrrd_of_another_space_or_unit_has_no_place(
    tmp_path: Path, lines: str, spacing: tuple[float, ...] | None
) -> None:
    head = "NRRD0004\ntype: int16\ndimension: 3\nsizes: 4 3 2\nendian: little\nencoding: raw\n"
    head += f"{lines}\nspace origin: (10,20,30)\n\n"
    (tmp_path / "a.nrrd").write_bytes(head.encode() + VALUES.tobytes())
    volume, reading = load(tmp_path / "a.nrrd")
    assert volume.geometry.affine is None
    assert volume.geometry.voxel_spacing_mm == spacing
    assert any("unknown" in note or "does not say where" in note for note in reading.notes)


@pytest.mark.parametrize("qform", [np.diag([-1.0, 2, 3, 1]), np.diag([1.0, 2, 4, 1])])
def test_two_places_that_are_not_the_same_are_said(
    tmp_path: Path, qform: NDArray[np.float64]
) -> None:
    import nibabel as nib

    image = nib.Nifti1Image(VALUES, np.diag([1.0, 2, 3, 1]))
    image.set_sform(np.diag([1.0, 2, 3, 1]), code=1)
    image.set_qform(qform, code=1)
    nib.save(image, tmp_path / "a.nii")
    _, reading = load(tmp_path / "a.nii")
    assert any("two places" in note for note in reading.notes)
    image.set_qform(np.diag([1.0, 2, 3, 1]), code=1)
    nib.save(image, tmp_path / "b.nii")
    _, reading = load(tmp_path / "b.nii")
    assert not any("two places" in note for note in reading.notes)


def test_a_voxel_as_large_as_a_house_has_no_size(tmp_path: Path) -> None:
    volume, reading = load(write_nifti(tmp_path / "a.nii", VALUES, np.diag([1e9, 1, 1, 1])))
    assert volume.geometry.voxel_spacing_mm is None
    assert any("not valid" in note for note in reading.notes)


def test_the_same_scan_lies_at_the_same_place_in_every_format(tmp_path: Path) -> None:
    folder = tmp_path / "dicom"
    for number in range(4):
        pixels = np.arange(24, dtype=np.int16).reshape(4, 6) + 100 * number
        dataset = make_dicom(pixels, ImagePositionPatient=[-10, -20, 30 + 2 * number])
        save(dataset, folder / f"{number}.dcm")
    scan, _ = load(folder)
    # Row 1, column 2 of slice 3, by hand: LPS mm, then RAS for NIfTI.
    place = np.array(scan.geometry.affine) @ [3, 1, 2, 1]
    assert place[:3] == pytest.approx([-10 + 2 * 0.7, -20 + 0.5, 36])
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.array(scan.geometry.affine)[:, [2, 1, 0, 3]]
    copy, _ = load(write_nifti(tmp_path / "a.nii", scan.voxels.T, affine))
    assert np.array_equal(copy.voxels, scan.voxels)
    assert np.array(copy.geometry.affine) == pytest.approx(np.array(scan.geometry.affine))


# -- pictures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_a_grey_picture_in_rgb_is_grey_and_may_be_a_radiograph(tmp_path: Path, name: str) -> None:
    picture = Pillow.fromarray(radiograph())
    (picture if name == "a.jpg" else picture.convert("RGB")).save(tmp_path / name)
    volume, reading = load(tmp_path / name)
    assert volume.voxels.shape == (320, 300)
    assert not volume.is_colour
    assert volume.modality == "DX"
    assert reading.series[0].modality == "DX"
    assert volume.geometry.voxel_spacing_mm is None
    assert any("from the pixels alone" in note for note in reading.notes)


def test_a_resolution_tag_is_no_spacing(tmp_path: Path) -> None:
    Pillow.fromarray(radiograph()).save(tmp_path / "a.png", dpi=(300, 300))
    volume, _ = load(tmp_path / "a.png")
    assert volume.geometry.voxel_spacing_mm is None


def test_sixteen_bits_are_kept(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 400 * 300).reshape(400, 300).astype(np.uint16)
    for name in ("a.png", "a.tif"):
        Pillow.fromarray(values).save(tmp_path / name)
        volume, _ = load(tmp_path / name)
        assert np.array_equal(volume.voxels, values), name


def test_colours_alpha_and_palettes(tmp_path: Path) -> None:
    colours = np.zeros((30, 40, 4), np.uint8)
    colours[..., 0], colours[..., 3] = 204, 255
    Pillow.fromarray(colours).save(tmp_path / "rgba.png")
    Pillow.fromarray(colours[..., :3]).convert("P").save(tmp_path / "palette.png")
    for name in ("rgba.png", "palette.png"):
        volume, reading = load(tmp_path / name)
        assert volume.is_colour, name
        assert volume.voxels.shape == (30, 40, 3)
        assert volume.voxels[0, 0].tolist() == [204, 0, 0]
        assert reading.series[0].modality is None
        assert any("indeterminate" in note for note in reading.notes)


def test_pages_of_a_tiff_are_slices_without_a_place(tmp_path: Path) -> None:
    pages = [Pillow.fromarray(np.full((30, 40), n, np.uint8)) for n in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    volume, _ = load(tmp_path / "a.tif")
    assert volume.voxels[:, 0, 0].tolist() == [0, 1, 2]
    assert volume.geometry.voxel_spacing_mm is None


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_film_whose_low_values_are_bright_is_turned_over(tmp_path: Path, kind: type) -> None:
    Pillow.fromarray(np.arange(12, dtype=kind).reshape(3, 4)).save(tmp_path / "a.tif")
    raw = (tmp_path / "a.tif").read_bytes()
    entry = b"\x06\x01\x03\x00\x01\x00\x00\x00"  # PhotometricInterpretation, one short
    (tmp_path / "a.tif").write_bytes(raw.replace(entry + b"\1", entry + b"\0"))
    volume, _ = load(tmp_path / "a.tif")
    assert volume.voxels[0, :2].tolist() == [np.iinfo(kind).max, np.iinfo(kind).max - 1]


def test_a_moving_picture_is_said_to_be_one(tmp_path: Path) -> None:
    frames = [Pillow.fromarray(np.full((30, 40), n, np.uint8)) for n in range(3)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    _, reading = load(tmp_path / "a.png")
    assert any("only its first frame" in note for note in reading.notes)


def test_a_photograph_lying_on_its_side_is_turned(tmp_path: Path) -> None:
    values = np.zeros((20, 40), np.uint8)
    values[:, :10] = 250
    exif = Pillow.Exif()
    exif[0x0112] = 6
    Pillow.fromarray(values).save(tmp_path / "a.jpg", exif=exif)
    volume, _ = load(tmp_path / "a.jpg")
    assert volume.voxels.shape == (40, 20)
    assert volume.voxels[5, 10] > 200 > volume.voxels[35, 10]


def test_line_art_and_wide_screens_are_no_radiographs(tmp_path: Path) -> None:
    page = np.full((400, 300), 255, np.uint8)
    page[::20] = 0
    wide = np.tile(radiograph(), (1, 4))
    for number, values in enumerate((page, wide, radiograph(100, 90))):
        path = tmp_path / f"{number}.png"
        Pillow.fromarray(values).save(path)
        assert load(path)[0].modality is None


def test_a_ct_in_nifti_is_known_by_its_units(tmp_path: Path) -> None:
    scan = np.full((64, 64, 8), -1000, np.int16)
    scan[10:54, 10:54] = 40
    scan[28:36, 28:36] = 400
    volume, reading = load(write_nifti(tmp_path / "a.nii", scan, np.eye(4)))
    assert (volume.modality, volume.unit, volume.body_part) == ("CT", "HU", None)
    assert reading.series[0].modality == "CT"
    scan[14:26, 15:49] = scan[38:50, 15:49] = -850
    volume, _ = load(write_nifti(tmp_path / "b.nii", scan, np.eye(4)))
    assert volume.body_part == "chest"
    volume, _ = load(write_nifti(tmp_path / "c.nii", scan - scan.min(), np.eye(4)))
    assert (volume.modality, volume.unit) == (None, "stored")
