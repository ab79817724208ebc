"""Which models can plan, how they are opened, and what they can do.

Nothing here imports a model's library before :func:`open_chat_model` or :func:`probe` is called.
"""

from agents.vlm.models.abilities import Abilities, Ability, probe
from agents.vlm.models.entries import (
    ROUTER,
    configured_planners,
    planners_file,
    resolve_planner,
)
from agents.vlm.models.entry import PlannerEntry
from agents.vlm.models.errors import (
    PlannerError,
    PlannerRefused,
    PlannerStopped,
    PlannerUnavailable,
)
from agents.vlm.models.opening import open_chat_model
from agents.vlm.models.reaching import refuse_unreachable

__all__ = [
    "ROUTER",
    "Abilities",
    "Ability",
    "PlannerEntry",
    "PlannerError",
    "PlannerRefused",
    "PlannerStopped",
    "PlannerUnavailable",
    "configured_planners",
    "open_chat_model",
    "planners_file",
    "probe",
    "refuse_unreachable",
    "resolve_planner",
]
