"""The LangGraph graphs: how planner, tools and checker work together."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphs.replaying import ReplayReport, replay
    from graphs.reviewing import (
        ReviewRun,
        SessionError,
        continue_review,
        follow_up,
        resume_review,
        review,
        review_with_trace,
    )
    from graphs.settings import Settings

_HOMES = {
    "ReplayReport": "graphs.replaying",
    "ReviewRun": "graphs.reviewing",
    "SessionError": "graphs.reviewing",
    "Settings": "graphs.settings",
    "continue_review": "graphs.reviewing",
    "follow_up": "graphs.reviewing",
    "replay": "graphs.replaying",
    "resume_review": "graphs.reviewing",
    "review": "graphs.reviewing",
    "review_with_trace": "graphs.reviewing",
}

__all__ = [
    "ReplayReport",
    "ReviewRun",
    "SessionError",
    "Settings",
    "continue_review",
    "follow_up",
    "replay",
    "resume_review",
    "review",
    "review_with_trace",
]


def __getattr__(name: str) -> Any:
    """Import on first use, so that importing the package stays cheap."""
    if name not in _HOMES:
        raise AttributeError(f"module 'graphs' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
