"""Heart, lungs, aorta and nodes are measured, whoever marks them."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from dxtrace.clinical import Case, Finding, Geometry, Image, Presence, Series, Study
from dxtrace.clinical.volume import Mask, Volume
from dxtrace.knowledge import load_knowledge
from expert_models import ExpertOutput, ModelCard
from graphs import review_with_trace
from tests.unit.expert_models.radiographs import case_of, write_dicom
from tests.unit.graphs.benches import bench_with, expert
from tools import Tool, run_tool

SHAPE = (100, 200)
HEART, CHEST = 70, 160


def band(first: int, width: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    marked = np.zeros(shape, bool)
    marked[..., 30:70, first : first + width] = True
    return marked


def chest_masks(heart: int = HEART) -> tuple[Mask, ...]:
    return (
        Mask("heart", band(70, heart)), Mask("right_lung", band(20, 60)),
        Mask("left_lung", band(120, CHEST - 100)),
    )  # fmt: skip


def run_on(volume: Volume, output: ExpertOutput, **card: object):
    """Run an expert that gives this output on a case with this picture."""
    image = Image(path=Path("x.dcm"), modality=volume.modality, view=volume.view)
    series = Series(id="s", modality=volume.modality, images=(image,))
    case = Case(id="c", studies=(Study(id="now", series=(series,)),))
    given = ModelCard(name="marker", accepts=("image",), **card)
    concepts = load_knowledge().vocabulary.concepts
    return run_tool(
        Tool(given, lambda _: output), case, concepts=concepts, load=lambda _: volume
    )  # fmt: skip


def radiograph(view: str | None = "pa") -> Volume:
    return Volume(np.zeros(SHAPE, np.float32), modality="DX", view=view, series="s")


def ct(voxels: np.ndarray, spacing: tuple[float, float, float] = (2.0, 1.0, 1.0)) -> Volume:
    affine = ((0, 0, spacing[2], 0), (0, spacing[1], 0, 0), (spacing[0], 0, 0, 0), (0, 0, 0, 1))
    geometry = Geometry(voxel_spacing_mm=spacing, affine=affine, orientation="SPL")
    return Volume(voxels, geometry=geometry, modality="CT", unit="HU", series="s")


def cylinder(radius: float) -> np.ndarray:
    y, x = np.mgrid[:80, :80]
    return np.repeat(((y - 40) ** 2 + (x - 40) ** 2 <= radius**2)[None], 30, axis=0)


def test_heart_and_lungs_give_the_cardiothoracic_ratio_and_the_projection():
    run = run_on(radiograph(), ExpertOutput(masks=chest_masks()))

    found = {f.concept: f for f in run.findings}
    ratio = found["heart_measurement"].measured("cardiothoracic_ratio")
    assert ratio.low < Decimal(HEART) / CHEST < ratio.high
    assert "pixels" in ratio.method
    assert found["exam"].attributes == {"projection": "pa"}
    assert found["heart_measurement"].evidence[0].tool == "marker"


@pytest.mark.parametrize("left_out", ["heart", "left_lung"])
def test_without_all_structures_there_is_no_ratio(left_out: str):
    masks = tuple(m for m in chest_masks() if m.name != left_out)

    assert run_on(radiograph(), ExpertOutput(masks=masks)).findings == ()


def test_a_heart_wider_than_the_chest_is_no_ratio():
    heart, *lungs = chest_masks()
    wide = Mask(heart.name, band(0, SHAPE[1]))

    assert run_on(radiograph(), ExpertOutput(masks=(wide, *lungs))).findings == ()


def test_an_aorta_on_ct_is_measured_and_one_on_a_radiograph_is_not():
    voxels = cylinder(15.0)
    output = ExpertOutput(masks=(Mask("aorta", voxels),))

    (found,) = run_on(ct(voxels.astype(np.float32) * 40), output).findings

    diameter = found.measured("aortic_diameter")
    assert (found.concept, diameter.unit) == ("aorta_measurement", "mm")
    assert diameter.low <= 30 <= diameter.high
    flat = ExpertOutput(masks=(Mask("aorta", band(90, 20)),))
    assert run_on(radiograph(), flat).findings == ()


def test_a_marked_node_is_measured_by_its_short_axis_in_the_axial_plane():
    z, y, x = np.mgrid[:30, :80, :80]
    marked = ((z - 15) * 2 / 14) ** 2 + ((y - 40) / 6) ** 2 + ((x - 40) / 11) ** 2 <= 1
    node = Finding(id="n", concept="mediastinal_node", presence=Presence.PRESENT, lesion="n")
    output = ExpertOutput((node,), (Mask("node", marked, finding="n"),))

    (found,) = run_on(
        ct(np.where(marked, 40.0, -100.0)), output, produces=("mediastinal_node",)
    ).findings  # fmt: skip

    short = found.measured("smallest_dimension")
    assert short.low <= 12 <= short.high
    assert "axial" in short.method


@pytest.mark.parametrize(("heart", "size"), [(HEART, "normal"), (110, "enlarged")])
def test_the_question_for_the_heart_is_answered_from_masks(tmp_path, heart: int, size: str):
    def mark(_: Case) -> ExpertOutput:
        return ExpertOutput(masks=chest_masks(heart))

    tool = expert(
        "chest_anatomy", mark, accepts=("image",), modalities=("CR",), produces=(),
        marks=("heart", "left_lung", "right_lung"),
    )  # fmt: skip
    case = case_of(write_dicom(tmp_path / "x.dcm", rows=SHAPE[0], columns=SHAPE[1])).model_copy(
        update={"question": "What is the heart size?"}
    )

    result = review_with_trace(case, bench=bench_with(tool)).result

    (conclusion,) = [c for c in result.answer.conclusions if c.concept == "cxr.heart_size"]
    assert conclusion.value == size
