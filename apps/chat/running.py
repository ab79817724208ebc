"""A turn of a conversation while it is worked on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from apps.chat.record import Action
from apps.chat.waiting_line import Place
from dxtrace.clinical import CallRequest, Correction
from tools import Cancellation


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
