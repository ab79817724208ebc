"""What is measured of a mask, and what is not."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.phantoms import Ellipsoid, Nodule
from dxtrace.clinical import Concept, Geometry
from dxtrace.clinical.volume import Volume
from dxtrace.knowledge import load_knowledge
from tests.unit.tools.measurement.bodies import ball, box, by_kind, holds, scan_of
from tools.measurement import measure, why_not_measured


@pytest.fixture(scope="module")
def nodule_concept() -> Concept:
    return load_knowledge().vocabulary.concept("pulmonary_nodule")


@pytest.mark.parametrize(
    ("diameter", "kind", "spacing"),
    [
        (4.0, "solid", (0.7, 0.7, 0.7)),
        (6.0, "solid", (2.5, 0.8, 0.8)),
        (8.0, "ground_glass", (1.25, 0.7, 0.7)),
        (14.0, "calcified", (2.0, 0.9, 0.9)),
    ],
)
def test_a_ball_has_the_size_it_has(
    diameter: float, kind: str, spacing: tuple[float, float, float]
) -> None:
    scan = scan_of(ball(diameter, kind), spacing)
    found = by_kind(measure(scan.true_mask(0), scan.volume))
    volume = np.pi / 6 * diameter**3
    assert float(found["mean_diameter"].value or 0) == pytest.approx(diameter, abs=0.5)
    assert float(found["volume"].value or 0) == pytest.approx(volume, rel=0.1)
    assert holds(found["mean_diameter"], diameter)
    assert holds(found["volume"], volume)
    assert "grey values" in found["volume"].method


def test_the_mean_is_taken_in_the_plane_with_the_greatest_dimensions() -> None:
    """Long along the body: the axial plane shows its smallest section."""
    long = Nodule("n", "solid", Ellipsoid((0, 0, 0), (10, 6, 4)))
    scan = scan_of(long, (1.0, 0.8, 0.8))
    found = by_kind(measure(scan.true_mask(0), scan.volume))
    assert float(found["mean_diameter"].value or 0) == pytest.approx(16, abs=0.6)
    assert "sagittal" in found["mean_diameter"].method
    assert float(found["axial_diameter"].value or 0) == pytest.approx(12, abs=0.5)
    assert "axial plane" in found["axial_diameter"].method
    assert float(found["largest_dimension"].value or 0) == pytest.approx(20, abs=0.6)


def test_what_the_concept_asks_for_comes_first(nodule_concept: Concept) -> None:
    scan = scan_of(ball(9))
    kinds = [m.kind for m in measure(scan.true_mask(0), scan.volume, nodule_concept)]
    assert kinds[:3] == ["mean_diameter", "largest_dimension", "volume"]
    assert not any(k.startswith("solid_") for k in kinds)
    assert "mean_attenuation" in kinds


def test_a_node_is_measured_in_the_axial_plane() -> None:
    concept = load_knowledge().vocabulary.concept("mediastinal_node")
    node = Nodule("n", "solid", Ellipsoid((0, 0, 0), (12, 7, 5)))
    scan = scan_of(node, (1.0, 0.8, 0.8))
    found = measure(scan.true_mask(0), scan.volume, concept)
    assert found[0].kind == "smallest_dimension"
    assert float(found[0].value or 0) == pytest.approx(10, abs=0.5)
    assert float(by_kind(found)["long_axis"].value or 0) == pytest.approx(14, abs=0.5)


def test_a_target_lesion_is_measured_in_the_axial_plane() -> None:
    concept = load_knowledge().vocabulary.concept("target_lesion")
    lesion = Nodule("n", "solid", Ellipsoid((0, 0, 0), (12, 7, 5)))
    scan = scan_of(lesion, (1.0, 0.8, 0.8))
    found = by_kind(measure(scan.true_mask(0), scan.volume, concept))
    assert float(found["largest_dimension"].value or 0) == pytest.approx(14, abs=0.5)


def test_the_solid_part_of_a_part_solid_nodule(nodule_concept: Concept) -> None:
    scan = scan_of(ball(16, "part_solid", core=8), noise=12)
    found = by_kind(measure(scan.true_mask(0), scan.volume, nodule_concept))
    assert float(found["mean_diameter"].value or 0) == pytest.approx(16, abs=0.8)
    assert float(found["solid_mean_diameter"].value or 0) == pytest.approx(8, abs=0.5)
    assert holds(found["solid_mean_diameter"], 8)
    assert holds(found["solid_volume"], np.pi / 6 * 8**3)


@pytest.mark.parametrize("kind", ["solid", "ground_glass", "calcified"])
def test_an_even_nodule_has_no_solid_part(kind: str, nodule_concept: Concept) -> None:
    scan = scan_of(ball(14, kind))
    found = measure(scan.true_mask(0), scan.volume, nodule_concept)
    assert not any(m.kind.startswith("solid_") for m in found)


def test_without_a_picture_the_mask_is_measured_and_the_interval_is_wider() -> None:
    scan = scan_of(ball(10))
    mask = scan.true_mask(0)
    alone, seen = by_kind(measure(mask, None)), by_kind(measure(mask, scan.volume))
    assert holds(alone["mean_diameter"], 10)
    assert width(alone["mean_diameter"]) > 1.5 * width(seen["mean_diameter"])
    assert "mask" in alone["mean_diameter"].method
    assert "mean_attenuation" not in alone


def test_what_the_expert_says_of_its_edge_widens_the_interval() -> None:
    scan = scan_of(ball(10))
    mask = scan.true_mask(0)
    unsure = replace(mask, boundary_mm=1.0)
    plain, wide = (by_kind(measure(m, scan.volume)) for m in (mask, unsure))
    assert width(wide["mean_diameter"]) >= 4
    assert width(wide["volume"]) > 2 * width(plain["volume"])
    assert "±1 mm" in wide["mean_diameter"].method


def test_thick_slices_widen_the_interval() -> None:
    thin, thick = (
        by_kind(measure(scan.true_mask(0), scan.volume))
        for scan in (scan_of(ball(10), (s, 0.7, 0.7)) for s in (0.7, 2.5))
    )
    assert width(thick["volume"]) > width(thin["volume"])


def test_a_picture_without_the_edge_is_not_believed() -> None:
    """Noise alone: the mask's own sizes, with its wide intervals."""
    scan = scan_of(ball(10))
    noise = np.random.default_rng(0).normal(0, 20, scan.grid.shape)
    found = by_kind(measure(scan.true_mask(0), replace(scan.volume, voxels=noise)))
    assert "grey values" not in found["mean_diameter"].method
    assert holds(found["mean_diameter"], 10)


