"""Sessions are folders that only their maker gets, and that go away when nobody uses them."""

import stat
import time
from pathlib import Path

import pytest

from apps.chat.record import Choices
from apps.chat.sessions import NoSessionError, SessionStore
from tests.unit.apps.chat.conftest import VISITOR

OTHER = "w" * 43
HOUR_S = 3600


def test_a_session_is_given_to_the_cookie_that_made_it_and_to_no_other(store: SessionStore) -> None:
    session = store.create(VISITOR)
    assert store.open(session.id, VISITOR) == session
    for visitor in (OTHER, "", session.read_record().owner):
        with pytest.raises(NoSessionError):
            store.open(session.id, visitor)


@pytest.mark.parametrize("name", ["", "..", "../state", "a" * 31, "A" * 32, "/etc", "0" * 32 + "/"])
def test_what_is_no_session_name_never_becomes_a_path(store: SessionStore, name: str) -> None:
    with pytest.raises(NoSessionError):
        store.open(name, VISITOR)


def test_folders_and_records_are_private(store: SessionStore, tmp_path: Path) -> None:
    session = store.create(VISITOR)
    for folder in (tmp_path / "state", session.folder, session.brought, session.output):
        assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IRWXU
    record = session.folder / "session.json"
    assert stat.S_IMODE(record.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
    assert VISITOR not in record.read_text()


def test_only_sessions_without_use_expire(store: SessionStore) -> None:
    old, used = store.create(VISITOR), store.create(VISITOR)
    later = time.time() + 25 * HOUR_S
    assert {s.id for s in store.expired(later)} == {old.id, used.id}
    assert store.expired() == []
    store.remove(old)
    with pytest.raises(NoSessionError):
        store.open(old.id, VISITOR)
    assert store.open(used.id, VISITOR) == used


def test_what_is_known_outlives_the_server(store: SessionStore) -> None:
    session = store.create(VISITOR)
    choices = Choices(max_steps=2, without=frozenset({"ct_lung_nodules"}))
    session.write_record(session.read_record().model_copy(update={"choices": choices}))
    assert store.open(session.id, VISITOR).read_record().choices == choices


def test_a_damaged_record_is_no_session(store: SessionStore) -> None:
    session = store.create(VISITOR)
    (session.folder / "session.json").write_text("{")
    with pytest.raises(NoSessionError):
        store.open(session.id, VISITOR)
