"""From an entry to a chat model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.vlm.models.entry import PlannerEntry
from agents.vlm.models.errors import PlannerRefused

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_WHAT = "the case (age, sex, report text, findings) and its images"


def open_chat_model(entry: PlannerEntry) -> BaseChatModel:
    """Open a model. What it raises later, too, is a ``PlannerError``.

    Args:
        entry: the model.

    Returns:
        A LangChain chat model that streams, takes tools, and says how many tokens it used. Its
        ``entry`` names the model that answers.

    Raises:
        PlannerUnavailable: if it cannot be reached or a library is missing.
        PlannerRefused: if case data would leave the house without permission, or the entry does not
            suffice.
    """
    refuse_to_leave(entry)
    if entry.kind == "endpoint":
        from agents.vlm.models.endpoint import open_endpoint

        return open_endpoint(entry)
    if entry.kind == "hosted":
        from agents.vlm.models.hosted import open_hosted

        return open_hosted(entry)
    from agents.vlm.models.in_process import open_in_process

    return open_in_process(entry)


def refuse_to_leave(entry: PlannerEntry) -> None:
    """Refuse a model outside of this house, unless its entry allows it.

    Raises:
        PlannerRefused: if case data would leave the house.
        PlannerUnavailable: if the endpoint's host has no address.
    """
    if entry.images_leave_the_house:
        return
    goes_to = _goes_to(entry)
    if goes_to is not None:
        raise PlannerRefused(
            f"{entry.name}: {_WHAT} would be sent to {goes_to}, outside of this machine and its "
            f"private networks; an entry of planners.yaml allows that with "
            f"images_leave_the_house: true"
        )


def _goes_to(entry: PlannerEntry) -> str | None:
    """Where data would go, outside of this house."""
    from langsmith.utils import tracing_is_enabled

    from agents.vlm.models.in_the_house import is_in_the_house

    if entry.kind == "hosted":
        return f"the provider {entry.model.partition(':')[0]}"
    if entry.base_url is not None and not is_in_the_house(entry.base_url):
        return entry.base_url
    if tracing_is_enabled():
        return "LangSmith (its tracing is switched on by LANGSMITH_TRACING or LANGCHAIN_TRACING_V2)"
    return None
