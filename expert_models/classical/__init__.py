"""Experts that need no weights: they work by density, shape and colour."""

from expert_models.classical.lung_expert import CtLungSegmenter
from expert_models.classical.nodule_expert import LungNoduleFinder
from expert_models.expert_model import ExpertModel


def classical_experts() -> tuple[ExpertModel, ...]:
    """The classical experts that look at images of a case."""
    return (CtLungSegmenter(), LungNoduleFinder())


__all__ = ["CtLungSegmenter", "LungNoduleFinder", "classical_experts"]
