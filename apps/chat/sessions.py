"""The folders of the chat page: one a session, private, given only to whoever made it."""

import hashlib
import hmac
import math
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from apps.chat.record import SessionRecord
from dxtrace.atomic_write import write_atomically

_ID = re.compile(r"[0-9a-f]{32}")
_RECORD = "session.json"
_PRIVATE = 0o700
_OWNER_ONLY = 0o600
_S_PER_H = 3600
BROUGHT = "brought"
ARRIVING = "arriving"
OUTPUT = "output"
CHECKPOINTS = "sessions.sqlite"


class NoSessionError(Exception):
    """A session that is not there, or is another visitor's: the two look alike."""


def visitor_hash(visitor: str) -> str:
    """What a session keeps of the cookie that made it."""
    return hashlib.sha256(visitor.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Session:
    """A session's folder.

    Attributes:
        id: its random name.
        folder: where it lies.
    """

    id: str
    folder: Path

    @property
    def brought(self) -> Path:
        """What the visitor has brought."""
        return self.folder / BROUGHT

    @property
    def arriving(self) -> Path:
        """What is on its way and not yet taken in."""
        return self.folder / ARRIVING

    @property
    def output(self) -> Path:
        """Masks, pictures and segmentations of the reviews."""
        return self.folder / OUTPUT

    @property
    def checkpoints(self) -> Path:
        """What the graph needs to go on."""
        return self.folder / CHECKPOINTS

    def read_record(self) -> SessionRecord:
        """What is known of the session.

        Raises:
            NoSessionError: if it is gone or cannot be read.
        """
        try:
            return SessionRecord.model_validate_json((self.folder / _RECORD).read_bytes())
        except (OSError, ValidationError):
            raise NoSessionError(self.id) from None

    def write_record(self, record: SessionRecord) -> None:
        """Keep what is known; it outlives the server.

        Raises:
            NoSessionError: if the session was removed in the meantime.
        """
        try:
            write_atomically(
                self.folder / _RECORD, record.model_dump_json(indent=1), mode=_OWNER_ONLY
            )
        except FileNotFoundError:
            raise NoSessionError(self.id) from None

    def touch(self) -> None:
        """Note that somebody uses it."""
        try:
            os.utime(self.folder)
        except OSError:
            raise NoSessionError(self.id) from None


class SessionStore:
    """All sessions of a server.

    Args:
        root: folder that holds them; made if it is not there, readable by its owner alone.
        keep_hours: a session that was not used for so long is removed.
    """

    def __init__(self, root: Path, keep_hours: float) -> None:
        self._root, self._keep_s = root, keep_hours * _S_PER_H
        root.mkdir(parents=True, exist_ok=True, mode=_PRIVATE)
        root.chmod(_PRIVATE)

    def create(self, visitor: str) -> Session:
        """A new session of a visitor.

        Args:
            visitor: the visitor's cookie.
        """
        session_id = secrets.token_hex(16)
        folder = self._root / session_id
        folder.mkdir(mode=_PRIVATE)
        session = Session(session_id, folder)
        for part in (session.brought, session.arriving, session.output):
            part.mkdir(mode=_PRIVATE)
        session.write_record(SessionRecord(owner=visitor_hash(visitor)))
        return session

    def open(self, session_id: str, visitor: str) -> Session:
        """A session of this visitor.

        Args:
            session_id: its name; anything else than one is refused before a path is made of it.
            visitor: the visitor's cookie.

        Raises:
            NoSessionError: if there is none, or it is somebody else's.
        """
        if not _ID.fullmatch(session_id):
            raise NoSessionError(session_id)
        session = Session(session_id, self._root / session_id)
        owner = session.read_record().owner
        if not hmac.compare_digest(owner, visitor_hash(visitor)):
            raise NoSessionError(session_id)
        session.touch()
        return session

    def remove(self, session: Session) -> None:
        """Remove a session with everything in it."""
        shutil.rmtree(session.folder, ignore_errors=True)

    def expired(self, now: float | None = None) -> list[Session]:
        """The sessions that nobody has used for too long.

        Args:
            now: seconds since the epoch; the clock by default.
        """
        oldest = (time.time() if now is None else now) - self._keep_s
        return [
            Session(entry.name, Path(entry.path))
            for entry in os.scandir(self._root)
            if _ID.fullmatch(entry.name) and _last_used(entry) < oldest
        ]


def _last_used(entry: os.DirEntry[str]) -> float:
    """When a session was used, in seconds since the epoch; never, if it is gone by now."""
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return math.inf
