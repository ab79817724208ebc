"""The key of a model: named in its entry, held by the environment."""

import os

from agents.vlm.models.entry import PlannerEntry
from agents.vlm.models.errors import PlannerRefused

_SHORTEST = 4  # what is shorter stands in any text


def key_of(entry: PlannerEntry) -> str | None:
    """The key; None if the entry names no variable for it.

    Raises:
        PlannerRefused: if the variable is not set, or holds what no header can carry.
    """
    if entry.key_variable is None:
        return None
    key = os.environ.get(entry.key_variable, "").strip()
    if not key:
        raise PlannerRefused(
            f"{entry.name}: its key is read from the environment variable {entry.key_variable}, "
            f"which is not set"
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise PlannerRefused(
            f"{entry.name}: expected a key of plain characters in the environment variable "
            f"{entry.key_variable}, got one with others"
        )
    return key


def without_key(entry: PlannerEntry, text: str) -> str:
    """A text without the key, which a server may repeat in what it says."""
    key = os.environ.get(entry.key_variable or "", "").strip()
    return text.replace(key, "(the key)") if len(key) >= _SHORTEST else text
