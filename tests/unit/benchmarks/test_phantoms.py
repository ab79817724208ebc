"""Phantoms are what they say they are."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.phantoms import Chest, Ellipsoid, Grid, Lobulated, Nodule, chest_parts
from benchmarks.phantoms.__main__ import earlier, example_chest, random_chest, scan_of, shifted
from benchmarks.phantoms.chest import chest_nodule
from benchmarks.phantoms.nodule import random_nodule, true_sizes
from benchmarks.phantoms.render import Scan, filled_part, noise, render_nodule
from benchmarks.phantoms.writing import SeriesWords, truth_of, write_dicom, write_nifti

EXAMPLE = Path(__file__).parents[3] / "examples" / "nodule-ct"
LIMIT_BYTES = 2_000_000


@pytest.fixture(scope="module")
def scan() -> Scan:
    """A coarse chest with a nodule."""
    nodule = chest_nodule("n1", "left upper lobe", 14, seed=4)
    return scan_of(Chest(chest_parts(2), (nodule,)), (6.0, 3.0, 3.0), 1)


def test_the_truth_of_an_ellipsoid_is_its_formula() -> None:
    sizes = true_sizes(Ellipsoid((1, 2, 3), (3, 4, 5)))
    assert sizes.volume == pytest.approx(4 / 3 * np.pi * 60)
    assert (sizes.long_axis, sizes.short_axis) == pytest.approx((10, 8), rel=0.01)
    assert sizes.axial_long_axis == pytest.approx(10, rel=0.01)


@pytest.mark.parametrize("spacing", [(0.6, 0.6, 0.6), (2.5, 0.9, 0.9)])
def test_partial_volume_adds_up_to_the_volume(spacing: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(3)
    for kind in ("solid", "ground_glass"):
        shape = random_nodule(rng, 7, kind).shape  # type: ignore[arg-type]
        low, high = shape.bounds()
        filled = filled_part(shape, Grid.around(low - 2, high + 2, spacing, (0.3, 0.1, 0.2)))
        assert filled.sum() * np.prod(spacing) == pytest.approx(shape.volume, rel=0.01)
        assert ((filled > 0) & (filled < 1)).any()


def test_a_lobulated_body_is_no_ellipsoid() -> None:
    body = Lobulated((0, 0, 0), (5, 5, 5), (((1, 0, 0), 0.3, 4.0),))
    assert body.volume > 4 / 3 * np.pi * 125
    assert true_sizes(body).largest_dimension > 11


def test_noise_is_as_strong_as_asked_and_has_no_offset() -> None:
    grid = Grid((4, 64, 64), (1, 0.7, 0.7), (0, 0, 0))
    made = noise(np.random.default_rng(0), grid, 25)
    assert made.std() == pytest.approx(25, rel=0.01)
    assert abs(made.mean(axis=(1, 2))).max() < 0.5
    neighbours = np.corrcoef(made[:, :, 1:].ravel(), made[:, :, :-1].ravel())[0, 1]
    assert neighbours > 0.2


def test_the_chest_has_what_a_chest_has(scan: Scan) -> None:
    assert {"right_lung", "left_lung", "vessel", "heart", "bone", "airway", "n1"} <= set(scan.names)
    hu = scan.volume.voxels
    for name, low, high in (("right_lung", -900, -800), ("heart", 20, 60), ("airway", -1010, -850)):
        middle = np.median(hu[scan.labels == scan.names.index(name)])
        assert low < middle < high, name
    right = np.argwhere(scan.labels == scan.names.index("right_lung"))[:, 2].mean()
    left = np.argwhere(scan.labels == scan.names.index("left_lung"))[:, 2].mean()
    assert right < left  # x grows to the patient's left
    assert scan.true_mask(0).voxels.sum() > 20


def test_the_same_arguments_give_the_same_picture() -> None:
    nodule = Nodule("n", "solid", Ellipsoid((0, 0, 0), (4, 4, 4)))
    grid = Grid((12, 20, 20), (1, 1, 1), (-6, -10, -10))
    first, second, other = (
        render_nodule(nodule, grid, np.random.default_rng(s), 20).volume.voxels for s in (1, 1, 2)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("compressed", [False, True])
def test_dicom_and_nifti_show_the_same_voxels_at_the_same_places(
    scan: Scan, tmp_path: Path, compressed: bool
) -> None:
    import nibabel
    import pydicom

    words = SeriesWords("test", is_compressed=compressed)
    files = write_dicom(scan, tmp_path / "ct", words)
    write_nifti(scan, tmp_path / "ct.nii.gz")
    slices = [pydicom.dcmread(f) for f in files]
    stack = np.stack([s.pixel_array * s.RescaleSlope + s.RescaleIntercept for s in slices])
    assert abs(stack - scan.volume.voxels).max() <= 0.5 + 1e-3
    image = nibabel.load(tmp_path / "ct.nii.gz")
    assert np.array_equal(np.asarray(image.dataobj).transpose(2, 1, 0), np.rint(scan.volume.voxels))
    x, y, z = slices[3].ImagePositionPatient
    assert image.affine @ [0, 0, 3, 1] == pytest.approx([-x, -y, z, 1])
    assert len({s.SOPInstanceUID for s in slices}) == len(slices)
    assert {str(s.PatientName) for s in slices} == {"Phantom"}
    again = write_dicom(scan, tmp_path / "again", words)
    assert [f.read_bytes() for f in files] == [f.read_bytes() for f in again]


def test_an_earlier_scan_is_smaller_and_elsewhere() -> None:
    chest = random_chest(3, 3)
    before = earlier(chest, 1.25)
    for now, then in zip(chest.nodules, before.nodules, strict=True):
        assert now.shape.volume == pytest.approx(then.shape.volume * 1.25**3)
    small = render_nodule(
        before.nodules[0],
        Grid.around(*before.nodules[0].shape.bounds(), (2, 2, 2)),
        np.random.default_rng(0),
        5,
    )
    moved = shifted(small, (1.0, 2.0, 3.0))
    a, b = (np.array(s.nodules[0].shape.centre) for s in (small, moved))
    assert b - a == pytest.approx([1, 2, 3])
    assert np.subtract(moved.grid.origin, small.grid.origin) == pytest.approx([1, 2, 3])


def test_the_committed_example_is_small_and_its_truth_is_the_generators() -> None:
    files = sorted((EXAMPLE / "ct").glob("*.dcm"))
    assert len(files) > 50
    assert sum(f.stat().st_size for f in files) <= LIMIT_BYTES
    written = json.loads((EXAMPLE / "truth.json").read_text(encoding="utf-8"))
    wanted = truth_of(
        Scan(
            volume=None,  # type: ignore[arg-type]  # the truth needs no pixels
            grid=Grid((1, 1, 1), (2.5, 1.0, 1.0), (0, 0, 0)),
            labels=np.zeros(1, np.uint8),
            names=(),
            nodules=example_chest().nodules,
        )
    )
    assert written["nodules"] == json.loads(json.dumps(wanted["nodules"]))


def test_the_example_shows_its_nodule_where_and_as_large_as_the_truth_says() -> None:
    """Read as any DICOM series is, and measured."""
    import pydicom
    from scipy.ndimage import label

    from dxtrace.clinical import Geometry
    from dxtrace.clinical.volume import Mask, Volume
    from tools.measurement import measure

    truth = json.loads((EXAMPLE / "truth.json").read_text(encoding="utf-8"))["nodules"][0]
    x, y, z = truth["centre_mm"]
    slices = [pydicom.dcmread(f) for f in sorted((EXAMPLE / "ct").glob("*.dcm"))]
    near = [s for s in slices if abs(s.ImagePositionPatient[2] - z) < 15]
    hu = np.stack([s.pixel_array * s.RescaleSlope + s.RescaleIntercept for s in near])
    corner = np.array([float(v) for v in near[0].ImagePositionPatient])
    spacing = (float(near[0].SliceThickness), *(float(v) for v in near[0].PixelSpacing))
    at = np.rint((np.array([z, y, x]) - corner[::-1]) / spacing).astype(int)
    pieces, _ = label(hu > -410)
    mask = Mask("n", pieces == pieces[tuple(at)], Geometry(voxel_spacing_mm=spacing))
    found = {m.kind: m for m in measure(mask, Volume(hu, mask.geometry, "CT", unit="HU"))}
    mean = found["mean_diameter"]
    assert float(mean.low or 0) <= truth["sizes"]["mean_diameter"] <= float(mean.high or 0)
