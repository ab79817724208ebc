"""How far a model may go in a review; the environment may set it (``DXTRACE_PLANNER_TURNS=8``)."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from agents.vlm.models import PlannerEntry
from agents.vlm.sight import SightBudget


class TalkBudget(BaseSettings):
    """Budgets of a model's part in a review. At the end of one, the answer says which.

    Attributes:
        turns: messages of the model.
        tokens: tokens of all messages together, where the model counts them.
        revisions: how often a contradicted answer goes back to it.
        mistakes: messages that cannot be read.
        calls: calls in one message.
    """

    model_config = SettingsConfigDict(env_prefix="DXTRACE_PLANNER_", frozen=True, extra="ignore")

    turns: int = Field(default=12, ge=1)
    tokens: int = Field(default=200_000, ge=1)
    revisions: int = Field(default=2, ge=0)
    mistakes: int = Field(default=3, ge=1)
    calls: int = Field(default=16, ge=1)


def sight_budget(entry: PlannerEntry) -> SightBudget:
    """What a model may be shown: half of what it can read is for pictures.

    Args:
        entry: a model that takes at least one image.
    """
    return SightBudget(
        max_pictures=entry.images, max_edge_px=entry.image_edge_px,
        patch_px=entry.image_patch_px, fixed_tokens=entry.image_tokens,
        is_square=entry.image_is_square, total_tokens=entry.context_tokens // 2,
    )  # fmt: skip
