"""A turn of a conversation while it is worked on."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, Self

from apps.chat.record import Action, SessionRecord
from apps.chat.refusals import disk_words
from apps.chat.waiting_line import Place
from dxtrace.clinical import CallRequest, Correction
from graphs import SessionError
from graphs.corrections import CorrectionError
from graphs.questions import ReplyError
from graphs.workbench import PATHWAY
from tools import Cancellation

log = logging.getLogger(__name__)


@dataclass
class Running:
    """A turn that is being worked on.

    Attributes:
        action: what the visitor did.
        words: the question, or the reply.
        corrections: what was corrected.
        calls: what is asked of an expert.
        reply_to: the question that a reply answers.
        again: whether it goes on after the server was killed.
        steps: what the graph has done so far.
        cancellation: stops it.
        begun: whether a thread has taken it up.
        place: where it waits for that.
    """

    action: Action
    words: str = ""
    corrections: tuple[Correction, ...] = ()
    calls: tuple[CallRequest, ...] = ()
    reply_to: str = ""
    again: bool = False
    steps: list[dict[str, Any]] = field(default_factory=list)
    cancellation: Cancellation = field(default_factory=Cancellation)
    begun: bool = False
    place: Place | None = None

    @classmethod
    def left(cls, action: Action, record: SessionRecord) -> Self:
        """What a server that was killed has left unfinished."""
        return cls(
            action, record.words, record.corrections, record.calls, record.reply_to, again=True
        )


def failure_words(error: Exception, planner: str) -> str:
    """Why nothing came of a turn, for the visitor; the log is told the kind of error alone.

    Args:
        error: what was raised.
        planner: the planner's name; what a model's server says is for whoever chose it.
    """
    if isinstance(error, SessionError | ReplyError | CorrectionError):
        return str(error)
    if isinstance(error, ValueError) and planner != PATHWAY:
        return f"The planner cannot be used: {error}"
    log.warning("a review failed: %s", type(error).__name__)  # its message may quote the case
    if isinstance(error, OSError):
        return disk_words(error)
    return f"This failed in the program ({type(error).__name__}). What was known before stays."
