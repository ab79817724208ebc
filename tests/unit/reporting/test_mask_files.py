"""NIfTI masks: every voxel where it was, also for other programs."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813  # as everybody calls it
from hypothesis import given
from hypothesis import strategies as st

from dxtrace.clinical import Geometry
from dxtrace.reporting.mask_files import encode_nifti_mask, read_nifti_mask
from tests.unit import small_dicom

MASK = small_dicom.block() > 0


def test_itk_finds_each_voxel_at_its_place(tmp_path: Path) -> None:
    path = tmp_path / "m.nii.gz"
    path.write_bytes(encode_nifti_mask(MASK, small_dicom.GEOMETRY, title="Block"))
    image = sitk.ReadImage(str(path))
    assert np.array_equal(sitk.GetArrayFromImage(image) > 0, MASK)
    affine = np.array(small_dicom.AFFINE)
    for z, y, x in ((0, 0, 0), (3, 11, 15), (5, 19, 23)):
        place = image.TransformIndexToPhysicalPoint((x, y, z))
        assert place == pytest.approx((affine @ [z, y, x, 1])[:3], abs=1e-4)


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3), st.floats(0.3, 5))
def test_an_oblique_place_comes_back(turn: list[float], step: float) -> None:
    from scipy.spatial.transform import Rotation

    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_rotvec(turn).as_matrix() * [step, 0.7, 0.9]
    affine[:3, 3] = [3, -40, 17]
    geometry = Geometry(
        voxel_spacing_mm=(step, 0.7, 0.9), affine=tuple(map(tuple, affine.tolist()))
    )
    content = encode_nifti_mask(MASK, geometry)
    import nibabel

    image = nibabel.Nifti1Image.from_bytes(__import__("gzip").decompress(content))
    found = np.diag([-1, -1, 1, 1]) @ image.affine @ [4, 3, 2, 1]
    assert found == pytest.approx(affine @ [2, 3, 4, 1], abs=1e-3)


def test_it_reads_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "m.nii.gz"
    path.write_bytes(encode_nifti_mask(MASK, small_dicom.GEOMETRY))
    voxels, affine = read_nifti_mask(path)
    assert np.array_equal(voxels, MASK)
    assert affine is not None
    assert np.allclose(affine, small_dicom.AFFINE, atol=1e-5)


def test_an_unknown_place_stays_unknown(tmp_path: Path) -> None:
    import nibabel

    path = tmp_path / "m.nii.gz"
    path.write_bytes(encode_nifti_mask(MASK[0], Geometry()))
    header = nibabel.load(path).header
    assert (int(header["sform_code"]), int(header["qform_code"])) == (0, 0)
    assert header.get_xyzt_units()[0] == "unknown"
    assert read_nifti_mask(path)[1] is None


def test_a_spacing_without_a_place_is_kept(tmp_path: Path) -> None:
    import nibabel

    path = tmp_path / "m.nii.gz"
    path.write_bytes(encode_nifti_mask(MASK[0], Geometry(voxel_spacing_mm=(0.7, 0.8))))
    header = nibabel.load(path).header
    assert header.get_zooms()[:2] == pytest.approx((0.8, 0.7))
    assert int(header["sform_code"]) == 0


def test_equal_masks_give_equal_files() -> None:
    assert encode_nifti_mask(MASK, small_dicom.GEOMETRY) == encode_nifti_mask(
        MASK.copy(), small_dicom.GEOMETRY
    )
