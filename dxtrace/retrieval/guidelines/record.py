"""The record of guideline documents: the truth that the indexes are built from."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from dxtrace.retrieval.errors import DamagedIndex
from dxtrace.retrieval.guidelines.passage import GuidelineDocument, GuidelinePassage

Addition = Literal["added", "unchanged", "superseding", "restored"]
RECORD = "documents.sqlite"
"""Name of the file in the folder of the guideline index."""
_PATIENCE_S = 60.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    key TEXT NOT NULL, sha256 TEXT NOT NULL, content TEXT NOT NULL, added TEXT NOT NULL,
    current INTEGER NOT NULL, PRIMARY KEY (key, sha256)
);
CREATE TABLE IF NOT EXISTS passages (
    reference TEXT PRIMARY KEY, key TEXT NOT NULL, sha256 TEXT NOT NULL, passage TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS files (
    file_sha256 TEXT NOT NULL, path TEXT NOT NULL, key TEXT NOT NULL, sha256 TEXT NOT NULL,
    PRIMARY KEY (file_sha256, key)
);
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True)
class SourceFile:
    """The file that a document was read from.

    Attributes:
        sha256: hash of its content.
        path: where it lay, links resolved.
    """

    sha256: str
    path: str


@dataclass(frozen=True)
class Version:
    """A version of a document.

    Attributes:
        document: the version.
        added: when it was first added, in UTC (ISO 8601).
        current: whether it is the one that is searched.
        file: what it was read from; None for a pack.
    """

    document: GuidelineDocument
    added: str
    current: bool
    file: SourceFile | None = None


class DocumentRecord:
    """Documents with all their versions, in a SQLite file that several processes may use at once.

    Every change is one transaction: a killed process leaves the record as it was before.

    Args:
        path: the file; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, document: GuidelineDocument, file: SourceFile | None = None) -> Addition:
        """Make a document the current version of its key; what it supersedes stays citable.

        Args:
            document: the document.
            file: what it was read from.

        Raises:
            DamagedIndex: if the record cannot be read.
        """
        digest = document.sha256
        with self._transaction() as database:
            if file is not None:
                database.execute(
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
                    (file.sha256, file.path, document.key, digest),
                )
            rows = database.execute(
                "SELECT sha256, current FROM documents WHERE key = ?", (document.key,)
            ).fetchall()
            if (digest, 1) in rows:
                return "unchanged"
            database.execute("UPDATE documents SET current = 0 WHERE key = ?", (document.key,))
            if (digest, 0) in rows:
                database.execute(
                    "UPDATE documents SET current = 1 WHERE key = ? AND sha256 = ?",
                    (document.key, digest),
                )
            else:
                _insert(database, document, digest)
            _count_up(database)
        if (digest, 0) in rows:
            return "restored"
        return "superseding" if rows else "added"

    def retire(self, key: str) -> None:
        """Take a document out of the search; its versions stay citable."""
        with self._transaction() as database:
            done = database.execute(
                "UPDATE documents SET current = 0 WHERE key = ? AND current = 1", (key,)
            )
            if done.rowcount:
                _count_up(database)

    def current(self) -> tuple[GuidelineDocument, ...]:
        """The documents that are searched, by key."""
        with self._reading() as database:
            rows = database.execute("SELECT content FROM documents WHERE current ORDER BY key")
            return tuple(GuidelineDocument.model_validate_json(row[0]) for row in rows)

    def cited(self, reference: str) -> tuple[GuidelineDocument, GuidelinePassage] | None:
        """The passage that a reference names, of whichever version; None if there is none."""
        with self._reading() as database:
            row = database.execute(
                "SELECT content, passage FROM passages JOIN documents USING (key, sha256) "
                "WHERE reference = ?", (reference,),
            ).fetchone()  # fmt: skip
        if row is None:
            return None
        document = GuidelineDocument.model_validate_json(row[0])
        return document, next(p for p in document.passages if p.key == row[1])

    def versions(self, key: str | None = None) -> tuple[Version, ...]:
        """The versions of a document, or of all documents, by key and in the order of adding."""
        where, which = ("WHERE d.key = ?", (key,)) if key is not None else ("", ())
        with self._reading() as database:
            rows = database.execute(
                "SELECT d.content, d.added, d.current, f.file_sha256, f.path FROM documents AS d "  # noqa: S608 - no text of others
                "LEFT JOIN files AS f ON f.key = d.key AND f.sha256 = d.sha256 "
                f"{where} GROUP BY d.key, d.sha256 ORDER BY d.key, d.added, d.rowid",
                which,
            ).fetchall()
        return tuple(
            Version(
                GuidelineDocument.model_validate_json(content), added, bool(current),
                SourceFile(digest, path) if digest else None,
            )
            for content, added, current, digest, path in rows
        )  # fmt: skip

    def state(self, name: str) -> str:
        """What was remembered under a name; empty if nothing was."""
        with self._reading() as database:
            row = database.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
            return str(row[0]) if row else ""

    def remember(self, **values: str) -> None:
        """Remember values by name, together."""
        with self._transaction() as database:
            database.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", values.items())

    @property
    def revision(self) -> str:
        """Changes whenever the set of current documents does."""
        return self.state("revision")

    def set_aside(self) -> Path:
        """Move a damaged record out of the way; returns where it is now."""
        number = 1
        while (aside := self.path.with_suffix(f".damaged-{number}")).exists():
            number += 1
        self.path.rename(aside)
        for rest in ("-wal", "-shm"):
            Path(f"{self.path}{rest}").unlink(missing_ok=True)
        return aside

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._connect()) as database:
                yield database
        except sqlite3.DatabaseError as error:
            raise _damaged(self.path, error) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:  # an interrupt, too, undoes all of it
                database.rollback()
                raise
            database.commit()

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = sqlite3.connect(self.path, timeout=_PATIENCE_S, isolation_level=None)
        try:
            database.executescript(_SCHEMA)
        except sqlite3.DatabaseError:
            database.close()
            raise
        return database


def _insert(database: sqlite3.Connection, document: GuidelineDocument, digest: str) -> None:
    added = datetime.now(UTC).isoformat(timespec="seconds")
    database.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, 1)",
        (document.key, digest, document.model_dump_json(), added),
    )
    database.executemany(
        "INSERT INTO passages VALUES (?, ?, ?, ?)",
        [(document.reference(p), document.key, digest, p.key) for p in document.passages],
    )


def _count_up(database: sqlite3.Connection) -> None:
    database.execute(
        "INSERT INTO state VALUES ('revision', '1') "
        "ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
    )


def _damaged(path: Path, error: sqlite3.DatabaseError) -> DamagedIndex:
    return DamagedIndex(
        f"{path} cannot be read ({error}); 'dxtrace knowledge rebuild' makes the index anew"
    )
