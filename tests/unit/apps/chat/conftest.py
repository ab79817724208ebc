"""A desk and its sessions in a folder of the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.chat.desk import Desk
from apps.chat.options import ChatOptions
from apps.chat.sessions import SessionStore

VISITOR = "v" * 43


@pytest.fixture
def options(tmp_path: Path) -> ChatOptions:
    return ChatOptions(state=tmp_path / "state", max_upload_mb=5)


@pytest.fixture
def store(options: ChatOptions) -> SessionStore:
    return SessionStore(options.state, options.keep_hours)


@pytest.fixture
def desk(options: ChatOptions) -> Iterator[Desk]:
    opened = Desk(options)
    yield opened
    opened.close()
