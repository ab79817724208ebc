"""The checker as a teacher: rewards over conversations, and training data from traces."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphs.teacher.conversation import Conversation, Exchange
    from graphs.teacher.reward import Reward
    from graphs.teacher.settings import RewardSettings, read_settings
    from graphs.teacher.teacher import Teacher, score_batch
    from graphs.teacher.trl_reward import CheckerReward

_HOMES = {
    "CheckerReward": "graphs.teacher.trl_reward",
    "Conversation": "graphs.teacher.conversation",
    "Exchange": "graphs.teacher.conversation",
    "Reward": "graphs.teacher.reward",
    "RewardSettings": "graphs.teacher.settings",
    "Teacher": "graphs.teacher.teacher",
    "read_settings": "graphs.teacher.settings",
    "score_batch": "graphs.teacher.teacher",
}

__all__ = [
    "CheckerReward",
    "Conversation",
    "Exchange",
    "Reward",
    "RewardSettings",
    "Teacher",
    "read_settings",
    "score_batch",
]


def __getattr__(name: str) -> Any:
    """Import on first use, so that importing the package stays cheap."""
    if name not in _HOMES:
        raise AttributeError(f"module 'graphs.teacher' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
