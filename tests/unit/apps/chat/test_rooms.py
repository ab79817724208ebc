"""The room of a session is shared by all that comes in at once."""

from contextlib import suppress

import pytest

from apps.chat.refusals import UploadError
from apps.chat.rooms import Rooms
from apps.chat.sessions import SessionStore
from tests.unit.apps.chat.conftest import VISITOR

LIMIT = 1000


def test_uploads_at_once_share_the_room(store: SessionStore) -> None:
    rooms, session, other = Rooms(LIMIT), store.create(VISITOR), store.create(VISITOR)
    with rooms.receiving(session) as first:
        first(600)
        with pytest.raises(UploadError, match="too large"), rooms.receiving(session) as second:
            second(600)
        assert rooms.left(session) == LIMIT - 600
        assert rooms.left(other) == LIMIT
    assert rooms.left(session) == LIMIT - 600


def test_what_does_not_come_takes_no_room(store: SessionStore) -> None:
    rooms, session = Rooms(LIMIT), store.create(VISITOR)
    with suppress(ConnectionError), rooms.receiving(session) as hold:
        hold(600)
        raise ConnectionError
    assert rooms.left(session) == LIMIT


def test_files_are_counted_again_once_they_were_moved(store: SessionStore) -> None:
    rooms, session = Rooms(LIMIT), store.create(VISITOR)
    assert rooms.left(session) == LIMIT
    (session.brought / "a.dcm").write_bytes(b"x" * 300)
    rooms.recount(session)
    assert rooms.left(session) == LIMIT - 300
