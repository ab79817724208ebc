"""How a review is run, whichever way it is begun or gone on with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self, TypedDict

from graphs.settings import Settings
from graphs.workbench import PATHWAY, Workbench, default_workbench
from tools import ArtifactStore, Cancellation

Listener = Callable[[dict[str, Any]], None]


class Manner(TypedDict, total=False):
    """How a review is run; each key may be left out.

    Attributes:
        planner: name of the planner, the built-in one by default; a session goes on with the one
            that it was started with.
        settings: budgets, asking, checkpoints; from the environment by default. What goes on with a
            session must name the same checkpoint file.
        listener: is called with each step as it happens.
        bench: knowledge and tools; those that come with DxTrace by default.
        store: where masks and pictures go, the same throughout a session; a review that begins
            removes what an earlier one of the case left there. None keeps none.
        cancellation: ends the review early: the answer then says what is open.
    """

    planner: str
    settings: Settings | None
    listener: Listener | None
    bench: Workbench | None
    store: ArtifactStore | None
    cancellation: Cancellation | None


@dataclass(frozen=True, slots=True)
class Means:
    """The same with its defaults."""

    planner: str
    settings: Settings
    listener: Listener | None
    bench: Workbench
    store: ArtifactStore | None
    cancellation: Cancellation

    @classmethod
    def of(cls, manner: Manner) -> Self:
        """What a review is run with."""
        return cls(
            planner=manner.get("planner", PATHWAY),
            settings=manner.get("settings") or Settings(),
            listener=manner.get("listener"),
            bench=manner.get("bench") or default_workbench(),
            store=manner.get("store"),
            cancellation=manner.get("cancellation") or Cancellation(),
        )
