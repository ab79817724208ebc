"""How like today's images are to those of earlier examinations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dxtrace.clinical import Case, Series
from expert_models.card import ModelCard
from expert_models.contract import matching_series
from expert_models.current_images import load_current
from expert_models.errors import ToolRefusal
from expert_models.image_embedding.embedder import ImageEmbedder, embed_volume, mean_direction
from expert_models.output import ExpertOutput

if TYPE_CHECKING:
    from expert_models.image_embedding.encoder import Vectors


class ImageSimilarity:
    """Compares current with earlier images by their vectors; finds nothing.

    Args:
        card: its card.
        embedder: gives the vectors.
        slices: how many slices of a stack are looked at.
    """

    def __init__(self, card: ModelCard, embedder: ImageEmbedder, slices: int) -> None:
        self.card, self.embedder, self._slices = card, embedder, slices

    @property
    def fingerprint(self) -> str:
        """What tells its vectors from those of another model, or of other slices."""
        return f"{self.card.name}-{self.card.version}-{self.embedder.weights_sha256[:16]}"

    def vector(self, case: Case) -> Vectors:
        """The mean direction of today's images: (dimension,), of length 1.

        Raises:
            ToolRefusal: if no image of today fits.
        """
        import numpy as np

        rows = [
            embed_volume(self.embedder, volume, self._slices)
            for volume in load_current(self.card, case)
        ]
        return mean_direction(np.concatenate(rows))

    def run(self, case: Case) -> ExpertOutput:
        """The cosine of each earlier series to the current ones, as notes.

        Raises:
            ToolRefusal: if there are no earlier images, or none of today.
        """
        from dxtrace.intake.imaging import load_volume

        earlier = tuple(_earlier(self.card, case))
        if not earlier:
            raise ToolRefusal("no earlier images to compare with")
        notes = []
        before = [
            (series.id, mean_direction(embed_volume(self.embedder, volume, self._slices)))
            for series in earlier
            for volume in [load_volume(series)]
        ]
        for volume in load_current(self.card, case):
            now = mean_direction(embed_volume(self.embedder, volume, self._slices))
            notes += [
                f"{volume.series} and the earlier {name}: cosine {float(now @ then):.3f}, "
                f"which has no operating point"
                for name, then in before
            ]
        return ExpertOutput(notes=tuple(notes))


def _earlier(card: ModelCard, case: Case) -> Iterator[Series]:
    prior = tuple(study for study in case.studies if study.is_prior)
    yield from matching_series(card, case.model_copy(update={"studies": prior}))
