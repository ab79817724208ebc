"""The talk as the page shows it."""

from apps.chat.acting import Actions
from apps.chat.desk import Desk
from apps.chat.sessions import SessionStore
from apps.chat.views.panels import show_evidence
from apps.chat.views.talk import show_talk
from tests.processes import wait_until
from tests.unit.apps.chat.conftest import VISITOR


def test_a_question_without_an_answer_says_so(store: SessionStore, desk: Desk) -> None:
    session = store.create(VISITOR)
    Actions(store, desk).do("example", session, VISITOR, {"name": "thyroid"})
    conversation = desk.conversation(session)
    wait_until(lambda: not conversation.is_at_work, "the turn ends")
    assert "Nothing was concluded" not in show_talk(conversation)
    conversation.ask("Are there similar cases?")
    wait_until(lambda: not conversation.is_at_work, "the turn ends")
    assert "Nothing was concluded for this question." in show_talk(conversation)
    assert "this case has no report" in show_evidence(conversation)
