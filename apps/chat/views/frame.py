"""The view of the images: the viewer's page in a frame."""

from apps.chat.conversation import Conversation
from apps.chat.views.environment import render


def show_frame(conversation: Conversation | None) -> str:
    """The viewer of a case with images; empty for one without.

    Args:
        conversation: the session's; None before there is one.
    """
    case = conversation.case if conversation else None
    if conversation is None or case is None or not any(s.series for s in case.studies):
        return ""
    return render("frame.html.j2", session=conversation.session.id, version=len(conversation.turns))