def test_a_mask_far_from_the_edge_keeps_its_own_size() -> None:
    """An expert that marks twice the nodule is not silently corrected."""
    scan = scan_of(ball(8))
    wide = replace(scan_of(ball(16)).true_mask(0), geometry=scan.grid.geometry)
    voxels = np.zeros(scan.grid.shape, bool)
    centre = tuple(round(-o / s) for o, s in zip(scan.grid.origin, scan.grid.spacing, strict=True))
    grid = np.ogrid[tuple(slice(0, n) for n in scan.grid.shape)]
    apart = sum(((g - c) * s) ** 2 for g, c, s in zip(grid, centre, scan.grid.spacing, strict=True))
    voxels[np.asarray(apart) <= 64] = True
    found = by_kind(measure(replace(wide, voxels=voxels), scan.volume))
    assert float(found["mean_diameter"].value or 0) == pytest.approx(16, abs=1.2)


def test_unknown_spacing_gives_no_millimetres_and_a_reason() -> None:
    mask = box((5, 20, 20), (1, 4), (5, 15), (5, 15), geometry=Geometry())
    volume = Volume(np.full((5, 20, 20), 40.0), Geometry(), "CT", unit="HU")
    found = measure(mask, volume)
    assert {m.unit for m in found} == {"HU"}
    assert "unknown" in str(why_not_measured(mask, volume))


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (box((4, 4, 4)[:3], (0, 0), (0, 0), (0, 0)), "nothing is marked"),
        (box((4,), (1, 2)), "axes"),
        (
            box((4, 4, 4), (1, 2), (1, 2), (1, 2), geometry=Geometry(voxel_spacing_mm=(1.0,))),
            "each",
        ),
    ],
)
def test_what_cannot_be_measured_is_said(mask, reason: str) -> None:  # type: ignore[no-untyped-def]
    assert measure(mask, None) == ()
    assert reason in str(why_not_measured(mask))


