"""A vision-language model as planner."""

from agents.pathway_planner import PathwayPlanner
from agents.vlm.budget import TalkBudget
from agents.vlm.models import open_chat_model, resolve_planner
from agents.vlm.planner import VlmPlanner

__all__ = ["TalkBudget", "VlmPlanner", "check_planner", "open_planner"]


def open_planner(name: str, pathway: PathwayPlanner) -> VlmPlanner:
    """The planner with this name; its model is opened when it is first asked.

    Args:
        name: as :func:`agents.vlm.models.resolve_planner` takes it.
        pathway: says what packs need; its calls are made if the model does not ask for them.

    Raises:
        ValueError: if there is no such planner.
    """
    entry = resolve_planner(name)
    return VlmPlanner(entry, pathway, open_model=lambda: open_chat_model(entry))


def check_planner(name: str) -> None:
    """See whether a name means a planner; nothing is opened.

    Raises:
        ValueError: if it means none, or a budget of the environment is none.
    """
    resolve_planner(name)
    TalkBudget()
