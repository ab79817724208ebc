"""How far likeness of images goes along with likeness of findings, in one index.

What a cosine of two images means depends on the model: one that knows nothing of medicine gives
all images nearly the same vector, and its order is chance. So nothing is assumed of a model; it is
measured on the cases themselves. In a sample of cases it is asked how much more alike in findings
the one with the most similar images is than the others are on average, against how much more alike
the most similar one by findings is.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dxtrace.clinical.base import Frozen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

LEAST = 30
"""With fewer cases nothing can be measured."""
SAMPLE = 200
_ERRORS = 2.0
_UNMEASURED = 0.25
_TIES_ONLY = 0.01


class ImageAgreement(Frozen):
    """What was measured.

    Attributes:
        agreement: 0 if the most similar images say nothing of findings, 1 if they say as much as
            findings themselves; two standard errors below what was seen.
        typical: mean cosine of the images of two cases.
        cases: of how many cases with images it was measured.
    """

    agreement: float
    typical: float
    cases: int

    @property
    def weight(self) -> float:
        """What the share of images is multiplied by; the least leaves them to break ties."""
        return max(self.agreement, _TIES_ONLY)

    def likeness(self, cosine: float) -> float:
        """A cosine as what it is above chance: 0 for two cases as they come, 1 for the same."""
        above = (cosine - self.typical) / max(1 - self.typical, 1e-6)
        return min(max(above, 0.0), 1.0)


UNMEASURED = ImageAgreement(agreement=_UNMEASURED, typical=0.0, cases=0)


def sample_of(seqs: Sequence[int]) -> list[int]:
    """The same cases every time."""
    drawn = random.Random(len(seqs))  # noqa: S311 - a sample, no secret
    return sorted(drawn.sample(list(seqs), min(SAMPLE, len(seqs))))


def measure_agreement(
    vectors: Vectors, likenesses: NDArray[np.float64], related: NDArray[np.bool_], cases: int
) -> ImageAgreement:
    """What a sample says.

    Args:
        vectors: (case, dimension) of the sample, of unit norm.
        likenesses: (case, case), how alike they are in findings, from 0 to 1.
        related: (case, case), whether they are one case or of one patient: never compared.
        cases: how many cases with images there are.
    """
    import numpy as np

    apart = ~related & ~np.eye(len(vectors), dtype=bool)
    if (apart.sum(axis=1) > 0).sum() < LEAST:
        return UNMEASURED
    kept = apart.sum(axis=1) > 0
    cosines = vectors @ vectors.T
    nearest = np.where(apart, cosines, -np.inf).argmax(axis=1)
    others = np.where(apart, likenesses, 0.0).sum(axis=1)[kept] / apart.sum(axis=1)[kept]
    gains = likenesses[np.arange(len(vectors)), nearest][kept] - others
    possible = float((np.where(apart, likenesses, 0.0).max(axis=1)[kept] - others).mean())
    sure = float(gains.mean() - _ERRORS * gains.std(ddof=1) / math.sqrt(len(gains)))
    agreement = min(max(sure / possible, 0.0), 1.0) if possible > 0 else 0.0
    return ImageAgreement(
        agreement=round(agreement, 4), typical=round(float(cosines[apart].mean()), 6), cases=cases
    )
