"""The plain version of a session in another language."""

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from apps.chat.acting import Actions
from apps.chat.conversation import Conversation
from apps.chat.desk import Desk
from apps.chat.options import ChatOptions
from apps.chat.record import Choices
from apps.chat.refusals import NotNowError
from apps.chat.sessions import SessionStore
from apps.chat.views.talk import show_talk
from tests.openai_server import Reply, openai_server
from tests.processes import wait_until
from tests.unit.apps.chat.conftest import VISITOR
from tests.unit.apps.chat.test_conversation import CT, anew, begun, done

Translate = Callable[..., None]


def german(body: dict[str, Any]) -> Reply:
    """Says in each sentence what numbers, sides and negations it has, and nothing else."""
    lines = re.findall(r"^(\d+) \| (.*)$", str(body["messages"][-1]["content"]), re.MULTILINE)
    return Reply(text="\n".join(f"{n} | {_said(words)}" for n, words in lines))


def _said(words: str) -> str:
    marks = {"left": "links", "right": "rechts", "not": "nicht", "no": "nicht", "nothing": "nicht"}
    found = [marks.get(w, w) for w in re.findall(r"\d+|\b(?:left|right|not|no|nothing)\b", words)]
    return f"Satz {' '.join(found)}"


@pytest.fixture
def translate(store: SessionStore, desk: Desk) -> Translate:
    def do(conversation: Conversation, language: str = "de") -> None:
        fields = {"fields": {"language": language}}
        Actions(store, desk).do("translate", conversation.session, VISITOR, fields)
        wait_until(lambda: not conversation.is_at_work, "it is translated")

    return do


def test_without_a_model_it_is_english_and_says_so(
    store: SessionStore, desk: Desk, translate: Translate
) -> None:
    conversation = begun(store, desk, CT)
    assert "In English only" in show_talk(conversation)
    with pytest.raises(NotNowError, match="no model that could translate"):
        translate(conversation)


def test_the_translation_stands_beside_the_english_and_says_what_it_is(
    store: SessionStore, desk: Desk, translate: Translate, options: ChatOptions
) -> None:
    conversation = begun(store, desk, CT)
    with openai_server(german) as server:
        conversation.choose(Choices(planner=server.url))
        translate(conversation)
    for shown in (show_talk(conversation), show_talk(anew(conversation, options))):
        assert "This translation has not been checked." in shown
        assert '<td lang="de">Satz nicht</td>' in shown
        assert "It is not medical advice, and no doctor has checked it." in shown
        assert "Left out: " not in shown.partition("dx-translation")[0]
    conversation.choose(Choices())
    conversation.ask("Is there a pleural effusion?")
    done(conversation)
    assert "This translation has not been checked." not in show_talk(conversation)


def test_what_goes_wrong_is_said_and_the_english_stays(
    store: SessionStore, desk: Desk, translate: Translate
) -> None:
    conversation = begun(store, desk, CT)
    with openai_server([Reply(status=400, error="no such thing")]) as server:
        conversation.choose(Choices(planner=server.url))
        with pytest.raises(NotNowError, match="Expected one of de, es"):
            translate(conversation, "klingon")
        translate(conversation)
    shown = show_talk(conversation)
    assert "The translation could not be had" in shown
    assert "no such thing" in shown
    assert "It is not medical advice" in shown


def test_it_is_stopped_while_the_model_writes(store: SessionStore, desk: Desk) -> None:
    conversation = begun(store, desk, CT)
    never = threading.Event()
    with openai_server([Reply(text="1 | Text", hold=never)]) as server:
        conversation.choose(Choices(planner=server.url))
        fields = {"fields": {"language": "de"}}
        Actions(store, desk).do("translate", conversation.session, VISITOR, fields)
        wait_until(lambda: bool(server.requests), "the model is asked")
        with pytest.raises(NotNowError, match="no answer to translate just now"):
            Actions(store, desk).do("translate", conversation.session, VISITOR, fields)
        conversation.stop()
        wait_until(lambda: not conversation.is_at_work, "it has ended")
    assert conversation.translating.refused == ""
    assert conversation.translating.of_turn(0) is None
