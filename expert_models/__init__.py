"""Expert models: their cards and the contract that every adapter keeps."""

from expert_models.card import ModelCard
from expert_models.errors import RetryableError, ToolRefusal
from expert_models.expert_model import ExpertModel

__all__ = ["ExpertModel", "ModelCard", "RetryableError", "ToolRefusal"]
