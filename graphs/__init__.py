"""The LangGraph graphs: how planner, tools and checker work together."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphs.replay import ReplayReport, replay
    from graphs.review import ReviewRun, resume_review, review, review_with_trace
    from graphs.settings import Settings

_HOMES = {
    "ReplayReport": "graphs.replay",
    "ReviewRun": "graphs.review",
    "Settings": "graphs.settings",
    "replay": "graphs.replay",
    "resume_review": "graphs.review",
    "review": "graphs.review",
    "review_with_trace": "graphs.review",
}

__all__ = [
    "ReplayReport",
    "ReviewRun",
    "Settings",
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
