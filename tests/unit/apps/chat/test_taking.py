"""What a visitor takes away, also where something cannot be made."""

import json
import zipfile
from io import BytesIO

import pytest

from apps.chat.conversation import Conversation
from apps.chat.desk import Desk
from apps.chat.sessions import SessionStore
from apps.chat.taking import OFFERS, TakeError, take
from tests.unit.apps.chat.test_conversation import CT, begun


@pytest.fixture
def conversation(store: SessionStore, desk: Desk) -> Conversation:
    return begun(store, desk, CT)


def test_everything_is_one_zip_with_what_can_be_made(conversation: Conversation) -> None:
    taken = take("everything", conversation)
    archive = zipfile.ZipFile(BytesIO(taken.content))
    result = json.loads(archive.read("result.json"))
    made = {e["kind"]: e["path"] for e in result["exports"]}
    assert made["sr"] is None
    assert {result["report"], result["trace"], made["fhir"], made["plain"]} <= set(
        archive.namelist()
    )
    assert taken.name == f"{result['id']}.zip"


def test_fhir_and_plain_words_are_files_of_their_own(conversation: Conversation) -> None:
    bundle = json.loads(take("fhir", conversation).content)
    assert bundle["entry"][0]["resource"]["status"] == "preliminary"
    plain = take("plain", conversation)
    assert b"not medical advice" in plain.content
    assert plain.media_type.startswith("text/plain")


def test_what_cannot_be_made_says_why(conversation: Conversation) -> None:
    with pytest.raises(TakeError, match="no DICOM images"):
        take("sr", conversation)


def test_nothing_is_taken_before_the_case_was_reviewed(store: SessionStore, desk: Desk) -> None:
    session = store.create("v" * 43)
    for kind in OFFERS:
        with pytest.raises(TakeError, match="not been reviewed"):
            take(kind, desk.conversation(session))
