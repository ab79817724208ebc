"""Experts that need no weights: they work by density, shape and colour."""

from expert_models.classical.lung_expert import CtLungSegmenter
from expert_models.classical.nodule_expert import LungNoduleFinder
from expert_models.classical.opacity_expert import ZonalOpacityReader
from expert_models.classical.smear_expert import BloodCellCounter
from expert_models.expert_model import ExpertModel


def classical_experts() -> tuple[ExpertModel, ...]:
    """The classical experts that need nothing but a case's images."""
    return (CtLungSegmenter(), LungNoduleFinder(), BloodCellCounter())


__all__ = [
    "BloodCellCounter",
    "CtLungSegmenter",
    "LungNoduleFinder",
    "ZonalOpacityReader",
    "classical_experts",
]
