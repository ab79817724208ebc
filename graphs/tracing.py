"""LangSmith's tracing, which the environment can switch on for everything that LangGraph runs.

It copies the whole state of a review (reports, findings, prompts with their pictures) to that
service. A variable that was set for another program must not do so: it stays off here until the
settings of reviews allow it as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from graphs.settings import Settings


@contextmanager
def traced_if_allowed(settings: Settings) -> Iterator[None]:
    """Within the block nothing is traced to LangSmith unless the settings allow it."""
    if settings.langsmith:
        yield
        return
    from langsmith.run_helpers import tracing_context

    with tracing_context(enabled=False):
        yield


def tracing_note(settings: Settings) -> str | None:
    """What a user should know of the environment's wish to trace; None if there is none."""
    from langsmith.utils import tracing_is_enabled

    if not tracing_is_enabled():
        return None
    if settings.langsmith:
        return "every case is copied to LangSmith, as DXTRACE_LANGSMITH allows"
    return (
        "LangSmith's tracing is switched on by LANGSMITH_TRACING or LANGCHAIN_TRACING_V2; it would "
        "copy every case to that service and stays off here (DXTRACE_LANGSMITH=true allows it)"
    )