def test_a_mask_on_another_grid_is_refused_with_both_sizes() -> None:
    mask = box((4, 8, 8), (1, 3), (2, 6), (2, 6))
    volume = Volume(np.zeros((4, 9, 9)), Geometry(voxel_spacing_mm=(1, 1, 1)), unit="HU")
    assert measure(mask, volume) == ()
    assert "(4, 9, 9)" in str(why_not_measured(mask, volume))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_few_voxels_are_measured_with_a_wide_interval(size: int) -> None:
    mask = box((9, 9, 9), (3, 3 + size), (3, 3 + size), (3, 3 + size))
    found = by_kind(measure(mask, None))
    assert holds(found["long_axis"], size)
    assert holds(found["volume"], size**3)


def test_a_body_cut_by_the_border_has_no_upper_end() -> None:
    mask = box((10, 30, 30), (0, 6), (10, 20), (10, 20))
    found = by_kind(measure(mask, None))
    assert found["largest_dimension"].high is None
    assert found["volume"].high is None
    assert "border" in found["volume"].method


def test_a_single_image_has_a_plane_and_no_volume() -> None:
    mask = box((40, 40), (10, 30), (12, 22), geometry=Geometry(voxel_spacing_mm=(0.5, 0.5)))
    found = by_kind(measure(mask, None))
    assert float(found["long_axis"].value or 0) == pytest.approx(np.hypot(10, 5), abs=0.6)
    assert "volume" not in found


def test_holes_in_the_numbers_do_not_stop_a_measurement() -> None:
    scan = scan_of(ball(10))
    voxels = scan.volume.voxels.copy()
    voxels[scan.grid.shape[0] // 2, 5:9, 5:9] = np.nan
    found = by_kind(measure(scan.true_mask(0), replace(scan.volume, voxels=voxels)))
    assert holds(found["mean_diameter"], 10)


def width(m) -> float:  # type: ignore[no-untyped-def]
    return float(m.high - m.low)


def test_a_disc_on_a_single_image_is_measured_by_its_grey_values() -> None:
    y, x = np.mgrid[0:80, 0:80]
    apart = np.hypot(y - 40.3, x - 38.7)
    grey = 100 + 80 * np.clip(12.5 - apart, 0, 1)
    geometry = Geometry(voxel_spacing_mm=(0.5, 0.5))
    mask = replace(box((80, 80), (0, 1), (0, 1)), voxels=apart < 12, geometry=geometry)
    found = measure(mask, Volume(grey, geometry, "DX"))
    assert holds(by_kind(found)["mean_diameter"], 12)
    assert "voxels of 0.5 x 0.5 mm" in found[0].method


def test_masks_of_any_shape_are_measured_or_refused_without_a_fault() -> None:
    rng = np.random.default_rng(1)
    for _ in range(60):
        shape = tuple(int(n) for n in rng.integers(1, 12, rng.integers(2, 4)))
        marked = rng.random(shape) < rng.choice([0.02, 0.3, 0.7, 1])
        grey = rng.choice([0.0, 1000.0]) * rng.normal(size=shape) + 500 * marked
        geometry = Geometry(
            voxel_spacing_mm=tuple(float(s) for s in rng.uniform(0.3, 6, len(shape)))
        )
        mask = replace(box(shape), voxels=marked, geometry=geometry)
        found = measure(mask, Volume(grey, geometry, "CT", unit="HU"))
        assert bool(found) == bool(marked.any())
