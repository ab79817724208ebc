"""The key of a model: named in its entry, held by the environment."""

import os

from agents.vlm.models.entry import PlannerEntry
from agents.vlm.models.errors import PlannerRefused


def key_of(entry: PlannerEntry) -> str | None:
    """The key; None if the entry names no variable for it.

    Raises:
        PlannerRefused: if the variable is not set.
    """
    if entry.key_variable is None:
        return None
    key = os.environ.get(entry.key_variable, "")
    if not key:
        raise PlannerRefused(
            f"{entry.name}: its key is read from the environment variable {entry.key_variable}, "
            f"which is not set"
        )
    return key
