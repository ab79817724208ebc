"""Real scans: pictures that a radiologist would read, at settings of small and large models."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from agents.vlm.sight import SightBudget, pictures_for
from agents.vlm.sight.matching import match
from agents.vlm.sight.scenes import Opened, scenes_of
from dxtrace.clinical import Geometry
from dxtrace.clinical.volume import Volume
from dxtrace.intake import read_case
from tests.unit.agents.vlm.sight.scans import case_of, pixels, series

BUDGETS = {
    "896": SightBudget(max_pictures=4),
    "336": SightBudget(
        max_pictures=4, max_edge_px=336, patch_px=14, fixed_tokens=576, is_square=True
    ),
    "128": SightBudget(max_pictures=4, max_edge_px=128, patch_px=16),
}  # fmt: skip


@pytest.mark.parametrize("edge", BUDGETS)
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ct_abdomen/ct.nii.gz", "CT"),
        ("ct_abdomen/dicom", "of 20 "),
        ("ct_chest_cropped/ct.nii.gz", "Lung window"),
        ("mr_brain/brain1_image.nrrd", "of 25 "),
        ("cxr_hannover/images/006f3a8a.png", "the whole image"),
        ("bccd/JPEGImages/BloodImage_00000.jpg", "the whole image"),
    ],
)
def test_real_scans_are_shown_within_the_budget(
    shared_data: Path, name: str, said: str, edge: str
) -> None:
    budget = BUDGETS[edge]
    sight = pictures_for(read_case(shared_data / name).case, budget=budget)
    assert 1 <= len(sight.pictures) <= budget.max_pictures
    assert said.lower() in sight.pictures[0].caption.lower()
    for picture in sight.pictures:
        assert max(picture.width, picture.height) <= budget.max_edge_px
        assert pixels(picture).std() > 10


def test_the_liver_lies_on_the_left_of_the_picture(shared_data: Path) -> None:
    case = read_case(shared_data / "ct_abdomen" / "dicom").case
    one = SightBudget(max_pictures=1)
    grey = pixels(pictures_for(case, question="liver", budget=one).pictures[0])[..., 0]
    tile = grey[: grey.shape[0] // 4, : grey.shape[1] // 3]
    left, right = np.array_split(((tile > 90) & (tile < 250)).mean(axis=0), 2)
    assert left.mean() > right.mean()


def test_every_file_of_the_zoo_is_shown_or_said_to_be_left_out(shared_data: Path) -> None:
    shown = 0
    for path in sorted((shared_data / "dicom_zoo").glob("*.dcm"))[::3]:
        case = read_case(path).case
        sight = pictures_for(case, budget=BUDGETS["336"], allow_burned_in_text=True)
        assert sight.pictures or sight.notes
        shown += bool(sight.pictures)
    assert shown > 20


def test_a_scan_that_was_cut_and_moved_is_laid_over_itself(shared_data: Path) -> None:
    case = read_case(shared_data / "ct_chest_cropped" / "ct.nii.gz").case
    from tools.marks import load_series

    whole = load_series(case.studies[0].series[0])
    affine = np.array(whole.geometry.affine)
    affine[:3, 3] += (40.0, -25.0, 300.0)
    geometry = Geometry(
        voxel_spacing_mm=whole.geometry.voxel_spacing_mm,
        affine=tuple(tuple(float(v) for v in row) for row in affine),
        orientation=whole.geometry.orientation,
    )
    prior: Volume = dataclasses.replace(whole, voxels=whole.voxels[:70, 6:, 4:], geometry=geometry)
    both = case_of(series("a"), prior=(series("b"),))
    now, then = scenes_of(both, "")
    opened = Opened.of(now, whole, allows_text=True), Opened.of(then, prior, allows_text=True)
    found = match(*opened)
    assert found.alignment is not None
    slices, rows, columns = whole.voxels.shape
    place = found.place(*opened, "axial", (slices - 1 - 40, rows // 2, columns // 2))
    assert place is not None
    assert abs(place[0] - (70 - 1 - 40)) <= 1
    assert abs(place[1] - (rows // 2 - 6)) <= 2
    assert abs(place[2] - (columns // 2 - 4)) <= 2
