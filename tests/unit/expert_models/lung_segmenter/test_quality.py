"""Image quality from drawn outlines: no network is needed."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dxtrace.clinical import Evidence, Finding, Presence
from dxtrace.knowledge import load_knowledge
from expert_models.lung_segmenter.bundle import BUNDLE
from expert_models.lung_segmenter.quality import load_reference_ranges, quality_findings
from expert_models.lung_segmenter.shape import LungShape, shape_of

USUAL = LungShape(right_share=0.53, right_width_share=0.5, height_to_width=0.9, on_edge=())


def _lung(rows: slice, columns: slice) -> NDArray[np.bool_]:
    mask = np.zeros((200, 200), bool)
    mask[rows, columns] = True
    return mask


def _judged(shape: LungShape) -> tuple[Finding, ...]:
    ranges = load_reference_ranges(BUNDLE / "docs" / "reference_ranges.yaml")
    return quality_findings(shape, ranges, Evidence(tool="t"), "q")


def test_usual_lungs_give_no_finding_at_all() -> None:
    assert _judged(USUAL) == ()


def test_unusual_widths_hint_at_rotation_and_prove_nothing() -> None:
    (finding,) = _judged(replace(USUAL, right_width_share=0.36))
    assert finding.presence is Presence.INDETERMINATE
    assert finding.attributes["reason"] == ("rotation",)
    assert "36%" in finding.text
    assert "0.43 to 0.55" in finding.text


def test_low_lungs_hint_at_shallow_inspiration() -> None:
    (finding,) = _judged(replace(USUAL, height_to_width=0.5))
    assert finding.presence is Presence.INDETERMINATE
    assert finding.attributes["reason"] == ("inspiration",)


def test_a_cut_off_lung_is_a_fact_and_hints_stay_in_the_words() -> None:
    (finding,) = _judged(replace(USUAL, on_edge=("bottom",), right_width_share=0.36))
    assert finding.presence is Presence.PRESENT
    assert finding.attributes["reason"] == ("cut_off",)
    assert "bottom edge" in finding.text
    assert "rotation" in finding.text


def test_reasons_are_words_of_the_vocabulary() -> None:
    concept = load_knowledge().vocabulary.concept("limited_quality")
    reasons = next(a for a in concept.attributes if a.key == "reason")
    assert {"rotation", "inspiration", "cut_off"} <= {v.key for v in reasons.values}


def test_proportions_do_not_depend_on_the_size_of_pixels() -> None:
    right, left = _lung(slice(40, 160), slice(20, 90)), _lung(slice(40, 150), slice(110, 170))
    coarse = shape_of(right[::2, ::2], left[::2, ::2])
    fine = shape_of(right, left)
    assert coarse.right_width_share == pytest.approx(fine.right_width_share, abs=0.02)
    assert fine.right_width_share == pytest.approx(70 / 130)
    assert fine.on_edge == ()


@pytest.mark.parametrize(
    ("rows", "columns", "edge"),
    [
        (slice(0, 120), slice(20, 90), "top"),
        (slice(60, 200), slice(20, 90), "bottom"),
        (slice(60, 160), slice(0, 90), "left"),
    ],
)
def test_each_edge_is_named(rows: slice, columns: slice, edge: str) -> None:
    assert shape_of(_lung(rows, columns), _lung(slice(60, 150), slice(110, 170))).on_edge == (edge,)


def test_touching_with_a_corner_is_not_cut_off() -> None:
    right = _lung(slice(60, 160), slice(20, 90))
    right[0:60, 50:53] = True
    assert shape_of(right, _lung(slice(60, 150), slice(110, 170))).on_edge == ()
