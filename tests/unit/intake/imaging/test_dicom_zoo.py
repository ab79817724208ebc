"""Real DICOM files of many encodings: each is read right, whatever it is packed in."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dxtrace.intake import IntakeError
from dxtrace.intake.imaging import describe_images, load_volume

ENCODINGS = [
    ("693_UNCR", ["693_J2KR"]),
    ("US1_UNCR", ["US1_J2KR"]),
    ("US1_UNCI", ["US1_J2KI"]),
    ("MR2_UNCR", ["MR2_J2KR"]),
    ("MR2_UNCI", ["MR2_J2KI"]),
    ("SC_rgb", ["SC_rgb_expb", "SC_rgb_gdcm2k_uncompressed"]),
    ("SC_rgb_2frame", ["SC_rgb_expb_2frame"]),
    ("SC_rgb_16bit", ["SC_rgb_expb_16bit"]),
    ("SC_rgb_16bit_2frame", ["SC_rgb_expb_16bit_2frame"]),
    ("SC_rgb_32bit", ["SC_rgb_expb_32bit"]),
    ("SC_rgb_32bit_2frame", ["SC_rgb_expb_32bit_2frame"]),
    ("OBXXXX1A", ["OBXXXX1A_expb", "OBXXXX1A_rle"]),
    ("OBXXXX1A_2frame", ["OBXXXX1A_expb_2frame", "OBXXXX1A_rle_2frame"]),
    ("gdcm-US-ALOKA-16", ["gdcm-US-ALOKA-16_big"]),
    ("JLSL_RGB_ILV0", ["JLSL_RGB_ILV1", "JLSL_RGB_ILV2"]),
    ("color-pl", ["color-px"]),
    ("emri_small", [
        "emri_small_RLE", "emri_small_big_endian", "emri_small_jpeg_2k_lossless",
        "emri_small_jpeg_2k_lossless_too_short", "emri_small_jpeg_ls_lossless",
    ]),
    ("liver", ["liver_deflate", "liver_expb", "liver_j2k", "liver_rle"]),
    ("liver_nonbyte_aligned", [
        "liver_nonbyte_aligned_deflate", "liver_nonbyte_aligned_j2k", "liver_nonbyte_aligned_rle",
    ]),
]  # fmt: skip
LOSSY = [
    # Reference, lossy copy, largest difference, mean difference.
    ("SC_rgb", "SC_ybr_full_uncompressed", 6, 1),
    ("SC_rgb", "SC_rgb_dcmtk_ebcr_dcmd", 2, 1),
    ("SC_rgb", "SC_rgb_dcmtk_ebcyn2_dcmd", 6, 1),
    ("SC_rgb", "SC_rgb_dcmtk_ebcys2_dcmd", 6, 1),
    ("SC_rgb", "SC_rgb_dcmtk_ebcys4_dcmd", 6, 1),
    # Colours at half the resolution bleed over edges.
    ("SC_rgb", "SC_rgb_dcmtk_ebcyn1_dcmd", 80, 3),
    ("SC_rgb", "SC_rgb_dcmtk_ebcynp_dcmd", 80, 3),
    ("HTJ2KLossless_08_RGB", "HTJ2K_08_RGB", 4, 1),
    ("JLSL_RGB_ILV0", "JLSN_RGB_ILV0", 3, 2),
    ("RG3_J2KR", "RG3_J2KI", 9, 1),
]


@pytest.fixture(scope="module")
def zoo(shared_data: Path) -> Path:
    return shared_data / "dicom_zoo"


def voxels(zoo: Path, name: str) -> NDArray[np.float64]:
    series = describe_images(zoo / f"{name}.dcm").series
    return load_volume(series[0]).voxels.astype(np.float64)


def test_every_file_is_read_or_refused_with_a_reason(zoo: Path) -> None:
    refused = {}
    files = sorted(zoo.glob("*.dcm"))
    for path in files:
        try:
            (series,) = describe_images(path).series
            volume = load_volume(series)
        except IntakeError as error:
            refused[path.stem] = str(error)
            continue
        spacing = volume.geometry.voxel_spacing_mm
        assert volume.voxels.size
        assert np.ptp(volume.voxels) > 0, path.stem
        assert spacing is None or len(spacing) == len(volume.spatial_shape), path.stem
        assert volume.is_colour == (volume.voxels.shape[-1] == 3), path.stem
    assert len(files) == 78
    assert refused == {}


@pytest.mark.parametrize(("reference", "copies"), ENCODINGS)
def test_the_same_image_has_the_same_values_in_every_encoding(
    zoo: Path, reference: str, copies: list[str]
) -> None:
    expected = voxels(zoo, reference)
    for name in copies:
        assert np.array_equal(voxels(zoo, name), expected), name


@pytest.mark.parametrize(("reference", "lossy", "most", "mean"), LOSSY)
def test_lossy_encodings_stay_close(
    zoo: Path, reference: str, lossy: str, most: float, mean: float
) -> None:
    difference = np.abs(voxels(zoo, reference) - voxels(zoo, lossy))
    assert difference.max() <= most
    assert difference.mean() <= mean


def test_a_whole_folder_is_described_and_its_patients_are_not_mixed(zoo: Path) -> None:
    reading = describe_images(zoo)
    assert sum(len(series.images) for series in reading.series) >= 70
    assert any("different patients" in note for note in reading.notes)
    assert reading.patient.age is None


def test_a_real_radiograph_is_bright_where_dense_and_has_no_spacing(zoo: Path) -> None:
    (series,) = describe_images(zoo / "RG1_J2KI.dcm").series
    volume = load_volume(series)
    assert (volume.modality, volume.body_part, volume.view) == ("CR", "chest", "pa")
    assert volume.geometry.voxel_spacing_mm is None
    rows, columns = volume.voxels.shape
    middle = volume.voxels[rows * 8 // 10, columns // 2]
    lung = volume.voxels[rows * 4 // 10, columns * 3 // 10]
    assert middle > lung


def test_a_palette_gives_colours(zoo: Path) -> None:
    (series,) = describe_images(zoo / "OBXXXX1A.dcm").series
    volume = load_volume(series)
    assert volume.is_colour
    assert volume.voxels.shape == (600, 800, 3)
