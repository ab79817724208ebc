"""What a session keeps beside its files."""

from typing import Any, Literal

from pydantic import Field

from dxtrace.clinical import CallRequest, Correction
from dxtrace.clinical.base import Frozen

Action = Literal["review", "question", "reply", "correction", "prompt"]


NOTHING_RUNS: dict[str, Any] = {
    "running": None, "words": "", "corrections": (), "calls": (), "reply_to": "",
}  # fmt: skip
"""Fields of a :class:`SessionRecord` in which nothing is being worked on."""


class Choices(Frozen):
    """How the visitor wants reviews to run.

    Attributes:
        planner: the planner's name; empty takes the server's.
        max_steps: how often the planner may plan again; None takes the server's.
        time_limit_s: after so many seconds nothing new is planned; None takes the server's.
        without: names of experts that are not asked.
        asks: whether the graph may stop and ask.
    """

    planner: str = ""
    max_steps: int | None = Field(default=None, ge=1, le=50)
    time_limit_s: float | None = Field(default=None, gt=0, le=3600)
    without: frozenset[str] = frozenset()
    asks: bool = True


class SessionRecord(Frozen):
    """What is known of a session.

    Attributes:
        owner: hash of the cookie that made it.
        turns: how many turns have been kept.
        running: what was begun and has not ended; a server that was killed goes on with it.
        words: the words of what runs: a question, or a reply.
        corrections: the corrections that are being checked.
        calls: what is being asked of an expert.
        reply_to: the question that what runs answers.
        by: who corrects, as that person wants to be named in the trace.
        choices: how reviews are to run.
    """

    owner: str
    turns: int = 0
    running: Action | None = None
    words: str = ""
    corrections: tuple[Correction, ...] = ()
    calls: tuple[CallRequest, ...] = ()
    reply_to: str = ""
    by: str = ""
    choices: Choices = Choices()
