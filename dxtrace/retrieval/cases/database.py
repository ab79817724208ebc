"""The SQLite file of a case index: what is in it is what the index knows."""

from __future__ import annotations

import fcntl
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dxtrace.retrieval.errors import DamagedIndex, RetrievalError

FILE = "cases.sqlite3"
REMEDY = "run 'dxtrace cases rebuild'"
_LOCK = ".cases.lock"
_VERSION = 2
_WAIT_S = 60.0
_READ_THROUGH = 128 * 1024 * 1024
"""A file up to this size is read through when it is opened: that takes a fraction of a second."""
_SCHEMA = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE cases (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL UNIQUE, id TEXT NOT NULL,
    shown TEXT NOT NULL, modality TEXT, body_part TEXT, age REAL, sex TEXT,
    text_key TEXT NOT NULL, features TEXT NOT NULL, record TEXT NOT NULL, sha256 TEXT NOT NULL
);
CREATE INDEX cases_by_id ON cases (id);
CREATE INDEX cases_by_shown ON cases (shown);
CREATE INDEX cases_by_text ON cases (text_key);
CREATE INDEX cases_by_kind ON cases (modality, body_part);
CREATE TABLE identities (key TEXT, seq INTEGER, PRIMARY KEY (key, seq)) WITHOUT ROWID;
CREATE INDEX identities_of ON identities (seq);
CREATE VIRTUAL TABLE words USING fts5 (content, tokenize = "ascii");
CREATE VIRTUAL TABLE findings USING fts5 (content, tokenize = "ascii tokenchars '_:=@#'");
CREATE TABLE counts (token TEXT PRIMARY KEY, cases INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE vectors (
    space TEXT, seq INTEGER, vector BLOB NOT NULL, PRIMARY KEY (space, seq)
) WITHOUT ROWID;
CREATE TABLE graphs (
    space TEXT PRIMARY KEY, file TEXT NOT NULL, upto INTEGER NOT NULL, count INTEGER NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, sha256 TEXT NOT NULL
) WITHOUT ROWID;
"""


class Database:
    """A connection to the file of a folder; made with its tables where there is none.

    Several processes may hold one: readers never wait, writers wait for each other.

    Args:
        folder: the folder of the index.

    Raises:
        DamagedIndex: if the file is damaged.
        RetrievalError: if it is of another version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / FILE
        folder.mkdir(parents=True, exist_ok=True)
        with folder_lock(folder, fcntl.LOCK_SH):
            self._open()

    def _open(self) -> None:
        with self._guarded():
            self.connection = sqlite3.connect(
                self.path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False
            )
            for pragma in ("journal_mode = WAL", "synchronous = NORMAL"):
                self.connection.execute(f"PRAGMA {pragma}")
            self._inode = self.path.stat().st_ino
            self._prepare()
        if self.path.stat().st_size <= _READ_THROUGH:
            self.check()

    def _prepare(self) -> None:
        with self._transaction() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version == _VERSION:
                return
            if version:
                raise RetrievalError(
                    f"{self.path} is of version {version}, expected {_VERSION}: {REMEDY}"
                )
            for statement in _SCHEMA.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_VERSION}")
            # Hashes of who somebody is say nothing without this.
            self.set("salt", secrets.token_hex(32))

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Say of a damaged file what to do about it."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "malformed" in str(error) or "no such table" in str(error):
                raise DamagedIndex(f"{self.path} is damaged ({error}): {REMEDY}") from error
            raise RetrievalError(f"{self.path}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise DamagedIndex(f"{self.path} is damaged ({error}): {REMEDY}") from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it or nothing."""
        with folder_lock(self.folder, fcntl.LOCK_SH):
            self._reopen_if_replaced()
            with self._transaction() as connection:
                yield connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._guarded():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:  # an interrupt, too, undoes all of it
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def refresh(self) -> None:
        """Go on with the new file, if the index was rebuilt meanwhile."""
        with folder_lock(self.folder, fcntl.LOCK_SH):
            self._reopen_if_replaced()

    def _reopen_if_replaced(self) -> None:
        if not self.path.exists() or self.path.stat().st_ino != self._inode:
            self.connection.close()
            self._open()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._guarded():
            return self.connection.execute(query, values).fetchall()

    def get(self, name: str) -> str | None:
        """A setting; None if it was never set."""
        found = self.rows("SELECT value FROM settings WHERE name = ?", name)
        return str(found[0][0]) if found else None

    def set(self, name: str, value: str) -> None:
        """Keep a setting."""
        with self._guarded():
            self.connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    def check(self) -> None:
        """Read the whole file.

        Raises:
            DamagedIndex: if a page of it is damaged.
        """
        problems = self.rows("PRAGMA quick_check(1)")
        if problems != [("ok",)]:
            raise DamagedIndex(f"{self.path} is damaged ({problems[0][0]}): {REMEDY}")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


@contextmanager
def folder_lock(folder: Path, kind: int) -> Iterator[None]:
    """Hold a folder: shared to add to it, alone to put another file in its place."""
    with (folder / _LOCK).open("a") as handle:
        fcntl.flock(handle, kind)
        yield
