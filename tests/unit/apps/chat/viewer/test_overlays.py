"""Masks as overlays: none hides another, and what does not fit is told."""

import gzip
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from apps.chat.viewer.overlays import Overlays, build_overlays
from apps.chat.viewer.pixels import scene_of
from apps.chat.viewer.viewed import Viewed
from dxtrace.clinical import Artifact
from tests.viewed_phantoms import (
    LESION,
    SHAPE,
    Affine,
    Session,
    flipped,
    lesion_mask,
    oblique,
    phantom,
    straight,
    write_volume,
)


def overlays_of(viewed: Viewed, artifacts: tuple[Artifact, ...] | None = None) -> Overlays:
    from apps.chat.viewer.contents import listed_series

    (listed,) = listed_series(viewed.case)
    assert viewed.result is not None
    return build_overlays(scene_of(listed), artifacts or viewed.result.artifacts, viewed.files)


def labels(layer: bytes) -> Any:
    """A label map with axes slice, row and column of the picture."""
    return np.asarray(nibabel.Nifti1Image.from_bytes(gzip.decompress(layer)).dataobj).T


def session(folder: Path, masks: dict[str, Any], affine: Affine | None = None) -> Viewed:
    made = Session(folder)
    study = made.study(write_volume(folder / "v.nii.gz", phantom(), affine), name="now")
    series = study.series[0].id
    return made.viewed(study, masks={title: (series, m) for title, m in masks.items()})


def block(*ranges: tuple[int, int], shape: tuple[int, ...] = SHAPE) -> Any:
    mask = np.zeros(shape, np.bool_)
    mask[tuple(slice(*r) for r in ranges)] = True
    return mask


def test_a_small_mask_lies_above_the_large_one_around_it(tmp_path: Path) -> None:
    lung = block((0, 12), (5, 30), (10, 45))
    other = block((0, 12), (31, 35), (10, 45))
    found = overlays_of(session(tmp_path, {"nodule": lesion_mask(), "lung": lung, "other": other}))
    nodule, large, apart = found.marks
    assert (large["layer"], apart["layer"], nodule["layer"]) == (0, 0, 1)
    assert [m["letter"] for m in found.marks] == ["A", "B", "C"]
    assert len({m["colour"] for m in found.marks}) == 3
    bottom, top = (labels(layer) for layer in found.layers)
    assert np.array_equal(bottom == large["label"], lung)
    assert np.array_equal(bottom == apart["label"], other)
    assert np.array_equal(top == nodule["label"], lesion_mask())
    assert [slice(a, b + 1) for a, b in nodule["box"]] == list(LESION)


@pytest.mark.parametrize("affine", [straight(), flipped(), oblique()])
def test_the_place_of_a_mark_lies_in_it(tmp_path: Path, affine: Affine) -> None:
    hook = block((3, 4), (10, 30), (10, 12)) | block((3, 4), (10, 12), (10, 30))
    found = overlays_of(session(tmp_path, {"hook": hook}, affine))
    (mark,) = found.marks
    assert labels(found.layers[0])[tuple(mark["at"])] == mark["label"]
    assert mark["voxels"] == np.count_nonzero(hook)


def test_more_masks_than_a_layer_holds_get_another(tmp_path: Path) -> None:
    masks = {f"cell {n}": block((n % 12, n % 12 + 1), (n // 12, n // 12 + 1), (0, 2))
             for n in range(300)}  # fmt: skip
    found = overlays_of(session(tmp_path, masks))
    assert len(found.layers) == 2
    places = {(m["layer"], m["label"]) for m in found.marks}
    assert len(places) == 300
    assert all(1 <= label <= 255 for _, label in places)
    assert len({m["letter"] for m in found.marks}) == 300


def test_what_cannot_be_shown_says_why(tmp_path: Path) -> None:
    viewed = session(
        tmp_path,
        {"fits": lesion_mask(), "other": block((0, 2), (0, 2), (0, 2), shape=(4, 4, 4)),
         "empty": np.zeros(SHAPE, np.bool_), "gone": lesion_mask(), "changed": lesion_mask()},
    )  # fmt: skip
    assert viewed.result is not None
    fits, other, empty, gone, changed = viewed.result.artifacts
    (viewed.files / gone.path).unlink()
    (viewed.files / changed.path).write_bytes(b"something else")
    outside = fits.model_copy(update={"path": "../v.nii.gz"})
    found = overlays_of(viewed, (fits, other, empty, gone, changed, outside))
    assert [mark["refused"] for mark in found.marks] == [
        "",
        "does not fit its image: expected (12, 40, 50) voxels, got (4, 4, 4)",
        "nothing is marked",
        "the file is gone or damaged",
        "the file was changed since",
        "lies outside the session",
    ]
    assert len(found.layers) == 1


def test_a_mask_of_a_single_image_is_laid_on_it(tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(np.eye(20, 30, dtype=np.uint8) * 200).save(tmp_path / "film.png")
    made = Session(tmp_path)
    study = made.study(tmp_path / "film.png", name="film")
    mask = np.zeros((20, 30), np.bool_)
    mask[3:6, 7:9] = True
    viewed = made.viewed(study, masks={"spot": (study.series[0].id, mask)})
    found = overlays_of(viewed)
    assert np.array_equal(labels(found.layers[0])[0] == 1, mask)
