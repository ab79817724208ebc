"""Image-quality findings, each with the criterion that it rests on.

Outlines show directly that a lung is cut off by the picture's edge. They only hint at rotation and
shallow inspiration, which readers judge by clavicles and ribs: such hints are *indeterminate*. What
counts as unusual is read from the bundle's ``docs/reference_ranges.yaml``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml
from pydantic import Field

from dxtrace.clinical import Evidence, Finding, Presence
from dxtrace.clinical.base import Frozen
from dxtrace.clinical.states import Source
from expert_models.card import Span
from expert_models.lung_segmenter.shape import LungShape

CONCEPT = "limited_quality"


class ReferenceRange(Frozen):
    """Where a proportion usually lies.

    Attributes:
        usual: the range.
        source: the outlines that it was measured on, and how.
    """

    usual: Span
    source: str = Field(min_length=1)


class ReferenceRanges(Frozen):
    """Usual proportions of the lungs on a frontal radiograph.

    Attributes:
        right_width_share: width of the right lung, of both.
        height_to_width: mean height of the lungs to the width of both together.
    """

    right_width_share: ReferenceRange
    height_to_width: ReferenceRange


@cache
def load_reference_ranges(path: Path) -> ReferenceRanges:
    """Load the ranges; an unknown or missing key is refused."""
    return ReferenceRanges.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def quality_findings(
    shape: LungShape, ranges: ReferenceRanges, evidence: Evidence, finding_id: str
) -> tuple[Finding, ...]:
    """At most one finding: present if a lung is cut off, indeterminate for mere hints.

    Nothing found is no proof of good quality, so nothing is ever *absent*.
    """
    hints = _hints(shape, ranges)
    reasons = tuple(reason for reason, _ in hints)
    texts = [text for _, text in hints]
    if shape.on_edge:
        sides = " and ".join(shape.on_edge)
        texts.insert(0, f"a lung runs into the {sides} edge of the picture")
        reasons = ("cut_off",)  # the hints stay in the text: they are not established
    if not reasons:
        return ()
    return (
        Finding(
            id=finding_id,
            concept=CONCEPT,
            presence=Presence.PRESENT if shape.on_edge else Presence.INDETERMINATE,
            attributes={"reason": reasons},
            source=Source.TOOL,
            evidence=(evidence,),
            text="; ".join(texts),
        ),
    )


def _hints(shape: LungShape, ranges: ReferenceRanges) -> list[tuple[str, str]]:
    hints: list[tuple[str, str]] = []
    width, height = ranges.right_width_share, ranges.height_to_width
    if shape.right_width_share not in width.usual:
        hints.append(
            (
                "rotation",
                f"the right lung takes {shape.right_width_share:.0%} of the width of both lungs "
                f"(usual: {width.usual}): rotation, or loss of volume on one side",
            )
        )
    low = height.usual.low
    if low is not None and shape.height_to_width < low:
        hints.append(
            (
                "inspiration",
                f"the lungs are {shape.height_to_width:.2f} times as high as wide (usual: "
                f"{height.usual}): shallow inspiration, or small lungs",
            )
        )
    return hints
