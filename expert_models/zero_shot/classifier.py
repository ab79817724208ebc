"""Zero-shot classification: is an image nearer to the texts for a concept, or to those against it.

As in CLIP (Radford et al. 2021, section 3.1), the texts of one side are averaged as unit vectors.
The score is the difference of the two cosines times the model's own scale: the logit of the softmax
over the pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dxtrace.clinical import Case, Evidence
from dxtrace.clinical.volume import Volume
from expert_models.card import ModelCard
from expert_models.current_images import load_current
from expert_models.frontal_chest import load_frontal_chest
from expert_models.image_embedding import (
    FolderEmbedder,
    embed_volume,
    key_slices,
    mean_direction,
)
from expert_models.output import ExpertOutput
from expert_models.scores import Calibration, ScoredConcept, decide, score_finding
from expert_models.zero_shot.prompts import PromptSet

if TYPE_CHECKING:
    from expert_models.image_embedding.encoder import Vectors

SCALE = "prompt_pair_logit"


class ZeroShotClassifier:
    """Scores the concepts of a set of prompts. Loaded at the first call.

    Args:
        card: its card.
        prompts: the texts.
        embedder: the image-text model.
        calibration: thresholds fitted for it; without any, nothing is present or absent.
        slices: how many slices of a stack are looked at.
    """

    def __init__(
        self,
        card: ModelCard,
        prompts: PromptSet,
        embedder: FolderEmbedder,
        calibration: Calibration | None,
        slices: int,
    ) -> None:
        self.card = card
        self._prompts, self._embedder, self._slices = prompts, embedder, slices
        self._calibration = calibration
        self._directions: Vectors | None = None

    def run(self, case: Case) -> ExpertOutput:
        """Score an image of the current examination: of a stack, the slice that scores highest.

        Raises:
            ToolRefusal: if there is none, or the model's files are missing or others.
        """
        volume = self._image(case)
        rows = embed_volume(self._embedder, volume, self._slices)
        scores = rows @ self._concept_directions().T * self._embedder.encoder.scale
        evidence = Evidence(
            tool=self.card.name, version=self.card.version, weights_sha256=self.card.weights_sha256
        )
        shown = key_slices(volume, self._slices)
        findings = []
        for column, (concept, prompts) in enumerate(self._prompts.concepts.items()):
            best = int(scores[:, column].argmax())
            scored = ScoredConcept(
                concept,
                float(scores[best, column]),
                SCALE,
                prompts.lesion,
                note=f"in slice {shown[best] + 1}" if len(shown) > 1 else "",
            )
            decision = decide(self._calibration, concept, SCALE)
            findings.append(score_finding(scored, decision, evidence, volume.series))
        return ExpertOutput(findings=tuple(findings))

    def _image(self, case: Case) -> Volume:
        if self._prompts.frontal_chest:
            return load_frontal_chest(self.card, case)
        return next(load_current(self.card, case))

    def _concept_directions(self) -> Vectors:
        """For each concept, from the texts against it to those for it: (concept, dimension)."""
        import numpy as np

        if self._directions is None:
            self._directions = np.stack(
                [
                    self._side(prompts.present) - self._side(prompts.absent)
                    for prompts in self._prompts.concepts.values()
                ]
            )
        return self._directions

    def _side(self, phrases: tuple[str, ...]) -> Vectors:
        return mean_direction(self._embedder.embed_texts(self._prompts.sentences(phrases)))
