"""Lesions of two examinations: paired, measured on both, and nothing claimed of those left over."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from dxtrace.clinical import Case, Finding, Geometry, Image, Outcome, Presence, Series, Study
from dxtrace.clinical.volume import Mask, Volume
from dxtrace.knowledge import load_knowledge
from expert_models import Arguments, ExpertOutput, ModelCard, ToolRefusal
from expert_models.arguments import Point
from tests.unit.expert_models.classical.pictures import as_volume, chest
from tools import Tool, run_tool

NODULE = ((90.0, 85.0, 55.0), 40.0)
FURTHER = ((70.0, 60.0, 140.0), 40.0)
NOTHING = Arguments()
SHIFT_MM = (4.0, -3.0, 3.0)
CARD = ModelCard(
    name="finder", accepts=("image",), modalities=("CT",), produces=("pulmonary_nodule",)
)


@pytest.fixture(scope="module")
def concepts():
    return load_knowledge().vocabulary.concepts


def scan(*balls, shift=(0.0, 0.0, 0.0)):
    """A chest with balls of (centre, HU), diameter; the patient lies elsewhere by a shift."""
    volume = as_volume(chest(tuple((centre, d, hu) for (centre, hu), d in balls)))
    affine = np.array(volume.geometry.affine)
    affine[:3, 3] += shift[::-1]
    rows = tuple(tuple(float(v) for v in row) for row in affine)
    spacing = volume.geometry.voxel_spacing_mm
    return as_volume(
        volume.voxels, geometry=Geometry(voxel_spacing_mm=spacing, affine=rows, orientation="SPL")
    )


class Bench:
    """A case with two examinations, and an expert that marks the balls it is told of."""

    def __init__(self, now, then, *, days=365):
        self.pictures = {"now": scan(*now), "then": scan(*then, shift=SHIFT_MM)}
        self.balls = {"now": now, "then": then}
        self.asked: list[str] = []
        today = date(2026, 1, 5)
        earlier = date.fromordinal(today.toordinal() - days) if days else None
        self.case = Case(
            id="c",
            studies=(
                self._study("then", earlier, is_prior=True), self._study("now", today),
            ),
        )  # fmt: skip

    def _study(self, name, day, *, is_prior=False):
        image = Image(
            path=Path(f"{name}.nii"), modality="CT", geometry=self.pictures[name].geometry
        )
        series = Series(id=name, modality="CT", images=(image,))
        return Study(id=name, day=day, is_prior=is_prior, series=(series,))

    def load(self, series: Series) -> Volume:
        return self.pictures[series.id]

    def mark(self, case: Case, arguments: Arguments) -> ExpertOutput:
        del arguments
        series = next(s for t in case.studies if not t.is_prior for s in t.series)
        self.asked.append(series.id)
        balls, volume = self.balls[series.id], self.pictures[series.id]
        if not balls:
            raise ToolRefusal("nothing found in lungs that are cut off")
        findings, masks = [], []
        for number, ((centre, _), diameter) in enumerate(balls, start=1):
            index = np.indices(volume.voxels.shape)
            spacing = volume.geometry.voxel_spacing_mm
            away = sum((i * s - c) ** 2 for i, s, c in zip(index, spacing, centre, strict=True))
            findings.append(
                Finding(
                    id=f"n{number}", concept="pulmonary_nodule", presence=Presence.PRESENT,
                    lesion=f"n{number}",
                )
            )  # fmt: skip
            inside = away <= (diameter / 2) ** 2
            masks.append(Mask(f"nodule_{number}", inside, series=series.id, finding=f"n{number}"))
        return ExpertOutput(tuple(findings), tuple(masks))

    def run(self, concepts, arguments=NOTHING, **card):
        tool = Tool(CARD.model_copy(update=card), self.mark)
        return run_tool(tool, self.case, arguments, concepts=concepts, load=self.load)


def holds(measurement, value):
    return measurement.low <= Decimal(str(value)) <= measurement.high


def test_a_lesion_of_both_examinations_is_measured_on_both(concepts):
    bench = Bench([(NODULE, 12.0), (FURTHER, 9.0)], [(FURTHER, 9.0), (NODULE, 8.0)])

    grown, same = bench.run(concepts).findings

    assert holds(grown.measured("mean_diameter"), 12.0)
    assert holds(grown.measured("prior_mean_diameter"), 8.0)
    assert holds(grown.measured("mean_diameter_change"), 4.0)
    assert grown.measured("mean_diameter_change").low > 0
    assert holds(same.measured("mean_diameter_change"), 0.0)
    assert grown.measured("prior_interval").value == pytest.approx(Decimal(12), abs=Decimal("0.1"))
    assert "change" not in grown.attributes


def test_a_lesion_without_a_counterpart_is_not_called_new(concepts):
    run = Bench([(NODULE, 12.0), (FURTHER, 9.0)], [(FURTHER, 9.0)]).run(concepts)

    left_over, _ = run.findings
    assert left_over.attributes["change"] == ()
    assert left_over.measured("prior_mean_diameter") is None
    assert any("n1: nothing was marked at its place earlier" in n for n in run.call.notes)


def test_a_lesion_that_is_not_marked_now_is_not_called_gone(concepts):
    run = Bench([(NODULE, 12.0)], [(NODULE, 8.0), (FURTHER, 9.0)]).run(concepts)

    assert len(run.findings) == 1
    assert any("no counterpart now" in n and "gone" in n for n in run.call.notes)


def test_an_earlier_examination_that_cannot_be_read_leaves_change_open(concepts):
    run = Bench([(NODULE, 12.0)], []).run(concepts)

    assert run.call.outcome is Outcome.OK
    assert run.findings[0].attributes["change"] == ()
    assert any("cut off" in note for note in run.call.notes)


def test_without_dates_there_is_growth_but_no_interval(concepts):
    (found,) = Bench([(NODULE, 12.0)], [(NODULE, 8.0)], days=0).run(concepts).findings

    assert found.measured("mean_diameter_change") is not None
    assert found.measured("prior_interval") is None
    assert found.measured("volume_doubling_time") is None


def test_an_earlier_examination_outside_the_contract_is_left_alone(concepts):
    bench = Bench([(NODULE, 12.0)], [(NODULE, 8.0)])
    then, now = bench.case.studies
    (series,) = then.series
    image = series.images[0].model_copy(update={"modality": "MR"})
    other = then.model_copy(
        update={"series": (series.model_copy(update={"modality": "MR", "images": (image,)}),)}
    )
    bench.case = bench.case.model_copy(update={"studies": (other, now)})

    (found,) = bench.run(concepts).findings

    assert bench.asked == ["now"]
    assert "change" not in found.attributes


def test_a_point_in_one_picture_is_not_asked_of_another(concepts):
    bench = Bench([(NODULE, 12.0)], [(NODULE, 8.0)])
    point = Arguments(points=(Point(at=(45, 56, 36), series="now"),))

    bench.run(concepts, point, prompts=("points",))

    assert bench.asked == ["now"]
