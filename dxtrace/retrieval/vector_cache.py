"""Vectors that were made once are kept: the same text under the same embedder has the same one."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from dxtrace.retrieval.embedding import TextEmbedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCH = 256
_PATIENCE_S = 30.0
_SCHEMA = """CREATE TABLE IF NOT EXISTS vectors
(embedder TEXT, text TEXT, vector BLOB NOT NULL, PRIMARY KEY (embedder, text)) WITHOUT ROWID"""


def text_hash(text: str) -> str:
    """What a text is known by."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class CachedEmbedder:
    """An embedder that remembers. A cache that cannot be read or written is done without.

    Args:
        embedder: makes what is not known.
        path: the SQLite file of the cache.
        known: vectors that came with the program, by hash of their text.
    """

    def __init__(
        self,
        embedder: TextEmbedder,
        path: Path,
        known: Mapping[str, NDArray[np.float32]] | None = None,
    ) -> None:
        self.embedder, self.path, self._known = embedder, path, known or {}

    @property
    def name(self) -> str:
        """The embedder's name."""
        return self.embedder.name

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self.embedder.dimension

    @property
    def fingerprint(self) -> str:
        """The embedder's fingerprint."""
        return self.embedder.fingerprint

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts, those of them that are new; kept batch by batch."""
        import numpy as np

        hashes = [text_hash(t) for t in texts]
        found = {h: self._known[h] for h in hashes if h in self._known}
        found |= self._read([h for h in hashes if h not in found])
        new = {h: t for h, t in zip(hashes, texts, strict=True) if h not in found}
        names = list(new)
        for start in range(0, len(names), _BATCH):
            batch = names[start : start + _BATCH]
            made = dict(zip(batch, self.embedder.embed([new[h] for h in batch]), strict=True))
            self._write(made)
            found |= made
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, h in enumerate(hashes):
            vectors[row] = found[h]
        return vectors

    def _read(self, hashes: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        import numpy as np

        found: dict[str, NDArray[np.float32]] = {}
        if not hashes or not self.path.is_file():
            return found
        try:
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE_S)) as database:
                for h in hashes:
                    row = database.execute(
                        "SELECT vector FROM vectors WHERE embedder = ? AND text = ?",
                        (self.fingerprint, h),
                    ).fetchone()
                    if row and len(row[0]) == 4 * self.dimension:
                        found[h] = np.frombuffer(row[0], np.float32)
        except sqlite3.DatabaseError:
            return found
        return found

    def _write(self, made: Mapping[str, NDArray[np.float32]]) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE_S)) as database, database:
                database.execute(_SCHEMA)
                database.executemany(
                    "INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)",
                    [(self.fingerprint, h, v.astype("<f4").tobytes()) for h, v in made.items()],
                )
        except (sqlite3.OperationalError, OSError):  # no room, no right, or a writer for long
            return
        except sqlite3.DatabaseError:
            self.path.unlink(missing_ok=True)
