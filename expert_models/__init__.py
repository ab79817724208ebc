"""Expert models: their cards and the contract that every adapter keeps."""

from expert_models.arguments import Arguments, Box, Point
from expert_models.card import ModelCard, OperatingPoint, Span, WeightsFile
from expert_models.contract import matching_series
from expert_models.errors import RetryableError, ToolRefusal
from expert_models.expert_model import BatchExpertModel, ExpertModel
from expert_models.output import ExpertOutput
from expert_models.runtime import torchvision_guard

torchvision_guard.install()

__all__ = [
    "Arguments",
    "BatchExpertModel",
    "Box",
    "ExpertModel",
    "ExpertOutput",
    "ModelCard",
    "OperatingPoint",
    "Point",
    "RetryableError",
    "Span",
    "ToolRefusal",
    "WeightsFile",
    "matching_series",
]
