"""What every model keeps that turns phrases into regions, however it works inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from expert_models.errors import ToolRefusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Region:
    """Where a picture matches a phrase.

    Attributes:
        phrase: the phrase.
        score: how well it matches, on the segmenter's scale.
        mask: (row, column).
        box: first row, first column, last row, last column, all inside the region.
    """

    phrase: str
    score: float
    mask: NDArray[np.bool_]
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Regions:
    """What was found in a picture.

    Attributes:
        found: regions with at least one pixel, in any order; none where nothing matches.
        notes: what had to be done for want of memory.
    """

    found: tuple[Region, ...]
    notes: tuple[str, ...] = ()


class PhraseSegmenter(Protocol):
    """A model that finds what phrases describe.

    Attributes:
        scale: what its scores are, such as ``sigmoid``; they are no probabilities.
    """

    scale: str

    def segment(
        self, picture: NDArray[np.uint8], phrases: Sequence[str], *, floor: float
    ) -> Regions:
        """Find regions.

        Args:
            picture: (row, column, 3): red, green and blue from 0 to 255.
            phrases: what to look for.
            floor: scores below this are left out.

        Raises:
            ToolRefusal: if the model's files are missing or not what they must be.
        """
        ...


def box_of(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """First row, first column, last row, last column of a mask that is not empty."""
    import numpy as np

    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return int(rows[0]), int(columns[0]), int(rows[-1]), int(columns[-1])


def check_length(phrase: str, inputs: Any, processor: Any) -> None:
    """Refuse a phrase that a network could only read in part.

    Args:
        phrase: the phrase.
        inputs: what the processor made of it, with ``input_ids``.
        processor: with the tokenizer.

    Raises:
        ToolRefusal: if it has more tokens than the tokenizer's network takes.
    """
    count, most = inputs["input_ids"].shape[-1], processor.tokenizer.model_max_length
    if count > most:
        raise ToolRefusal(f"{phrase!r} has {count} tokens; the model reads at most {most}")
