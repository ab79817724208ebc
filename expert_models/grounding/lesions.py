"""Regions of slices that belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from expert_models.grounding.segmenter import Region

_SAME = 0.5
"""Of two regions that share this part of their union, one is the other found again."""


@dataclass(frozen=True)
class Lesion:
    """One thing, in all slices where it was found.

    Attributes:
        regions: slice to region.
    """

    regions: Mapping[int, Region]

    @property
    def best(self) -> Region:
        """The region with the highest score."""
        return max(self.regions.values(), key=lambda r: r.score)


def without_doubles(regions: Sequence[Region]) -> list[Region]:
    """The best of regions of one slice that mark the same: synonyms find a thing twice."""
    kept: list[Region] = []
    for region in sorted(regions, key=lambda r: -r.score):
        if all(_overlap(region, other) < _SAME for other in kept):
            kept.append(region)
    return kept


def linked(by_slice: Mapping[int, Sequence[Region]]) -> list[Lesion]:
    """Regions that overlap from one slice to the next, as one lesion; the best lesion first.

    Args:
        by_slice: slice to its regions, doubles left out.
    """
    lesions: list[dict[int, Region]] = []
    for index in sorted(by_slice):
        for region in by_slice[index]:
            before = next(
                (
                    lesion for lesion in lesions
                    if index not in lesion
                    and (index - 1) in lesion
                    and bool((lesion[index - 1].mask & region.mask).any())
                ),
                None,
            )  # fmt: skip
            if before is None:
                lesions.append({index: region})
            else:
                before[index] = region
    return sorted((Lesion(lesion) for lesion in lesions), key=lambda found: -found.best.score)


def _overlap(one: Region, other: Region) -> float:
    union = int((one.mask | other.mask).sum())
    return int((one.mask & other.mask).sum()) / union if union else 0.0
